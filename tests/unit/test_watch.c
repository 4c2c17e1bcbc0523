/* What the worker tells of what stands beside the text. */
#include "worker_screen.h"

#include <math.h>

#include "base/file.h"
#include "base/mem.h"

/* As /tree prints a row; its preview aside. */
static void
expect_row(const gb_seen_branch *b, const char *line)
{
    gb_str row = GB_STR_INIT;

    gb_str_printf(&row, "%c%*s", b->on_path ? '*' : ' ', (int)b->depth * 2,
                  "");
    if (b->forks && b->early)
        gb_str_printf(&row, "at %u: ", b->at);
    else if (b->forks)
        gb_str_puts(&row, "- ");
    gb_str_printf(&row, "%u ", b->node);
    if (b->name != NULL)
        gb_str_printf(&row, "%s: ", b->name);
    assert_memory_equal(line, gb_str_cstr(&row), row.len);
    gb_str_free(&row);
}

/* The tree, while nothing is written and while something is. */
static void
test_tree(void **state)
{
    screen *s = screen_start_plain();
    const gb_seen_tree *tree;
    char *line, *next;
    size_t i, ways = 0;

    (void)state;
    screen_do(s, ASK_TREE, NULL, NULL);
    assert_int_equal(s->n_news[GB_NEWS_TREE], 1);
    assert_int_equal(s->tree->tree->len, 0);
    screen_do(s, ASK_SEND, "Once upon a time", NULL);
    screen_do(s, ASK_SET, "temperature", "1.3");
    screen_do(s, ASK_AGAIN, NULL, NULL);
    screen_do(s, ASK_VERB, "name", "wild");
    screen_do(s, ASK_VERB, "at", "-4");
    screen_do(s, ASK_VERB, "pick", "3");
    screen_do(s, ASK_TREE, NULL, NULL);
    screen_do(s, ASK_VERB, "tree", "");
    tree = s->tree->tree;
    line = s->said;
    for (i = 0; i < tree->len; i++) {
        assert_non_null(line);
        expect_row(&tree->data[i], line);
        next = strchr(line, '\n');
        line = next != NULL ? next + 1 : NULL;
        ways += tree->data[i].forks;
    }
    assert_string_equal(line, "");
    assert_int_equal(tree->len, 5);
    assert_int_equal(ways, 3);
    assert_string_equal(gb_str_cstr(&tree->data[0].text), "Once upon a time");
    assert_int_equal(tree->data[0].source, GB_SOURCE_TYPED);
    assert_int_equal(tree->data[0].tokens, 4);
    assert_string_equal(tree->data[2].name, "wild");
    assert_float_equal((double)tree->data[2].settings.temperature, 1.3, 1e-6);
    assert_int_equal(tree->data[3].at, 8);
    assert_int_equal(tree->data[3].source, GB_SOURCE_PICKED);
    assert_int_equal(tree->data[1].end.node, tree->data[1].node);
    assert_int_equal(tree->data[3].end.node, tree->data[4].node);
    /* It does not wait for the end of a run. */
    screen_do(s, ASK_SET, "max-new-tokens", "400");
    screen_post(s, ASK_CONTINUE, NULL, NULL);
    screen_wait_state(s, GB_STATE_WRITING);
    screen_do(s, ASK_TREE, NULL, NULL);
    assert_int_equal(s->state, GB_STATE_WRITING);
    screen_do(s, ASK_STOP, NULL, NULL);
    screen_finish(s);
}

static size_t
find_listed(const screen *s, const char *path)
{
    const gb_list *list = s->sessions->sessions;
    size_t i;

    for (i = 0; i < list->len; i++)
        if (gb_same_file(list->data[i].path, path))
            return i + 1;
    return 0;
}

static void
make_session(const char *text, char *file, size_t n)
{
    const gb_worker_options options = {.journal = true};
    screen *s = screen_start(&options);

    screen_do(s, ASK_SEND, text, NULL);
    if (strcmp(text, "One day") == 0) {
        screen_do(s, ASK_RESEED, NULL, NULL);
        screen_do(s, ASK_VERB, "take", "1");
    }
    snprintf(file, n, "%s", s->file);
    screen_finish(s);
}

/* Stories are read when there is time: the one with two takes is told at
 * last, in parts of those who wrote them. */
