/* Texts that are looked at before they are taken, on cells: wrapped, with
 * what differs marked, and the map of all of them. */
#include "test.h"

#include <locale.h>
#include <math.h>

#include "base/mem.h"
#include "tui/compare_text.h"
#include "tui/map_row.h"
#include "tui/scrub_text.h"

static gb_row row;
static gb_str shown;

static void
put_mark(gb_style style, int side)
{
    const char *marks = style == GB_STYLE_TOKEN   ? "[]"
                        : style == GB_STYLE_FAINT ? "{}"
                        : style == GB_STYLE_USER  ? "()"
                                                  : NULL;

    if (marks != NULL)
        gb_str_putc(&shown, marks[side]);
}

/* What was wrapped, each line followed by '|', with what stands out in
 * brackets, what is faint in braces, and the user's in parentheses. */
static const char *
lines(gb_flow *f, unsigned width, bool ascii)
{
    size_t i, k, start;

    gb_str_clear(&shown);
    gb_flow_wrap(f, width, ascii);
    for (i = 0; i < f->n_lines; i++) {
        gb_row_free(&row);
        gb_row_init(&row, width, ascii);
        gb_flow_put(f, i, &row);
        for (k = start = 0; k < row.n_pieces; k++) {
            put_mark(row.pieces[k].style, 0);
            gb_str_append(&shown, row.text.data + start,
                          row.pieces[k].end - start);
            put_mark(row.pieces[k].style, 1);
            start = row.pieces[k].end;
        }
        gb_str_putc(&shown, '|');
    }
    gb_row_free(&row);
    return gb_str_cstr(&shown);
}

static void
add(gb_flow *f, gb_style style, const char *text)
{
    gb_flow_add(f, style, text, strlen(text));
}

static void
test_flow(void **state)
{
    gb_flow f = {.n_spans = 0};

    (void)state;
    assert_string_equal(lines(&f, 10, false), "|");
    add(&f, GB_STYLE_PLAIN, "Once upon ");
    add(&f, GB_STYLE_TOKEN, "a time\nthere");
    add(&f, GB_STYLE_PLAIN, " was");
    assert_string_equal(lines(&f, 12, false),
                        "Once upon [a ]|[time]|[there] was|");
    assert_string_equal(lines(&f, 4, false),
                        "Once|upon|[a ]|[time]|[ther]|[e] |was|");
    assert_int_equal(gb_flow_line_of(&f, 0), 0);
    assert_int_equal(gb_flow_line_of(&f, 10), 2);
    assert_int_equal(gb_flow_line_of(&f, 999), 6);
    gb_flow_add_line(&f, GB_STYLE_FAINT, "a line that is cut", 10, false);
    add(&f, GB_STYLE_PLAIN, "on\n");
    assert_string_equal(lines(&f, 40, false),
                        "Once upon [a time]|[there] was|{a line th…}|on||");
    gb_flow_free(&f);
}

static gb_seen_trial
trial_with(gb_seen_band *map, size_t n)
{
    gb_seen_trial t = {.map = map, .n_map = n, .map_from = 0.5,
                       .map_to = 1.2, .whole = true};

    gb_settings_init(&t.settings);
    return t;
}

static const char *
map_row(const gb_seen_trial *t, double temperature, unsigned width,
        bool ascii)
{
    gb_row_free(&row);
    gb_row_init(&row, width, ascii);
    gb_map_put(&row, t, temperature);
    assert_true(row.used <= width);
    return gb_str_cstr(&row.text);
}

static void
test_map(void **state)
{
    gb_seen_band bands[] = {
        {.from = 0.4, .to = 0.675}, {.from = 0.675, .to = 0.745},
        {.from = 0.745, .to = 0.75}, {.from = 0.75, .to = 0.815},
        {.from = 0.815, .to = INFINITY},
    };
    gb_seen_trial t = trial_with(bands, GB_COUNT(bands));

    (void)state;
    assert_string_equal(map_row(&t, 0.6, 50, false),
        "0.5 ├─── 1●───┤ 2 ┤ 4 ┤───────── 5 ──────────┤ 1.2");
    assert_string_equal(map_row(&t, 1.05, 50, true),
        "0.5 |--- 1 ---| 2 | 4 |--------- 5 -*--------| 1.2");
    /* The mark covers no half of a number, and stands at the ends too. */
    assert_string_equal(map_row(&t, 0.7, 50, false),
        "0.5 ├─── 1 ───┤─●─┤ 4 ┤───────── 5 ──────────┤ 1.2");
    assert_string_equal(map_row(&t, 0.6749, 50, false),
        "0.5 ├─── 1 ───● 2 ┤ 4 ┤───────── 5 ──────────┤ 1.2");
    assert_string_equal(map_row(&t, 0.5, 50, false),
        "0.5 ├●── 1 ───┤ 2 ┤ 4 ┤───────── 5 ──────────┤ 1.2");
    assert_string_equal(map_row(&t, 1.2, 50, false),
        "0.5 ├─── 1 ───┤ 2 ┤ 4 ┤───────── 5 ─────────●┤ 1.2");
    assert_string_equal(map_row(&t, 3, 50, false),
        "0.5 ├─── 1 ───┤ 2 ┤ 4 ┤───────── 5 ──────────┤ 1.2");
    /* Half of it is not known yet, and what is known has numbers of its
     * own. */
    t = trial_with(bands + 1, 3);
    t.whole = false;
    assert_string_equal(map_row(&t, 0.3, 50, false),
        "0.5 ├·········· 1 ┤ 3 ┤······················┤ 1.2");
    assert_int_equal(gb_map_find(&t, 0.7), 1);
    assert_int_equal(gb_map_find(&t, 0.815), 3);
    assert_int_equal(gb_map_find(&t, 0.9), 0);
    /* No room. */
    assert_string_equal(map_row(&t, 0.7, 9, false), "0.5 ├");
    gb_row_free(&row);
}

