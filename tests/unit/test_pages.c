/* What stands on pages, on cells: the tree of takes, the sessions. */
#include "test.h"

#include <locale.h>
#include <math.h>
#include <time.h>

#include "base/mem.h"
#include "tui/candidate_rows.h"
#include "tui/session_rows.h"
#include "tui/tree_rows.h"

static gb_row row;

/* The row's text, without spaces at its end. */
static const char *
text_of_row(void)
{
    size_t n = row.text.len;

    while (n > 0 && row.text.data[n - 1] == ' ')
        row.text.data[--n] = '\0';
    return gb_str_cstr(&row.text);
}

static const char *
tree_row(const gb_tree_rows *r, size_t i, unsigned width, bool ascii)
{
    gb_row_free(&row);
    gb_row_init(&row, width, ascii);
    gb_tree_rows_put(r, i, &row);
    return text_of_row();
}

static gb_seen_branch
branch(uint32_t node, unsigned depth, char kind, const char *text)
{
    gb_seen_branch b = {.node = node, .depth = depth,
                        .role = GB_ROLE_MODEL,
                        .source = GB_SOURCE_WRITTEN};

    gb_settings_init(&b.settings);
    gb_str_puts(&b.text, text);
    b.forks = kind != '.';
    b.early = kind == '!';
    return b;
}

/* Frees the texts. */
static void
free_branches(gb_seen_branch *data, size_t n)
{
    while (n-- > 0)
        gb_str_free(&data[n].text);
    gb_row_free(&row);
}

static void
test_tree_lines(void **state)
{
    gb_seen_branch data[] = {
        branch(1, 0, '.', "Once upon\na time"),
        branch(2, 1, '+', " one"),
        branch(6, 2, '!', " two"),
        branch(7, 2, '.', " three"),
        branch(8, 2, '!', " four"),
        branch(3, 1, '.', " five"),
        branch(4, 1, '+', " six"),
        branch(5, 1, '.', " seven"),
        branch(9, 2, '+', " eight"),
        branch(10, 2, '+', " nine"),
    };
    gb_seen_tree tree = {data, GB_COUNT(data)};
    gb_tree_rows r;
    size_t i;
    static const char *const wide[] = {
        "● >                            Once upon a time",
        "├─○ T 0.8 seed 0               one",
        "│ ├─○ ┬3 what if T 0.8 seed 0  two",
        "│ │ ○ T 0.8 seed 0             three",
        "│ ├─○ ┬7 picked greedy         four",
        "│ ○ T 0.8 seed 0               five",
        "└─● \"my fox\" T 0.8 seed 0      six",
        "  ◉ T 0.8 seed 0               seven",
        "  ├─○ T 0.8 seed 0             eight",
        "  └─○ T 1.25 seed …5012        nine",
    };
    static const char *const narrow[] = {
        "* >                   Once upon a time",
        "|-o T 0.8 seed 0      one",
        "| |-o at 3 what if T 0.8 seed 0  two",
        "| | o T 0.8 seed 0    three",
    };

    (void)state;
    data[0].role = GB_ROLE_USER;
    data[0].source = GB_SOURCE_TYPED;
    data[0].on_path = data[6].on_path = data[7].on_path = true;
    data[2].at = 3;
    data[2].source = GB_SOURCE_WHAT;
    data[4].at = 7;
    data[4].source = GB_SOURCE_PICKED;
    data[4].settings.greedy = true;
    data[6].name = (char[]){"my fox"};
    data[9].settings.temperature = 1.25f;
    data[9].settings.seed = UINT64_C(11400714819323195012);
    gb_tree_rows_set(&r, &tree, 0);
    assert_int_equal(r.len, 10);
    assert_int_equal(r.current, 7);
    /* The first place has two ways, two leave texts early, the last has
     * two: 1 + 1 + 1 + 1 + 1. */
    assert_int_equal(r.takes, 5);
    assert_int_equal(r.places, 4);
    for (i = 0; i < GB_COUNT(wide); i++)
        assert_string_equal(tree_row(&r, i, 120, false), wide[i]);
    for (i = 0; i < GB_COUNT(narrow); i++)
        assert_string_equal(tree_row(&r, i, 40, true), narrow[i]);
    assert_int_equal(gb_tree_rows_find(&r, 9), 8);
    assert_int_equal(gb_tree_rows_find(&r, 99), 0);
    free_branches(data, GB_COUNT(data));
}