static void
expect_story(screen *s, const char *path, uint32_t takes)
{
    const gb_listed *l;
    size_t at;

    for (;;) {
        at = find_listed(s, path);
        assert_int_not_equal(at, 0);
        l = &s->sessions->sessions->data[at - 1];
        if (l->takes > 0)
            break;
        screen_wait_news(s, GB_NEWS_SESSIONS, s->n_news[GB_NEWS_SESSIONS]);
    }
    assert_int_equal(l->takes, takes);
    assert_int_equal(l->n_story, 2);
    assert_true(l->story[0].typed);
    assert_string_equal(gb_str_cstr(&l->story[0].text), l->words);
    assert_false(l->story[1].typed);
    assert_true(l->story[1].text.len > 12);
}

static void
test_sessions(void **state)
{
    const gb_worker_options options = {.journal = true};
    char first[256], second[256], third[256], number[32];
    const gb_listed *l;
    screen *s, *other;

    (void)state;
    make_session("Once upon a time", first, sizeof first);
    make_session("One day", second, sizeof second);
    make_session("The dragon", third, sizeof third);
    s = screen_start(&options);
    screen_post(s, ASK_SESSIONS, NULL, NULL);
    screen_wait_news(s, GB_NEWS_SESSIONS, 0);
    assert_int_equal(s->sessions->sessions->len, 3);
    l = &s->sessions->sessions->data[find_listed(s, first) - 1];
    assert_string_equal(l->words, "Once upon a time");
    assert_int_equal(l->tokens, 12);
    expect_story(s, first, 1);
    expect_story(s, second, 2);
    screen_do(s, ASK_SEND, "Deep in the forest", NULL);
    /* The open one, one that another writes to, none, and those that are
     * there. */
    screen_wait_failed(s, screen_post(s, ASK_FORGET, s->file, NULL));
    assert_non_null(strstr(s->error, "the open session cannot"));
    other = screen_start(&options);
    screen_do(other, ASK_LOAD, second, NULL);
    screen_do(other, ASK_SEND, "A boy", NULL);
    screen_wait_failed(s, screen_post(s, ASK_FORGET, other->file, NULL));
    assert_non_null(strstr(s->error, "another gumbel is writing"));
    screen_wait_failed(s, screen_post(s, ASK_FORGET, "nothing", NULL));
    screen_wait_failed(s, screen_post(s, ASK_FORGET, NULL, NULL));
    screen_finish(other);
    screen_do(s, ASK_FORGET, first, NULL);
    screen_post(s, ASK_SESSIONS, NULL, NULL);
    while (find_listed(s, s->file) == 0)
        screen_wait_news(s, GB_NEWS_SESSIONS, s->n_news[GB_NEWS_SESSIONS]);
    assert_int_equal(s->sessions->sessions->len, 4);
    /* By its number, also while it writes. */
    screen_do(s, ASK_SET, "max-new-tokens", "400");
    screen_post(s, ASK_CONTINUE, NULL, NULL);
    screen_wait_state(s, GB_STATE_WRITING);
    snprintf(number, sizeof number, "rm  %zu", find_listed(s, third));
    screen_do(s, ASK_VERB, "sessions", number);
    assert_int_equal(s->state, GB_STATE_WRITING);
    assert_false(gb_is_file(third));
    screen_wait_failed(s, screen_post(s, ASK_VERB, "sessions", "rn 1"));
    screen_wait_failed(s, screen_post(s, ASK_VERB, "sessions", "rm"));
    screen_do(s, ASK_STOP, NULL, NULL);
    assert_true(gb_is_file(s->file));
    screen_finish(s);
}

/* Looks. */

static void
watch(screen *s, size_t likeliest, unsigned flags)
{
    const gb_request r = {.what = GB_DO_WATCH, .count = likeliest,
                          .flags = flags};
    gb_error err = GB_ERROR_INIT;
    uint64_t number = gb_worker_post(s->worker, &r, &err);

    test_ok(number != 0, &err);
    screen_wait_done(s, number);
}

/* Until this token is what was seen last. */
static const gb_seen *
wait_seen(screen *s, uint64_t number)
{
    while (s->seen == NULL || s->seen->seen == NULL ||
           s->seen->seen->number != number)
        screen_take(s);
    return s->seen->seen;
}

static const char *
wait_unseen(screen *s)
{
    while (s->seen == NULL || s->seen->seen != NULL)
        screen_take(s);
    return gb_str_cstr(&s->seen->text);
}