static void
test_beyond(void **state)
{
    static const struct {
        double end, until;
        bool upwards;
        double t;
    } cases[] = {
        {0.7732, 0.9, true, 0.78},   {0.7732, 0.5, false, 0.77},
        {0.78, 0.9, true, 0.79},     {0.78, 0.5, false, 0.77},
        {0.7732, 0.7734, true, 0.7733},
        {0.7732, 0.77315, false, 0.77319},
        {2, INFINITY, true, 2.01},   {0.005, 0, false, 0.004},
    };
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++)
        assert_float_equal(gb_map_beyond(cases[i].end, cases[i].until,
                                         cases[i].upwards),
                           cases[i].t, 1e-7);
    /* Not even a float lies between. */
    assert_true(gb_map_beyond(0.8, 0.8, true) > 0.8);
}

/* A conversation: the user's text in node 1, the run in node 2. */

static gb_written
written(uint32_t id, uint32_t end)
{
    return (gb_written){.id = id, .end = end,
                        .source = GB_SOURCE_WRITTEN, .why = GB_WHY_UNKNOWN};
}

static const char *
parting(const gb_scrub_run *run, const gb_seen_trial *trial, unsigned width,
        bool ascii)
{
    gb_row_free(&row);
    gb_row_init(&row, width, ascii);
    gb_scrub_parting(&row, run, trial);
    assert_true(row.used <= width);
    return gb_str_cstr(&row.text);
}

static void
test_scrub_text(void **state)
{
    gb_written typed[] = {{.id = 1, .end = 4}};
    gb_written told[] = {written(2, 4), written(3, 11), written(4, 14),
                         written(5, 17)};
    gb_written other[] = {written(2, 4), written(9, 9), written(4, 12)};
    gb_part parts[] = {
        {.node = 1, .role = GB_ROLE_USER, .tokens = typed, .n_tokens = 1},
        {.node = 2, .role = GB_ROLE_MODEL, .tokens = told, .n_tokens = 4},
    };
    gb_transcript t = {.parts = parts, .n_parts = 2};
    gb_seen_trial trial = trial_with(NULL, 0);
    gb_scrub_run run;
    gb_str text = GB_STR_INIT;
    gb_flow f = {.n_spans = 0};

    (void)state;
    gb_str_puts(&parts[0].text, "Once");
    gb_str_puts(&parts[1].text, " was afraid of a\n");
    gb_scrub_run_read(&run, &t, (gb_place){1, 1});
    assert_string_equal(gb_str_cstr(&run.text), " was afraid of a\n");
    assert_int_equal(run.n, 4);
    run.tokens[1].why.from = 0.5f;
    run.tokens[1].why.to = 0.75f;
    /* Another second token, the third the same, no fourth. */
    trial.tokens = other;
    trial.n_tokens = 3;
    trial.same = 1;
    trial.same_bytes = 4;
    trial.reason = GB_REASON_LENGTH;
    gb_str_puts(&trial.text, " was very of");
    gb_scrub_before(&f, &t, (gb_place){1, 1});
    assert_int_equal(gb_scrub_flow(&f, &run, &trial, 14, false), 8);
    assert_string_equal(lines(&f, 14, false),
                        "(Once) was|{┊ afraid of a }|[very] of|");
    gb_flow_free(&f);
    trial.reason = GB_REASON_NONE;
    gb_scrub_before(&f, &t, (gb_place){1, 1});
    gb_scrub_flow(&f, &run, &trial, 10, true);
    assert_string_equal(lines(&f, 10, true),
                        "(Once) was|{: afraid ~}|[very] of{...}|");
    gb_flow_free(&f);
    assert_string_equal(parting(&run, &trial, 80, false),
                        "parts after 1 token, "
                        "\" afraid\" → \" very\" (border 0.75)");
    assert_string_equal(parting(&run, &trial, 53, false),
                        "parts after 1 token, \" afraid\" → \" very\"");
    assert_string_equal(parting(&run, &trial, 40, true),
                        "after 1: \" afraid\" -> \" very\"");
    assert_string_equal(parting(&run, &trial, 39, false),
                        "after 1: \" afraid\" → \" very\"");
    assert_string_equal(parting(&run, &trial, 22, false),
                        "\" afraid\" → \" very\"");
    assert_string_equal(parting(&run, &trial, 12, false), "\" afraid\" →…");
    gb_scrub_run_free(&run);

    /* The same: nothing parts. From within a text of the model. */
    gb_scrub_run_read(&run, &t, (gb_place){2, 1});
    assert_string_equal(gb_str_cstr(&run.text), " afraid of a\n");
    assert_int_equal(run.n, 3);
    assert_int_equal(run.tokens[2].end, 13);
    trial.tokens = run.tokens;
    trial.n_tokens = trial.same = 3;
    gb_str_clear(&trial.text);
    gb_str_puts(&trial.text, " afraid of a\n");
    trial.same_bytes = trial.text.len;
    gb_scrub_before(&f, &t, (gb_place){2, 1});
    assert_string_equal(lines(&f, 40, false), "(Once) was|");
    gb_scrub_flow(&f, &run, &trial, 40, false);
    assert_string_equal(lines(&f, 40, false), "(Once) was afraid of a||");
    gb_flow_free(&f);
    assert_string_equal(parting(&run, &trial, 80, false),
                        "every token stays");
    /* It only ends earlier. */
    trial.n_tokens = trial.same = 2;
    assert_string_equal(parting(&run, &trial, 80, true),
                        "parts after 2 tokens, \" a^J\" -> the end");
    gb_scrub_run_free(&run);
    gb_str_free(&text);
    gb_str_free(&trial.text);
    gb_str_free(&parts[0].text);
    gb_str_free(&parts[1].text);
}

