/* The queue of news: what an interface does not take in time is merged. */
#include "test.h"

#include <poll.h>

#include "base/mem.h"
#include "session/news.h"

static gb_news *
news_of(gb_news_type type, uint32_t node, const char *text)
{
    gb_news *n = gb_news_new(type);

    n->node = node;
    gb_str_puts(&n->text, text);
    return n;
}

static void
put_state(gb_news_queue *q, gb_state state, gb_phase phase, uint64_t done)
{
    gb_news *n = gb_news_new(GB_NEWS_STATE);

    n->state = state;
    n->phase = phase;
    n->done = done;
    gb_news_put(q, n);
}

static void
put_settings(gb_news_queue *q, uint64_t seed)
{
    gb_news *n = gb_news_new(GB_NEWS_SETTINGS);

    n->settings.seed = seed;
    gb_news_put(q, n);
}

static bool
is_readable(const gb_news_queue *q)
{
    struct pollfd p = {.fd = q->fd[0], .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* A model that writes, or is replayed, while nobody looks: the queue does not
 * grow with the tokens, nothing of the text is lost, and what is told last of
 * progress, settings and statistics is what is so. */
static void
test_merging(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_news_queue q;
    gb_news *n;
    unsigned i, count = 0, texts = 0;

    (void)state;
    test_ok(gb_news_open(&q, &err), &err);
    assert_false(is_readable(&q));
    put_state(&q, GB_STATE_REPLAYING, GB_PHASE_LOAD, 0);
    gb_news_put(&q, news_of(GB_NEWS_NODE, 1, ""));
    for (i = 1; i <= 1000; i++) {
        gb_news_put(&q, news_of(GB_NEWS_GROWN, 1, "x"));
        put_state(&q, GB_STATE_REPLAYING, GB_PHASE_LOAD, i);
        put_settings(&q, i);
        n = gb_news_new(GB_NEWS_STATS);
        n->stats.step = i;
        gb_news_put(&q, n);
    }
    assert_true(is_readable(&q));
    for (; (n = gb_news_take(&q)) != NULL; count++) {
        switch (n->type) {
        case GB_NEWS_GROWN:
            assert_int_equal(n->text.len, 1000);
            texts++;
            break;
        case GB_NEWS_STATE:
            assert_int_equal(n->done, 1000);
            break;
        case GB_NEWS_SETTINGS:
            assert_int_equal(n->settings.seed, 1000);
            break;
        case GB_NEWS_STATS:
            assert_int_equal(n->stats.step, 1000);
            break;
        default:
            break;
        }
        gb_news_free(n);
    }
    assert_int_equal(count, 5);
    assert_int_equal(texts, 1);
    assert_false(is_readable(&q));
    gb_news_close(&q);
}

/* What differs in kind stays apart, and in order. */
static void
test_order(void **state)
{
    static const gb_news_type order[] = {
        GB_NEWS_STATE, GB_NEWS_NODE, GB_NEWS_GROWN, GB_NEWS_STATE,
        GB_NEWS_STATE, GB_NEWS_NODE, GB_NEWS_GROWN, GB_NEWS_CUT,
        GB_NEWS_NODE, GB_NEWS_DONE, GB_NEWS_STATE, GB_NEWS_GROWN,
    };
    gb_error err = GB_ERROR_INIT;
    gb_news_queue q;
    gb_news *n;
    size_t i;

    (void)state;
    test_ok(gb_news_open(&q, &err), &err);
    put_state(&q, GB_STATE_LOADING, GB_PHASE_COMPILE, 0);
    gb_news_put(&q, news_of(GB_NEWS_NODE, 1, ""));
    gb_news_put(&q, news_of(GB_NEWS_GROWN, 1, "a"));
    put_state(&q, GB_STATE_LOADING, GB_PHASE_LOAD, 7);
    put_state(&q, GB_STATE_IDLE, GB_PHASE_LOAD, 0);
    gb_news_put(&q, news_of(GB_NEWS_NODE, 2, ""));
    gb_news_put(&q, news_of(GB_NEWS_GROWN, 2, "b"));
    gb_news_put(&q, news_of(GB_NEWS_CUT, 1, ""));
    gb_news_put(&q, news_of(GB_NEWS_NODE, 3, ""));
    gb_news_put(&q, news_of(GB_NEWS_DONE, 0, ""));
    /* What was taken is not changed any more. */
    for (i = 0; i < 10; i++) {
        n = gb_news_take(&q);
        assert_int_equal(n->type, order[i]);
        gb_news_free(n);
    }
    put_state(&q, GB_STATE_IDLE, GB_PHASE_LOAD, 0);
    gb_news_put(&q, news_of(GB_NEWS_GROWN, 3, "c"));
    for (; i < GB_COUNT(order); i++) {
        n = gb_news_take(&q);
        assert_int_equal(n->type, order[i]);
        gb_news_free(n);
    }
    assert_null(gb_news_take(&q));
    gb_news_close(&q);
}

static gb_news *
seen_of(uint64_t number)
{
    gb_news *n = gb_news_new(GB_NEWS_SEEN);

    n->seen = gb_alloc(sizeof *n->seen);
    n->seen->number = number;
    return n;
}

static gb_news *
take(gb_news_queue *q, gb_news_type type)
{
    gb_news *n = gb_news_take(q);

    assert_non_null(n);
    assert_int_equal(n->type, type);
    return n;
}

/* Of what stands beside the text the newest is left, behind all that was told
 * before it; text goes on as if it did not stand in between. */
static void
test_replacing(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_news_queue q;
    gb_news *n;

    (void)state;
    test_ok(gb_news_open(&q, &err), &err);
    gb_news_put(&q, seen_of(1));
    gb_news_put(&q, seen_of(2));
    assert_true(is_readable(&q));
    n = take(&q, GB_NEWS_SEEN);
    assert_int_equal(n->seen->number, 2);
    gb_news_free(n);
    assert_false(is_readable(&q));
    assert_null(gb_news_take(&q));
    gb_news_put(&q, seen_of(3));
    gb_news_put(&q, news_of(GB_NEWS_NODE, 1, ""));
    gb_news_put(&q, news_of(GB_NEWS_GROWN, 1, "a"));
    gb_news_put(&q, seen_of(4));
    gb_news_put(&q, gb_news_new(GB_NEWS_FORKS));
    gb_news_put(&q, news_of(GB_NEWS_GROWN, 1, "b"));
    gb_news_put(&q, gb_news_new(GB_NEWS_TRIAL));
    gb_news_put(&q, seen_of(5));
    gb_news_put(&q, gb_news_new(GB_NEWS_TRIAL));
    gb_news_free(take(&q, GB_NEWS_NODE));
    n = take(&q, GB_NEWS_GROWN);
    assert_string_equal(n->text.data, "ab");
    gb_news_free(n);
    gb_news_free(take(&q, GB_NEWS_FORKS));
    n = take(&q, GB_NEWS_SEEN);
    assert_int_equal(n->seen->number, 5);
    gb_news_free(n);
    assert_true(is_readable(&q));
    gb_news_free(take(&q, GB_NEWS_TRIAL));
    assert_false(is_readable(&q));
    assert_null(gb_news_take(&q));
    gb_news_close(&q);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merging),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_replacing),
    };

    return cmocka_run_group_tests_name("news", tests, NULL, NULL);
}
