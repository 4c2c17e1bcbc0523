/* What the worker tells of what stands beside the text. */
#include "worker_screen.h"

#include <sys/stat.h>

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
    snprintf(file, n, "%s", s->file);
    screen_finish(s);
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
    screen_do(s, ASK_SESSIONS, NULL, NULL);
    assert_int_equal(s->sessions->sessions->len, 3);
    l = &s->sessions->sessions->data[find_listed(s, first) - 1];
    assert_string_equal(l->words, "Once upon a time");
    assert_int_equal(l->tokens, 12);
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
    screen_do(s, ASK_SESSIONS, NULL, NULL);
    assert_int_equal(find_listed(s, first), 0);
    assert_int_not_equal(find_listed(s, s->file), 0);
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
        cmocka_unit_test_setup(test_sessions, own_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