static void
test_tree_alone(void **state)
{
    gb_seen_branch data[] = {
        branch(1, 0, '.', "Once"), branch(2, 1, '+', " one"),
        branch(6, 2, '!', " two"), branch(3, 1, '.', " five"),
        branch(4, 1, '+', " six"),
    };
    gb_seen_tree tree = {data, GB_COUNT(data)}, none = {NULL, 0};
    gb_tree_rows r;

    (void)state;
    gb_tree_rows_set(&r, &tree, 2);
    assert_int_equal(r.len, 3);
    assert_string_equal(tree_row(&r, 0, 80, false), "○ T 0.8 seed 0       one");
    assert_string_equal(tree_row(&r, 1, 80, false),
                        "├─○ ┬0 T 0.8 seed 0  two");
    assert_string_equal(tree_row(&r, 2, 80, false), "○ T 0.8 seed 0       five");
    /* Not there any more: all. */
    gb_tree_rows_set(&r, &tree, 17);
    assert_int_equal(r.len, 5);
    gb_tree_rows_set(&r, &none, 0);
    assert_int_equal(r.len, 0);
    assert_int_equal(r.takes, 0);
    free_branches(data, GB_COUNT(data));
}

static void
test_session_dates(void **state)
{
    /* 2026-11-26 10:00 UTC */
    static const double now = 1795687200;
    static const struct {
        double before; /* hours */
        const char *date;
    } cases[] = {
        {0, "today 10:00"},      {9.5, "today 00:30"},
        {10.5, "yesterday"},     {33, "yesterday"},
        {35, "24 Nov"},          {24 * 100, "18 Aug"},
        {24 * 400, "22 Oct 2025"}, {-20, "27 Nov"},
    };
    gb_str date = GB_STR_INIT;
    size_t i;

    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_str_clear(&date);
        gb_session_date(&date, now - cases[i].before * 3600, now);
        assert_string_equal(gb_str_cstr(&date), cases[i].date);
    }
    gb_str_free(&date);
}

static const char *
session_row(const gb_listed *l, unsigned width, bool open, bool ascii)
{
    gb_row_free(&row);
    gb_row_init(&row, width, ascii);
    gb_session_row_put(&row, l, 1795687200, open);
    return text_of_row();
}

static void
test_session_rows(void **state)
{
    gb_listed l = {
        .path = (char[]){"/home/x/sessions/a.jsonl"},
        .changed = 1795687200,
        .date = (char[]){"2026-11-26T09:00:00Z"},
        .model = (char[]){"stories"},
        .words = (char[]){"Once \033[31m upon"},
        .text = (char[]){"Once \033[31m upon\nOne day"},
        .tokens = 51,
    };
    gb_str told = GB_STR_INIT;

    (void)state;
    assert_string_equal(session_row(&l, 100, true, false),
                        "◉ today 10:00   stories         51 tokens  "
                        "            Once ^[[31m upon");
    assert_string_equal(session_row(&l, 44, false, true),
                        "  today 10:00       51 tokens  Once ^[[31m ~");
    l.takes = 2;
    assert_string_equal(session_row(&l, 66, true, false),
                        "◉ today 10:00   stories         51 tokens     2 takes  "
                        "Once ^[[31…");
    gb_session_tell(&told, &l);
    assert_string_equal(gb_str_cstr(&told),
                        "file     a.jsonl\n"
                        "begun    2026-11-26T09:00:00Z\n"
                        "model    stories\n\nOnce ^[[31m upon\nOne day");
    gb_str_free(&told);
    l.date = (char[]){""};
    assert_string_equal(session_row(&l, 100, false, false),
                        "  today 10:00   cannot be read: a.jsonl");
    gb_row_free(&row);
}

static void
test_figures(void **state)
{
    static const struct {
        double p;
        const char *text;
    } figures[] = {
        {1, "1"},          {0.99951, "1"},    {0.9949, ".99"},
        {0.34, ".34"},     {0.0996, ".10"},   {0.0994, ".099"},
        {0.00096, ".001"}, {0.0002, "2e-4"},  {0.000098, "1e-4"},
        {3e-12, "3e-12"},  {0, "0"},
    };
    static const struct {
        double from, to;
        const char *text, *ascii;
    } ranges[] = {
        {0, 0.63, "0 – .63", "0 - .63"},
        {0.63, 1.069, ".63 – 1.07", ".63 - 1.07"},
        {9.99, 10.4, "9.99 – 10", "9.99 - 10"},
        {0, INFINITY, "0 – ∞", "0 - inf"},
        {1000, 1e6, "1000 – 1e6", "1000 - 1e6"},
    };
    gb_str text = GB_STR_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(figures); i++) {
        gb_str_clear(&text);
        gb_probability(&text, figures[i].p);
        assert_string_equal(gb_str_cstr(&text), figures[i].text);
    }
    for (i = 0; i < GB_COUNT(ranges); i++) {
        gb_str_clear(&text);
        gb_temperatures(&text, ranges[i].from, ranges[i].to, false,
                        false);
        assert_string_equal(gb_str_cstr(&text), ranges[i].text);
        gb_str_clear(&text);
        gb_temperatures(&text, ranges[i].from, ranges[i].to, false, true);
        assert_string_equal(gb_str_cstr(&text), ranges[i].ascii);
    }
    gb_str_free(&text);
}

