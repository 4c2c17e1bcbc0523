/* What has room on a screen of any size, and candidates in any number of
 * rows. */
#include "test.h"

#include <locale.h>
#include <math.h>

#include "base/cells.h"
#include "base/mem.h"
#include "tui/candidate_pane.h"
#include "tui/layout.h"

static gb_layout
layout(unsigned width, unsigned height, bool candidates)
{
    gb_layout_in in = {width, height, 1, 0, 0, candidates};
    gb_layout l;

    gb_layout_make(&l, &in);
    return l;
}

static void
test_sizes(void **state)
{
    static const struct {
        unsigned width, height;
        unsigned text_width, text_height, pane, drawer;
    } cases[] = {
        {200, 50, 147, 43, 52, 0}, {120, 40, 81, 33, 38, 0},
        {130, 40, 83, 33, 46, 0},
        {110, 24, 71, 17, 38, 0},  {109, 24, 109, 9, 0, 8},
        {80, 24, 80, 9, 0, 8},     {60, 16, 60, 5, 0, 4},
        {40, 10, 40, 4, 0, 0},     {60, 8, 60, 6, 0, 0},
        {20, 5, 20, 3, 0, 0},      {1, 1, 1, 0, 0, 0},
    };
    gb_layout l;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        l = layout(cases[i].width, cases[i].height, true);
        assert_int_equal(l.text_width, cases[i].text_width);
        assert_int_equal(l.text_height, cases[i].text_height);
        assert_int_equal(l.pane, cases[i].pane);
        assert_int_equal(l.drawer, cases[i].drawer);
        assert_int_equal(l.axis, cases[i].height >= 10);
        assert_int_equal(l.strip,
                         cases[i].height == 8 || cases[i].height == 5);
        assert_int_equal(l.prompt_row,
                         cases[i].height - 1 - (l.last ? 1 : 0));
    }
}

/* Nothing overlaps, everything is on the screen, text and edit line are there
 * wherever there are two rows. */
static void
test_all_sizes(void **state)
{
    gb_layout_in in = {.candidates = true};
    unsigned row, sum;
    gb_layout l;

    (void)state;
    for (in.height = 1; in.height <= 60; in.height++)
        for (in.width = 1; in.width <= 200; in.width += 9)
            for (in.prompt = 0; in.prompt <= 30; in.prompt += 5)
                for (in.message = 0; in.message <= 80; in.message += 8) {
                    in.message_all = in.message;
                    gb_layout_make(&l, &in);
                    sum = l.text_row + l.text_height + l.message + l.drawer +
                          l.prompt + (l.rule ? 1 : 0) + (l.axis ? 1 : 0) +
                          (l.status ? 1 : 0) + (l.strip ? 1 : 0) +
                          (l.last ? 1 : 0);
                    assert_int_equal(sum, in.height);
                    assert_in_range(l.prompt, 1, in.height);
                    if (in.height >= 2)
                        assert_in_range(l.text_height, 1, in.height);
                    row = l.text_row + l.text_height;
                    assert_int_equal(l.message_row, row);
                    assert_in_range(l.prompt_row, row, in.height - 1);
                }
}

/* The fox: rank 329 won by its noise. */

static gb_seen_candidate fox[] = {
#define CANDIDATE(rank, raw, final, noise, wins, from, to, text)               \
    {{(rank) + 100, rank, raw, final, noise, GB_CUT_NONE, wins, from, to},     \
     {(rank) + 100, (char[]){text}, sizeof text - 1}}
    CANDIDATE(0, -2.1f, -1.6f, 1.58f, true, 0, 0.63, " explore"),
    CANDIDATE(1, -2.5f, -2.2f, 0.4f, false, 0, 0, " take"),
    CANDIDATE(2, -2.8f, -2.7f, 0.3f, false, 0, 0, " go"),
    CANDIDATE(3, -2.9f, -2.7f, 2.1f, true, 0.63, 0.72, " visit"),
    CANDIDATE(4, -3.0f, -2.8f, 0.1f, false, 0, 0, "\n"),
    CANDIDATE(7, -3.9f, -3.9f, 4.0f, true, 0.72, 0.73, " steal"),
    CANDIDATE(329, -8.5f, -9.9f, 10.97f, true, 0.73, INFINITY, " whistle"),
};

