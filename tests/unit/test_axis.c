/* The spectrum row on a grid of cells. */
#include "test.h"

#include <locale.h>
#include <math.h>

#include "base/cells.h"
#include "base/mem.h"
#include "tui/axis.h"

#define BAND(from, to, id, text) \
    {from, to, {id, (char[]){text}, sizeof text - 1}}

static gb_seen_band fox[] = {
    BAND(0, 0.63, 1, " explore"),
    BAND(0.63, 0.72, 2, " visit"),
    BAND(0.72, 0.73, 3, " steal"),
    BAND(0.73, INFINITY, 4, " whistle"),
};

static gb_seen
make_seen(gb_seen_band *bands, size_t n)
{
    gb_seen s = {.source = GB_SOURCE_WRITTEN, .bands = bands, .n_bands = n};

    gb_settings_init(&s.settings);
    return s;
}

static gb_row row;

static const char *
draw(const gb_axis *axis, unsigned width, bool ascii)
{
    gb_row_free(&row);
    gb_row_init(&row, width, ascii);
    gb_axis_put(&row, axis, width, true);
    return gb_str_cstr(&row.text);
}

/* The text of the row that has this style. */
static const char *
styled(gb_style style)
{
    static char text[512];
    size_t i, start = 0;

    text[0] = '\0';
    for (i = 0; i < row.n_pieces; i++) {
        if (row.pieces[i].style == style)
            strncat(text, row.text.data + start,
                    row.pieces[i].end - start);
        start = row.pieces[i].end;
    }
    return text;
}

static void
test_names_and_borders(void **state)
{
    gb_seen s = make_seen(fox, GB_COUNT(fox));
    gb_axis a = {.seen = &s, .temperature = 0.8};

    (void)state;
    assert_string_equal(draw(&a, 80, false),
        " 0.1 ├ explore ───────────────────┤v┤● whistle ─────────────────"
        "────────────┤ 10");
    assert_string_equal(styled(GB_STYLE_TOKEN),
        "● whistle ─────────────────────────────");
    assert_string_equal(draw(&a, 120, false),
        " 0.1 ├ explore ───────────────────────────────────┤v─┤─● whistle"
        " ───────────────────────────────────────────────────┤ 10");
    assert_string_equal(draw(&a, 60, true),
        " 0.1 | explore -----------|-* whistle ------------------| 10");
    assert_string_equal(draw(&a, 40, true),
        " 0.1 | explore ---|* whistle -------| 10");
}

/* The axis stands still, only the mark moves; over a border another token
 * would come. */
static void
test_mark_moves(void **state)
{
    gb_seen s = make_seen(fox, GB_COUNT(fox));
    gb_axis a = {.seen = &s};

    (void)state;
    a.temperature = 0.5;
    assert_string_equal(draw(&a, 60, false),
        " 0.1 ├ explore ────────●──┤ whistle ────────────────────┤ 10");
    assert_string_equal(styled(GB_STYLE_TOKEN), " explore ────────●──");
    a.temperature = 0.625;
    assert_string_equal(draw(&a, 60, false),
        " 0.1 ├ explore ──────────●┤ whistle ────────────────────┤ 10");
    a.temperature = 0.64;
    assert_string_equal(draw(&a, 60, false),
        " 0.1 ├ explore ──────────┤●visit┤ whistle ──────────────┤ 10");
    a.temperature = 0.725;
    assert_string_equal(draw(&a, 60, false),
        " 0.1 ├ explore ───────────┤●steal┤ whistle ─────────────┤ 10");
    assert_string_equal(styled(GB_STYLE_TOKEN), "●steal");
    /* On the other side where there is more room. */
    fox[3].from = fox[2].to = 8.6;
    fox[2].from = fox[1].to = 8.3;
    a.temperature = 8.5;
    assert_string_equal(draw(&a, 60, false),
        " 0.1 ├ explore ───────────┤ visit ──────────────┤steal●┤┤ 10");
    assert_string_equal(draw(&a, 30, false),
        " 0.1 ├explore─┤vis…┤steal●┤ 10");
    fox[3].from = fox[2].to = 0.73;
    fox[2].from = fox[1].to = 0.72;
    a.temperature = 0.74;
    assert_string_equal(draw(&a, 60, false),
        " 0.1 ├ explore ───────────┤● whistle ───────────────────┤ 10");
    a.temperature = 10;
    assert_string_equal(draw(&a, 60, false),
        " 0.1 ├ explore ───────────┤ whistle ───────────────────●┤ 10");
}

static void
test_range(void **state)
{
    gb_axis a = {.temperature = 0.8};

    (void)state;
    assert_string_equal(draw(&a, 40, false),
        " 0.1 ├─────────────●────────────────┤ 10");
    a.temperature = 0.05;
    assert_string_equal(draw(&a, 40, false),
        " 0.01 ├──────●──────────────────────┤ 10");
    a.temperature = 0.001;
    assert_string_equal(draw(&a, 40, false),
        " 0.001 ├●───────────────────────────┤ 10");
    a.temperature = 12;
    assert_string_equal(draw(&a, 40, false),
        " 0.1 ├────────────────────●────────┤ 100");
    a.temperature = 1000;
    assert_string_equal(draw(&a, 40, false),
        " 0.1 ├───────────────────────────●┤ 1000");
}

