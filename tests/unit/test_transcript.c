/* The transcript in a view: what stands where, which token, and what the
 * gutter tells. */
#include "test.h"

#include <locale.h>
#include <math.h>

#include "base/mem.h"
#include "session/news.h"
#include "tui/prose.h"

#define EOS 99

typedef struct fixture {
    gb_view *view;
    gb_transcript t;
    gb_prose prose;
    uint32_t node;
    gb_settings settings;
    gb_mode mode;
} fixture;

static void
setup(fixture *f)
{
    memset(f, 0, sizeof *f);
    f->view = gb_view_new(false);
    f->t.sink = gb_view_sink(f->view, false);
    f->t.ends = (gb_ends){{EOS}, 1};
    gb_settings_init(&f->settings);
    f->prose.view = f->view;
    f->prose.transcript = &f->t;
    gb_prose_place(&f->prose, 0, 0, 60, 10);
}

static void
teardown(fixture *f)
{
    gb_transcript_free(&f->t);
    gb_view_free(f->view);
}

/* Tells of tokens, one for each text; NULL is the end of the text. */
static void
tell(fixture *f, gb_news_type type, gb_role role, const char *const *texts,
     uint32_t n)
{
    gb_news *news = gb_news_new(type);
    const gb_part *p = f->t.n_parts > 0 ? &f->t.parts[f->t.n_parts - 1] : NULL;
    size_t at = type == GB_NEWS_GROWN ? p->text.len : 0;
    uint32_t i;

    f->node += type == GB_NEWS_NODE ? 1 : 0;
    news->node = f->node;
    news->role = role;
    news->mode = f->mode;
    news->settings = f->settings;
    news->first = type == GB_NEWS_GROWN ? p->n_tokens : 0;
    news->n_tokens = role == GB_ROLE_NOTE ? 0 : n;
    news->tokens = gb_alloc_array(n + 1, sizeof *news->tokens);
    for (i = 0; i < n; i++) {
        if (texts[i] != NULL)
            gb_str_puts(&news->text, texts[i]);
        news->tokens[i] = (gb_written){
            .id = texts[i] != NULL ? 1 : EOS,
            .source = role == GB_ROLE_MODEL ? GB_SOURCE_WRITTEN
                                            : GB_SOURCE_TYPED,
            .end = (uint32_t)(at + news->text.len),
            .why = GB_WHY_UNKNOWN,
        };
    }
    gb_transcript_take(&f->t, news);
    gb_news_free(news);
}