static void
expect_bands(const gb_seen *seen)
{
    double t = seen->settings.greedy ? 0
                                     : (double)seen->settings.temperature;
    size_t i;

    assert_true(seen->n_bands > 0);
    assert_true(seen->bands[0].from <= 0);
    assert_true(isinf(seen->bands[seen->n_bands - 1].to));
    for (i = 0; i < seen->n_bands; i++) {
        if (i > 0)
            assert_true(seen->bands[i].from <= seen->bands[i - 1].to &&
                        seen->bands[i].from >= seen->bands[i - 1].to);
        if (seen->bands[i].from <= t && t < seen->bands[i].to)
            assert_int_equal(seen->bands[i].token.id, seen->token.id);
        assert_int_equal(strlen(seen->bands[i].token.text),
                         seen->bands[i].token.n);
    }
}

static void
test_seen(void **state)
{
    screen *s = screen_start_plain();
    const gb_seen *seen;
    gb_token next;
    uint64_t n;
    char *text;

    (void)state;
    watch(s, 5, GB_WATCH_BANDS);
    assert_non_null(strstr(wait_unseen(s), "sees nothing"));
    screen_do(s, ASK_SEND, "Once upon a time", NULL);
    assert_int_equal(s->stats.run_tokens, 12);
    assert_int_equal(s->stats.cursor.node, 0);
    assert_int_equal(s->stats.rests, GB_REASON_LENGTH);
    seen = wait_seen(s, 16);
    assert_true(seen->next);
    assert_int_equal(seen->step, 12);
    assert_int_equal(seen->place.tokens, 12);
    assert_true(seen->n_candidates >= 5);
    assert_int_equal(seen->candidates[0].is.rank, 0);
    assert_true(seen->rest > 0 && seen->rest_raw > 0);
    expect_bands(seen);
    next = seen->token.id;
    /* It comes. */
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_VERB, "at", "16");
    seen = wait_seen(s, 16);
    assert_false(seen->next);
    assert_int_equal(seen->token.id, next);
    assert_int_equal(seen->source, GB_SOURCE_WRITTEN);
    assert_int_equal(seen->place.tokens, 0);
    expect_bands(seen);
    assert_int_equal(s->stats.cursor.node, seen->place.node);
    assert_int_equal(s->stats.cursor.tokens, 0);
    /* What the user wrote has candidates, and no noise. */
    screen_do(s, ASK_VERB, "at", "2");
    seen = wait_seen(s, 2);
    assert_string_equal(seen->token.text, " a");
    assert_int_equal(seen->source, GB_SOURCE_TYPED);
    assert_int_equal(seen->n_bands, 0);
    assert_true(seen->n_candidates >= 5);
    assert_true(isnan(seen->why.from));
    assert_true(seen->why.logprob < 0);
    screen_do(s, ASK_VERB, "at", "0");
    assert_non_null(strstr(wait_unseen(s), "sees nothing before"));
    /* Settings count for the next token. */
    screen_do(s, ASK_VERB, "at", "end");
    wait_seen(s, 28);
    screen_do(s, ASK_SET, "greedy", "on");
    while (!wait_seen(s, 28)->settings.greedy)
        screen_take(s);
    assert_int_equal(s->seen->seen->token.id,
                     s->seen->seen->candidates[0].is.id);
    n = s->seen->seen->token.id;
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_VERB, "at", "28");
    assert_int_equal(wait_seen(s, 28)->token.id, n);
    /* Another take has another end. */
    screen_do(s, ASK_VERB, "at", "end");
    wait_seen(s, 40);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    wait_seen(s, 16);
    /* Nothing more when nothing is watched. */
    watch(s, 0, 0);
    n = s->n_news[GB_NEWS_SEEN];
    screen_do(s, ASK_VERB, "at", "3");
    screen_do(s, ASK_VERB, "at", "5");
    assert_int_equal(s->n_news[GB_NEWS_SEEN], n);
    text = screen_text(s);
    assert_non_null(strstr(text, "Once upon a time"));
    free(text);
    screen_finish(s);
}

