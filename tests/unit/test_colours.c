/* The steps in which tokens stand out, and their legend. */
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "tui/colours.h"

static void
test_steps(void **state)
{
    static const struct {
        gb_colouring c;
        gb_why why;
        gb_token_source source;
        unsigned step;
    } cases[] = {
#define W GB_SOURCE_WRITTEN
        {GB_COLOUR_OFF, {-9, 9, 9, 1, 1.01f, 999}, W, 0},
        {GB_COLOUR_PROBABILITY, {-0.1f, 0, 0, 0, 0, 0}, W, 0},
        {GB_COLOUR_PROBABILITY, {-0.7f, 0, 0, 0, 0, 0}, W, 1},
        {GB_COLOUR_PROBABILITY, {-2.4f, 0, 0, 0, 0, 0}, W, 2},
        {GB_COLOUR_PROBABILITY, {-4.7f, 0, 0, 0, 0, 0}, W, 3},
        {GB_COLOUR_PROBABILITY, {NAN, 0, 0, 0, 0, 0}, W, 0},
        {GB_COLOUR_RANK, {0, 0, 0, 0, 0, 0}, W, 0},
        {GB_COLOUR_RANK, {0, 0, 0, 0, 0, 1}, W, 1},
        {GB_COLOUR_RANK, {0, 0, 0, 0, 0, 49}, W, 2},
        {GB_COLOUR_RANK, {0, 0, 0, 0, 0, 329}, W, 3},
        {GB_COLOUR_RANK, {0, 0, 0, 0, 0, GB_RANK_UNKNOWN}, W, 0},
        {GB_COLOUR_RANGE, {0, 0, 0, 0.7f, INFINITY, 0}, W, 0},
        {GB_COLOUR_RANGE, {0, 0, 0, 0, 0.6f, 0}, W, 0},
        {GB_COLOUR_RANGE, {0, 0, 0, 0.6f, 0.9f, 0}, W, 1},
        {GB_COLOUR_RANGE, {0, 0, 0, 0.6f, 0.7f, 0}, W, 2},
        {GB_COLOUR_RANGE, {0, 0, 0, 0.6f, 0.61f, 0}, W, 3},
        {GB_COLOUR_RANGE, {0, 0, 0, NAN, NAN, 0}, W, 0},
        {GB_COLOUR_LUCK, {0, 0, -1.5f, 0, 0, 0}, W, 0},
        {GB_COLOUR_LUCK, {0, 0, 4, 0, 0, 0}, W, 1},
        {GB_COLOUR_LUCK, {0, 0, 10.97f, 0, 0, 0}, W, 3},
        {GB_COLOUR_ENTROPY, {0, 0.5f, 0, 0, 0, 0}, W, 0},
        {GB_COLOUR_ENTROPY, {0, 1, 0, 0, 0, 0}, W, 1},
        {GB_COLOUR_ENTROPY, {0, 3.63f, 0, 0, 0, 0}, W, 3},
        {GB_COLOUR_SOURCE, {0, 0, 0, 0, 0, 9}, W, 0},
        {GB_COLOUR_SOURCE, {0, 0, 0, 0, 0, 9}, GB_SOURCE_TYPED, 0},
        {GB_COLOUR_SOURCE, {0, 0, 0, 0, 0, 9}, GB_SOURCE_WHAT, 1},
        {GB_COLOUR_SOURCE, {0, 0, 0, 0, 0, 9}, GB_SOURCE_PICKED, 2},
    };
    gb_written token = {.id = 1};
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        token.why = cases[i].why;
        token.source = cases[i].source;
        assert_int_equal(gb_colour_step(cases[i].c, &token), cases[i].step);
    }
    assert_int_equal(gb_colour_style(0, true), GB_STYLE_USER);
    assert_int_equal(gb_colour_style(3, false), GB_STYLE_TINT_3);
}

static void
test_names(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_colouring c = GB_COLOUR_OFF;
    gb_row row;
    int i;

    (void)state;
    for (i = 0; i < GB_N_COLOURINGS; i++)
        test_ok(gb_colouring_change("next", &c, &err), &err);
    assert_int_equal(c, GB_COLOUR_OFF);
    test_ok(gb_colouring_change("prev", &c, &err), &err);
    assert_int_equal(c, GB_COLOUR_SOURCE);
    test_ok(gb_colouring_change("luck", &c, &err), &err);
    assert_string_equal(gb_colouring_name(c), "luck");
    assert_false(gb_colouring_change("red", &c, &err));
    assert_int_equal(err.status, GB_USAGE);
    for (i = 0; i < GB_N_COLOURINGS; i++) {
        gb_row_init(&row, 60, true);
        gb_colour_legend((gb_colouring)i, &row);
        assert_true(i == GB_COLOUR_OFF ? row.used == 0
                                       : row.used > 10 && row.used < 60);
        if (i == GB_COLOUR_RANK) {
            assert_string_equal(gb_str_cstr(&row.text),
                                "rank: 0  1-4  5-49  50 and more");
            assert_int_equal(row.pieces[row.n_pieces - 1].style,
                             GB_STYLE_TINT_3);
        }
        gb_row_free(&row);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests_name("colours", tests, NULL, NULL);
}