#define TELL(f, type, role, ...)                                               \
    tell(f, type, role, (const char *const[]){__VA_ARGS__},                    \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void
cut(fixture *f, uint32_t node, uint32_t tokens, size_t bytes)
{
    gb_news *news = gb_news_new(GB_NEWS_CUT);

    news->node = node;
    news->first = tokens;
    news->offset = bytes;
    gb_transcript_take(&f->t, news);
    gb_news_free(news);
}

static void
put(void *arg, unsigned column, const gb_cell *cell, gb_view_pos pos,
    gb_text_kind kind, gb_view_match match)
{
    (void)column, (void)pos, (void)kind, (void)match;
    gb_str_puts(arg, cell->shown);
}

/* All rows with their signs, each followed by '|'. */
static void
shows(fixture *f, const char *expected)
{
    gb_str all = GB_STR_INIT, words = GB_STR_INIT;
    size_t before;
    unsigned row;

    for (row = 0; row < f->prose.height; row++) {
        before = all.len;
        gb_prose_events(&f->prose, row, &all, &words);
        if (all.len > before)
            gb_str_putc(&all, '>');
        if (!gb_view_draw(f->view, row, put, &all))
            break;
        gb_str_putc(&all, '|');
    }
    assert_string_equal(gb_str_cstr(&all), expected);
    gb_str_free(&all);
    gb_str_free(&words);
}

/* The token at the beginning of a text on the screen; -1: none. */
static int
token_at(fixture *f, const char *text)
{
    gb_view_pos pos, begin, end;
    uint64_t number;
    size_t i;

    for (i = 0; i < f->t.n_parts; i++) {
        const char *found = strstr(gb_str_cstr(&f->t.parts[i].text), text);

        if (found == NULL)
            continue;
        pos = gb_view_advance(
            f->view, f->t.parts[i].begin,
            (size_t)(found - gb_str_cstr(&f->t.parts[i].text)));
        if (!gb_transcript_token_at(&f->t, pos, &number))
            return -1;
        assert_true(gb_transcript_token(&f->t, number, &begin, &end, NULL));
        assert_false(gb_view_is_beyond(begin, pos));
        assert_true(gb_view_is_beyond(end, pos));
        return (int)number;
    }
    return -1;
}

static void
test_tokens(void **state)
{
    gb_view_pos begin, end;
    const gb_written *w;
    uint64_t number;
    fixture f;

    (void)state;
    setup(&f);
    assert_false(gb_transcript_token_at(&f.t, gb_view_end(f.view), &number));
    TELL(&f, GB_NEWS_NODE, GB_ROLE_USER, "Once", " upon");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_NOTE, "a note");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " a", " time", "\n");
    TELL(&f, GB_NEWS_GROWN, GB_ROLE_MODEL, "\n", "there", "", "é");
    assert_int_equal(gb_transcript_tokens(&f.t), 9);
    shows(&f, "✎>Once upon a time||thereé|");
    assert_int_equal(token_at(&f, "Once"), 0);
    assert_int_equal(token_at(&f, "nce"), 0);
    assert_int_equal(token_at(&f, " upon"), 1);
    assert_int_equal(token_at(&f, " time"), 3);
    assert_int_equal(token_at(&f, "there"), 6);
    assert_int_equal(token_at(&f, "é"), 8);
    /* Half a character shows nothing. */
    assert_true(gb_transcript_token(&f.t, 7, &begin, &end, &w));
    assert_int_equal(begin.offset, end.offset);
    assert_int_equal(w->id, 1);
    assert_false(gb_transcript_token(&f.t, 9, &begin, &end, NULL));
    assert_false(gb_transcript_token_at(&f.t, gb_view_end(f.view), &number));
    /* Places of the path. */
    assert_true(gb_transcript_number(&f.t, (gb_place){3, 2}, &number));
    assert_int_equal(number, 4);
    assert_true(gb_transcript_number(&f.t, (gb_place){1, 2}, &number));
    assert_int_equal(number, 2);
    assert_true(gb_transcript_number(&f.t, (gb_place){0, 0}, &number));
    assert_int_equal(number, 0);
    assert_false(gb_transcript_number(&f.t, (gb_place){7, 0}, &number));
    teardown(&f);
}

static void
test_end_of_text(void **state)
{
    gb_str turn = GB_STR_INIT;
    gb_view_pos begin, end;
    fixture f;

    (void)state;
    setup(&f);
    TELL(&f, GB_NEWS_NODE, GB_ROLE_USER, "The end.");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " Yes", NULL);
    shows(&f, "The end. Yes ∎|");
    assert_true(gb_transcript_token(&f.t, 2, &begin, &end, NULL));
    assert_int_equal(end.offset - begin.offset, strlen(GB_VIEW_END));
    /* It is no text. */
    assert_true(gb_transcript_turn(&f.t, 2, &turn));
    assert_string_equal(gb_str_cstr(&turn), " Yes");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_USER, " And on");
    shows(&f, "The end. Yes ∎ And on|");
    assert_int_equal(token_at(&f, "And"), 3);
    assert_true(gb_view_find(f.view, "yes and", 7));
    cut(&f, 2, 2, 4);
    shows(&f, "The end. Yes ∎|");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, "Once");
    shows(&f, "The end. Yes ∎|Once|");
    assert_int_equal(token_at(&f, "Once"), 3);
    cut(&f, 2, 2, 4);
    shows(&f, "The end. Yes ∎|");
    cut(&f, 2, 1, 4);
    shows(&f, "The end. Yes|");
    f.node = 2;
    TELL(&f, GB_NEWS_GROWN, GB_ROLE_MODEL, " indeed", NULL);
    shows(&f, "The end. Yes indeed ∎|");
    cut(&f, 0, 0, 0);
    shows(&f, "|");
    assert_int_equal(gb_transcript_tokens(&f.t), 0);
    gb_str_free(&turn);
    teardown(&f);
}