static gb_seen
make_seen(void)
{
    gb_seen s = {.source = GB_SOURCE_WRITTEN,
                 .step = 15,
                 .token = fox[6].token,
                 .why = {-9.9f, 3.63f, 10.97f, 0.73f, INFINITY, 329},
                 .candidates = fox,
                 .n_candidates = GB_COUNT(fox),
                 .rest = 50000,
                 .rest_raw = 0.63,
                 .rest_final = 0.47};

    gb_settings_init(&s.settings);
    return s;
}

static gb_str shown;

static const char *
show(const gb_pane *pane, unsigned width, unsigned n, bool ascii)
{
    gb_row *rows = gb_alloc_array(n, sizeof *rows);
    unsigned i;

    gb_str_clear(&shown);
    for (i = 0; i < n; i++)
        gb_row_init(&rows[i], width, ascii);
    gb_pane_put(pane, rows, n);
    for (i = 0; i < n; i++) {
        assert_in_range(rows[i].used, 0, width);
        gb_str_puts(&shown, gb_str_cstr(&rows[i].text));
        gb_str_putc(&shown, '\n');
        gb_row_free(&rows[i]);
    }
    free(rows);
    return gb_str_cstr(&shown);
}

static void
shows(const char *text)
{
    if (strstr(shown.data, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, shown.data);
}

static void
test_candidates(void **state)
{
    gb_seen s = make_seen();
    gb_pane pane = {.seen = &s, .ways = 3, .other = "take a nap.\nThen",
                    .other_take = 2};
    unsigned width, n;

    (void)state;
    show(&pane, 46, 24, false);
    shows(" ·whistle  step 15  id 429\n");
    shows("14.3 bits of surprise");
    shows("won by luck");
    shows("·explore");
    shows("0 – .63");
    shows("⏎");
    shows("50000 others");
    shows("3 takes part here");
    shows("take 2: take a nap.\n");
    /* Where there is little room, the token and what wins are there. */
    for (width = 30; width <= 100; width += 7)
        for (n = 3; n <= 30; n++) {
            show(&pane, width, n, n % 2 == 0);
            shows(n % 2 == 0 ? "_whistle" : "·whistle");
            shows("  329");
            shows(n % 2 == 0 ? "_explore" : "·explore");
        }
    /* Now another one would come. */
    s.settings.temperature = 0.7f;
    show(&pane, 40, 3, false);
    shows("·whistle");
    shows("·visit");
    /* What is left out counts among the rest. */
    show(&pane, 40, 4, false);
    shows("50005 others");
    pane.seen = NULL;
    show(&pane, 40, 5, false);
    shows("nothing is known here");
}

static void
test_cut_and_typed(void **state)
{
    gb_seen s = make_seen();
    gb_pane pane = {.seen = &s};

    (void)state;
    fox[2].is.cut = GB_CUT_TOP_K;
    show(&pane, 40, 12, false);
    shows("top-k");
    fox[2].is.cut = GB_CUT_NONE;
    s.source = GB_SOURCE_TYPED;
    s.why = GB_WHY_UNKNOWN;
    show(&pane, 40, 12, false);
    shows("·whistle  typed  id 429\n");
    s.source = GB_SOURCE_WRITTEN;
    s.next = true;
    show(&pane, 40, 12, false);
    shows("·whistle  next  step 15");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_all_sizes),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_cut_and_typed),
    };
    int failed;

    setlocale(LC_CTYPE, "C.UTF-8");
    failed = cmocka_run_group_tests_name("layout", tests, NULL, NULL);
    gb_str_free(&shown);
    return failed;
}