static void
test_scrub_settings(void **state)
{
    gb_settings was, now;
    gb_str text = GB_STR_INIT;

    (void)state;
    gb_settings_init(&was);
    now = was;
    gb_scrub_settings(&text, &was, &now);
    assert_string_equal(gb_str_cstr(&text), "T 0.80");
    now.temperature = 0.7733f;
    now.seed = 7;
    gb_str_clear(&text);
    gb_scrub_settings(&text, &was, &now);
    assert_string_equal(gb_str_cstr(&text),
                        "T 0.7733 (was 0.80), seed 7");
    gb_str_free(&text);
}

static void
test_compare(void **state)
{
    gb_compared c;

    (void)state;
    assert_true(gb_compare_read(&c, "was  a [big] dog, [who sat]\n"
                                "now  a [cat and a] dog,\n"
                                "of the 20 tokens, 8 stayed; /go 3 goes "
                                "back"));
    assert_true(c.what_if);
    assert_string_equal(lines(&c.first, 40, false), "a [big] dog, [who sat]|");
    assert_string_equal(lines(&c.second, 40, false), "a [cat and a] dog,|");
    assert_string_equal(c.head, "");
    assert_string_equal(c.summary, "of the 20 tokens, 8 stayed");
    assert_string_equal(c.back, "/go 3");
    gb_compare_free(&c);
    assert_true(gb_compare_read(&c, "3 tokens in common, then \" a\" and "
                                "the end\nfirst   [a dog]\nsecond \n"
                                "of the 2 tokens none\n"));
    assert_false(c.what_if);
    assert_string_equal(lines(&c.first, 40, false), "[a dog]|");
    assert_string_equal(lines(&c.second, 40, false), "|");
    assert_string_equal(c.head,
                        "3 tokens in common, then \" a\" and the end");
    assert_string_equal(c.summary, "of the 2 tokens none");
    assert_string_equal(c.back, "");
    gb_compare_free(&c);
    assert_false(gb_compare_read(&c, "identical: every token stayed"));
    assert_false(gb_compare_read(&c, "was a\nsomething else"));
    assert_false(gb_compare_read(&c, "a list\nof\nlines\n"));
    /* Brackets of the text's own. */
    assert_false(gb_compare_read(&c, "was a [b\nnow a [c]\nof"));
    assert_false(gb_compare_read(&c, "was [x] a\nnow [x] b\nof"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_beyond),
        cmocka_unit_test(test_scrub_text),
        cmocka_unit_test(test_scrub_settings),
        cmocka_unit_test(test_compare),
    };
    int failed;

    setlocale(LC_CTYPE, "C.UTF-8");
    failed = cmocka_run_group_tests_name("scrub", tests, NULL, NULL);
    gb_str_free(&shown);
    return failed;
}