static void
test_marks(void **state)
{
    gb_str signs = GB_STR_INIT, words = GB_STR_INIT;
    gb_seen_fork forks[] = {{{2, 1}, 3}, {{3, 1}, 12}};
    fixture f;

    (void)state;
    setup(&f);
    gb_prose_place(&f.prose, 0, 0, 63, 10);
    TELL(&f, GB_NEWS_NODE, GB_ROLE_USER,
         "0123456789 123456789 123456789 123456789 123456789");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " one", " two");
    f.settings.temperature = 1.5;
    /* What is changed is the word on the next line. */
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " three", " four");
    shows(&f, "0123456789 123456789 123456789 123456789 123456789 one two |"
              "T▴>three four|");
    f.settings.temperature = 0.5;
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " five");
    f.settings.seed = 7;
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " six");
    gb_prose_events(&f.prose, 1, &signs, &words);
    assert_string_equal(gb_str_cstr(&signs), "TT");
    assert_string_equal(gb_str_cstr(&words),
                        "temperature 0.8 → 1.5; temperature 1.5 → 0.5; "
                        "seed 0 → 7");
    /* What is cut off takes its marks along. */
    cut(&f, 3, 2, 11);
    shows(&f, "0123456789 123456789 123456789 123456789 123456789 one two |"
              "T▴>three four|");
    cut(&f, 2, 2, 8);
    shows(&f, "0123456789 123456789 123456789 123456789 123456789 one two|");
    f.prose.forks = forks;
    f.prose.n_forks = 1;
    shows(&f,
          "┬3>0123456789 123456789 123456789 123456789 123456789 one two|");
    f.node = 2;
    f.settings.temperature = 0.8;
    f.settings.seed = 0;
    f.prose.n_forks = 2;
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " three", " four");
    shows(&f,
          "┬3>0123456789 123456789 123456789 123456789 123456789 one two |"
          "┬+>three four|");
    gb_str_free(&signs);
    gb_str_free(&words);
    teardown(&f);
}

/* A row below the last fork, where nothing of the text stands. */
static void
test_ghost(void **state)
{
    gb_seen_fork forks[] = {{{1, 1}, 2}};
    gb_str other = GB_STR_INIT;
    unsigned row, column;
    gb_view_pos pos;
    fixture f;

    (void)state;
    setup(&f);
    gb_str_puts(&other, " else");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, "one\ntwo", " three", "\nfour",
         "\nfive\nsix\nseven");
    f.prose.forks = forks;
    f.prose.n_forks = 1;
    f.prose.ghost = &other;
    f.prose.cursor = 2;
    gb_prose_place(&f.prose, 2, 1, 60, 6);
    assert_int_equal(f.prose.rows, 5);
    assert_int_equal(f.prose.above, 0);
    shows(&f, "┬2>two three|four|five|six|seven|");
    assert_true(gb_prose_cursor_at(&f.prose, &row, &column));
    assert_int_equal(row, 2);
    assert_int_equal(column, 1 + 3 + 9);
    assert_false(gb_prose_pos_at(&f.prose, 3, 5, &pos));
    assert_true(gb_prose_pos_at(&f.prose, 4, 5, &pos));
    assert_int_equal(pos.paragraph, 2);
    assert_int_equal(pos.offset, 1);
    assert_true(gb_prose_pos_at(&f.prose, 7, 5, &pos));
    assert_int_equal(pos.paragraph, 5);
    /* Out of sight there is none. */
    gb_prose_place(&f.prose, 2, 1, 60, 4);
    assert_int_equal(f.prose.rows, 4);
    assert_false(gb_prose_pos_at(&f.prose, 6, 5, &pos));
    gb_str_free(&other);
    teardown(&f);
}