static gb_seen_candidate
candidate(uint32_t id, uint32_t rank, char *text, double raw,
          double final, float noise)
{
    return (gb_seen_candidate){
        .is = {.id = id, .rank = rank, .raw_logprob = (float)log(raw),
               .final_logprob = (float)log(final), .noise = noise},
        .token = {id, text, strlen(text)},
    };
}

static const char *
candidate_row(const gb_seen *seen, int i, unsigned width, bool ids,
              bool ascii)
{
    gb_row_free(&row);
    gb_row_init(&row, width, ascii);
    if (i < 0)
        gb_candidate_head(&row, ids);
    else if ((size_t)i < seen->n_candidates)
        gb_candidate_put(&row, seen, (size_t)i, ids);
    else
        gb_candidate_rest(&row, seen, ids);
    assert_true(row.used <= width);
    return text_of_row();
}

static void
test_candidates(void **state)
{
    gb_seen_candidate all[] = {
        candidate(30, 0, (char[]){" explore"}, 0.12, 0.2, 1.58f),
        candidate(31, 1, (char[]){"\n"}, 0.08, 0.11, -0.5f),
        candidate(32, 2, (char[]){" go"}, 0.06, 0, 0.25f),
        candidate(3418, 329, (char[]){" whistle"}, 0.0002, 0.00005, 10.97f),
    };
    gb_seen seen = {
        .token = {3418, (char[]){" whistle"}, 8},
        .why = {(float)(-14.3 * M_LN2), 3.63f, 10.97f, 0.73f, INFINITY, 329},
        .candidates = all, .n_candidates = GB_COUNT(all),
        .rest = 50253, .rest_raw = 0.63, .rest_final = 0.47,
    };
    gb_str told = GB_STR_INIT;

    (void)state;
    all[0].is.wins = all[3].is.wins = true;
    all[0].is.to = 0.63;
    all[3].is.from = 0.73;
    all[3].is.to = INFINITY;
    all[2].is.cut = GB_CUT_TOP_K;
    assert_string_equal(candidate_row(&seen, -1, 64, false, false),
        "       token                        raw final noise  wins at T");
    assert_string_equal(candidate_row(&seen, 0, 64, false, false),
        "    0  ·explore                     .12   .20  1.58  0 – .63");
    assert_string_equal(candidate_row(&seen, 1, 64, false, false),
        "    1  ⏎                           .080   .11 -0.50  never");
    assert_string_equal(candidate_row(&seen, 2, 64, false, false),
        "    2  ·go                         .060 top-k  0.25  never");
    assert_string_equal(candidate_row(&seen, 3, 64, false, false),
        "  329 •·whistle                    2e-4  5e-5 10.97  .73 – ∞");
    assert_string_equal(candidate_row(&seen, 4, 64, false, false),
        "       50253 others                 .63   .47");
    assert_string_equal(candidate_row(&seen, 3, 64, true, true),
        "  329 *_whistle              3418  2e-4  5e-5 10.97  .73 - inf");
    assert_string_equal(candidate_row(&seen, 0, 38, false, false),
        "    0  ·explore    .12   .20 0–.63");
    assert_string_equal(candidate_row(&seen, 3, 38, false, true),
        "  329 *_whistle   2e-4  5e-5 .73-inf");
    assert_string_equal(candidate_row(&seen, 0, 37, false, false),
        "    0  ·explore        .20  0 – .63");
    gb_candidate_tell(&told, &seen);
    assert_string_equal(gb_str_cstr(&told), "14.3 bits of surprise, entropy "
                        "5.2 bits, noise 10.97: won by luck");
    gb_str_clear(&told);
    seen.why = GB_WHY_UNKNOWN;
    gb_candidate_tell(&told, &seen);
    assert_string_equal(gb_str_cstr(&told), "");
    gb_str_free(&told);
    gb_row_free(&row);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_lines),
        cmocka_unit_test(test_tree_alone),
        cmocka_unit_test(test_session_dates),
        cmocka_unit_test(test_session_rows),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_candidates),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