static void
test_greedy(void **state)
{
    gb_seen s = make_seen(fox, GB_COUNT(fox));
    gb_axis a = {.seen = &s, .temperature = 0.8, .greedy = true};

    (void)state;
    assert_string_equal(draw(&a, 60, false),
        " T→0 ├● explore ──────────┤ whistle ────────────────────┤ 10");
    assert_string_equal(styled(GB_STYLE_TOKEN), " T→0 ● explore ──────────");
    assert_string_equal(draw(&a, 60, true),
        " T=0 |* explore ----------| whistle --------------------| 10");
    a.seen = NULL;
    assert_string_equal(draw(&a, 60, false),
        " T→0 ├●─────────────────────────────────────────────────┤ 10");
}

/* A token that is looked at has a temperature of its own. */
static void
test_own(void **state)
{
    gb_seen s = make_seen(fox, GB_COUNT(fox));
    gb_axis a = {.seen = &s, .temperature = 0.5, .own = true};

    (void)state;
    s.token = fox[3].token;
    assert_string_equal(draw(&a, 60, false),
        " 0.1 ├ explore ────────○──┤─● whistle ──────────────────┤ 10");
    assert_string_equal(styled(GB_STYLE_TOKEN),
        "─● whistle ──────────────────");
    assert_string_equal(draw(&a, 60, true),
        " 0.1 | explore --------o--|-* whistle ------------------| 10");
    a.temperature = (double)s.settings.temperature;
    draw(&a, 60, false);
    assert_null(strstr(row.text.data, "○"));
    /* On a border the token that came has the mark in its own interval. */
    s.settings.temperature = (float)(a.temperature = 0.72);
    s.token = fox[1].token;
    draw(&a, 60, false);
    assert_string_equal(styled(GB_STYLE_TOKEN), "●");
    /* One that the user picked wins nowhere. */
    s.token.id = 99;
    s.source = GB_SOURCE_PICKED;
    draw(&a, 60, false);
    assert_string_equal(styled(GB_STYLE_TOKEN), "●");
    s.source = GB_SOURCE_TYPED;
    s.n_bands = 0;
    assert_string_equal(draw(&a, 60, false),
        " 0.1 ├ typed ──────────────●────────────────────────────┤ 10");
}

static void
test_white_space(void **state)
{
    gb_seen_band odd[] = {
        BAND(0, 0.2, 1, "\n"),
        BAND(0.2, 0.5, 2, " "),
        BAND(0.5, 1, 3, " \n\t"),
        BAND(1, 3, 4, "<|endoftext|>"),
        BAND(3, 6, 5, " \xe6\x97\xa5\xe6\x9c\xac"),
        BAND(6, 8, 6, "\x1b[31m"),
        BAND(8, INFINITY, 7, "\xe6\x97"),
    };
    gb_seen s = make_seen(odd, GB_COUNT(odd));
    gb_axis a = {.seen = &s, .temperature = 0.8};

    (void)state;
    assert_string_equal(draw(&a, 100, false),
        " 0.1 ├ ⏎ ───────────┤ · ─────────────┤ ·⏎⇥ ───●────┤ ∎ ─────────"
        "────────┤ 日本 ───────┤^[[3…┤ � ┤ 10");
    assert_string_equal(draw(&a, 100, true),
        " 0.1 | \\n ----------| _ -------------| _\\n\\t -*----| <end> -----"
        "--------| ?? ---------|^[[3~| ? | 10");
}

/* Whatever the width and the token, the row is that wide and not wider. */
static void
test_widths(void **state)
{
    gb_seen s = make_seen(fox, GB_COUNT(fox));
    gb_axis a = {.seen = &s};
    unsigned width;
    int i;

    (void)state;
    for (i = 0; i < 4; i++)
        for (width = 1; width <= 220; width++) {
            a.temperature = pow(10, i * 2 - 3);
            a.own = width % 2 == 0;
            draw(&a, width, i % 2 == 0);
            assert_int_equal(gb_cells_width(gb_str_cstr(&row.text),
                                            row.text.len, i % 2 == 0),
                             row.used);
            assert_in_range(row.used, 0, width);
            if (width >= 20)
                assert_int_equal(row.used, width);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_borders),
        cmocka_unit_test(test_mark_moves),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_white_space),
        cmocka_unit_test(test_widths),
    };
    int failed;

    setlocale(LC_CTYPE, "C.UTF-8");
    failed = cmocka_run_group_tests_name("axis", tests, NULL, NULL);
    gb_row_free(&row);
    return failed;
}