static void
test_speakers(void **state)
{
    fixture f;

    (void)state;
    setup(&f);
    f.mode = GB_MODE_CHAT;
    /* Nobody has asked. */
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, "Once");
    shows(&f, "Once|");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_USER, "Hello");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " Hi");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_NOTE, "a note");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " there");
    shows(&f, "Once|Human: Hello|✎>AI: Hi there|");
    assert_int_equal(token_at(&f, " Hi"), 2);
    teardown(&f);
}

/* However long the text, only what is looked at costs something. */
static void
test_long(void **state)
{
    gb_view_pos begin, end;
    uint64_t number;
    fixture f;
    size_t before;
    uint32_t i;

    (void)state;
    setup(&f);
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, "word");
    for (i = 0; i < 100000; i++)
        TELL(&f, GB_NEWS_GROWN, GB_ROLE_MODEL, i % 10 == 9 ? "\n" : " word");
    before = gb_view_layouts(f.view);
    for (i = 0; i < 100000; i += 7) {
        assert_true(gb_transcript_token(&f.t, i, &begin, &end, NULL));
        assert_true(gb_transcript_token_at(&f.t, begin, &number));
        assert_int_equal(number, i);
    }
    assert_int_equal(gb_view_layouts(f.view), before);
    gb_view_show(f.view, (gb_view_pos){5000, 0});
    assert_true(gb_view_where(f.view, (gb_view_pos){5000, 0}, &i, &i));
    assert_in_range(gb_view_layouts(f.view) - before, 1, 100);
    teardown(&f);
}

static void
put_before(void *out, gb_role role, const char *text, size_t n)
{
    gb_str_puts(out, role == GB_ROLE_USER ? "(" : "[");
    gb_str_append(out, text, n);
    gb_str_puts(out, role == GB_ROLE_USER ? ")" : "]");
}

/* The end of what stands before a place, cut between characters. */
static void
test_before(void **state)
{
    static const struct {
        gb_place place;
        size_t most;
        const char *found;
    } cases[] = {
        {{3, 1}, 99, "(A café)[ was]( and)"},
        {{3, 0}, 99, "(A café)[ was]"},
        {{2, 0}, 99, "(A café)"},
        {{4, 0}, 99, "(A café)[ was]( and on)"},
        {{1, 1}, 99, "(A)"},
        {{1, 0}, 99, ""},
        {{0, 0}, 99, ""},
        {{3, 1}, 4, "( and)"},
        {{3, 1}, 6, "[as]( and)"},
        {{3, 1}, 9, "[ was]( and)"},
        /* half of the é has no room */
        {{2, 1}, 4, "[ was]"},
        {{2, 1}, 5, "[ was]"},
        {{2, 1}, 6, "(é)[ was]"},
        {{1, 2}, 1, ""},
        {{1, 2}, 2, "(é)"},
        {{3, 1}, 0, ""},
    };
    gb_str found = GB_STR_INIT;
    fixture f;
    size_t i;

    (void)state;
    setup(&f);
    gb_transcript_before(&f.t, (gb_place){1, 1}, 99, put_before, &found);
    assert_int_equal(found.len, 0);
    TELL(&f, GB_NEWS_NODE, GB_ROLE_USER, "A", " café");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_MODEL, " was");
    TELL(&f, GB_NEWS_NODE, GB_ROLE_USER, " and", " on");
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_str_clear(&found);
        gb_transcript_before(&f.t, cases[i].place, cases[i].most, put_before,
                             &found);
        assert_string_equal(gb_str_cstr(&found), cases[i].found);
    }
    gb_str_free(&found);
    teardown(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),   cmocka_unit_test(test_end_of_text),
        cmocka_unit_test(test_marks),    cmocka_unit_test(test_speakers),
        cmocka_unit_test(test_ghost),    cmocka_unit_test(test_long),
        cmocka_unit_test(test_before),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests_name("transcript", tests, NULL, NULL);
}