/* While it writes: as far as the pace leaves time. */
static void
test_seen_while_writing(void **state)
{
    screen *s = screen_start_plain();
    const gb_seen *seen;
    unsigned n;

    (void)state;
    screen_do(s, ASK_PACE, NULL, "2");
    screen_do(s, ASK_SET, "max-new-tokens", "400");
    watch(s, 5, GB_WATCH_BANDS);
    wait_unseen(s);
    screen_post(s, ASK_SEND, "Once upon a time", NULL);
    while (s->seen->seen == NULL)
        screen_take(s);
    seen = s->seen->seen;
    assert_false(seen->next);
    assert_int_equal(seen->step, seen->number - 4);
    expect_bands(seen);
    screen_do(s, ASK_PACE, NULL, "pause");
    screen_wait_state(s, GB_STATE_PAUSED);
    seen = wait_seen(s, 4 + s->stats.run_tokens - 1);
    /* The cursor goes before it. */
    screen_do(s, ASK_VERB, "at", "3");
    wait_seen(s, 3);
    screen_do(s, ASK_VERB, "at", "end");
    wait_seen(s, 4 + s->stats.run_tokens - 1);
    screen_do(s, ASK_PACE, NULL, "step");
    wait_seen(s, 4 + s->stats.run_tokens);
    assert_int_equal(s->stats.rests, GB_REASON_NONE);
    /* Too fast. */
    screen_do(s, ASK_PACE, NULL, "rush");
    assert_non_null(strstr(wait_unseen(s), "too fast"));
    n = s->n_news[GB_NEWS_SEEN];
    screen_do(s, ASK_VERB, "at", "2");
    wait_seen(s, 2);
    assert_true(s->n_news[GB_NEWS_SEEN] <= n + 1 || s->state == GB_STATE_IDLE);
    screen_do(s, ASK_STOP, NULL, NULL);
    assert_int_equal(s->stats.rests, GB_REASON_INTERRUPT);
    screen_finish(s);
}

/* Trials. */

static void
try(screen *s, float temperature, unsigned flags)
{
    gb_request r = {.what = GB_DO_TRIAL, .flags = flags,
                    .settings = s->settings};
    gb_error err = GB_ERROR_INIT;

    r.settings.temperature = temperature;
    test_ok(gb_worker_post(s->worker, &r, &err) != 0, &err);
}

static const gb_seen_trial *
wait_trial(screen *s, float temperature)
{
    const gb_seen_trial *t = NULL;

    while (t == NULL || t->reason == GB_REASON_NONE ||
           t->settings.temperature < temperature ||
           t->settings.temperature > temperature) {
        screen_take(s);
        t = s->trial != NULL ? s->trial->trial : NULL;
    }
    return t;
}

/* A trial is what comes when it is written; whatever is posted ends it. */
static void
test_trials(void **state)
{
    static const float all[] = {1.3f, 0.6f, 0.9f, 1.1f};
    screen *s = screen_start_plain();
    const gb_seen_trial *t;
    char *text, value[16];
    size_t i;

    (void)state;
    assert_null(s->settings.pin);
    try(s, 1, 0);
    while (s->failed == 0)
        screen_take(s);
    assert_string_equal(s->error, "settings are missing");
    screen_do(s, ASK_SET, "max-new-tokens", "12");
    try(s, 1, 0);
    screen_wait_news(s, GB_NEWS_TRIAL, 0);
    assert_null(s->trial->trial);
    assert_non_null(strstr(gb_str_cstr(&s->trial->text), "no text"));
    screen_do(s, ASK_SEND, "Once upon a time", NULL);
    text = screen_text(s);
    for (i = 0; i < GB_COUNT(all); i++) {
        try(s, 1.2f, 0);
        try(s, all[i], 0);
        t = wait_trial(s, all[i]);
        assert_int_equal(t->n_tokens, 12);
        assert_int_equal(t->reason, GB_REASON_LENGTH);
        screen_expect(s, text);
    }
    while (!s->trial->trial->whole)
        screen_take(s);
    assert_true(s->trial->trial->n_map > 2);
    /* What is asked for in between is done. */
    try(s, 0.77f, 0);
    screen_do(s, ASK_VERB, "at", "5");
    screen_do(s, ASK_VERB, "why", "3");
    try(s, 3, 0);
    watch(s, 5, GB_WATCH_BANDS);
    wait_seen(s, 5);
    t = wait_trial(s, 3);
    free(text);
    text = gb_strdup(gb_str_cstr(&t->text));
    try(s, 0, 0);
    while (s->failed < s->done)
        screen_take(s);
    assert_non_null(strstr(s->error, "temperature"));
    try(s, 1, GB_TRIAL_END);
    screen_do(s, ASK_TREE, NULL, NULL);
    i = s->n_news[GB_NEWS_TRIAL];
    snprintf(value, sizeof value, "%d", 3);
    screen_do(s, ASK_SET, "temperature", value);
    screen_do(s, ASK_AGAIN, NULL, NULL);
    assert_int_equal(s->n_news[GB_NEWS_TRIAL], i);
    assert_string_equal(gb_str_cstr(&s->text[s->last]), text);
    free(text);
    /* And left open when it ends. */
    try(s, 0.7f, 0);
    try(s, 0.8f, 0);
    screen_wait_news(s, GB_NEWS_TRIAL, (unsigned)i);
    screen_finish(s);
}

static void
wait_forks(screen *s, size_t n)
{
    while (s->forks == NULL || s->forks->n_forks != n)
        screen_take(s);
}

static void
test_forks(void **state)
{
    screen *s = screen_start_plain();
    gb_str other = GB_STR_INIT;
    size_t i;

    (void)state;
    watch(s, 0, GB_WATCH_BANDS | GB_WATCH_FORKS);
    screen_do(s, ASK_SEND, "Once upon a time", NULL);
    wait_forks(s, 0);
    gb_str_puts(&other, gb_str_cstr(&s->text[2]));
    screen_do(s, ASK_RESEED, NULL, NULL);
    wait_forks(s, 1);
    assert_int_equal(s->forks->forks[0].place.node, 1);
    assert_int_equal(s->forks->forks[0].place.tokens, 4);
    assert_int_equal(s->forks->forks[0].ways, 2);
    assert_int_equal(s->forks->take, 1);
    assert_string_equal(gb_str_cstr(&s->forks->text), gb_str_cstr(&other));
    screen_do(s, ASK_RESEED, NULL, NULL);
    while (s->forks->forks[0].ways != 3)
        screen_take(s);
    assert_int_equal(s->forks->take, 2);
    /* Within a text, too. */
    screen_do(s, ASK_VERB, "at", "9");
    screen_do(s, ASK_VERB, "pick", "5");
    wait_forks(s, 2);
    assert_int_equal(s->forks->forks[1].place.tokens, 5);
    assert_int_equal(s->forks->forks[1].ways, 2);
    assert_int_equal(s->forks->take, 1);
    for (i = 0; i < s->forks->text.len; i++)
        assert_true(s->forks->text.data[i] != '\0');
    screen_do(s, ASK_VERB, "take", "1");
    while (s->forks->take != 2)
        screen_take(s);
    gb_str_free(&other);
    screen_finish(s);
}

/* Why the text ends where it does. */
static void
test_rests(void **state)
{
    screen *s = screen_start_plain();

    (void)state;
    screen_do(s, ASK_SEND, "Once upon a time", NULL);
    assert_int_equal(s->stats.rests, GB_REASON_LENGTH);
    screen_do(s, ASK_NOTE, "a note", NULL);
    assert_int_equal(s->stats.rests, GB_REASON_LENGTH);
    screen_do(s, ASK_SET, "ignore-eos", "off");
    screen_do(s, ASK_SET, "max-new-tokens", "400");
    screen_do(s, ASK_AGAIN, NULL, NULL);
    assert_int_equal(s->stats.rests, GB_REASON_EOS);
    screen_do(s, ASK_VERB, "at", "-20");
    screen_do(s, ASK_VERB, "go", "2");
    assert_int_equal(s->stats.rests, GB_REASON_LENGTH);
    screen_do(s, ASK_UNDO, NULL, NULL);
    assert_int_equal(s->stats.rests, GB_REASON_NONE);
    screen_do(s, ASK_SEND, "Once upon a time there was", NULL);
    screen_do(s, ASK_SET, "stop", "[\" the\"]");
    screen_do(s, ASK_AGAIN, NULL, NULL);
    assert_int_equal(s->stats.rests, GB_REASON_STOP);
    screen_finish(s);
}

/* Sessions of this test alone. */
static int
own_folder(void **state)
{
    (void)state;
    setenv("XDG_STATE_HOME", test_folder(), 1);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_seen_while_writing),
        cmocka_unit_test(test_trials),
        cmocka_unit_test(test_forks),
        cmocka_unit_test(test_rests),
        cmocka_unit_test_setup(test_sessions, own_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
