/* The conversation view: wrapping, scrolling, following, searching, and that
 * nothing is laid out that is not looked at. */
#include "test.h"

#include <locale.h>

#include "base/mem.h"
#include "base/str.h"
#include "tui/view.h"
#include "tui/wrap.h"

/* What a row shows: its text, then a letter for each stretch of a kind. */
typedef struct shown {
    gb_str text;
    gb_str kinds, matches;
    unsigned right; /* the column behind the last cell */
} shown;

static void
put(void *arg, unsigned column, const gb_cell *cell, gb_view_pos pos,
    gb_text_kind kind, gb_view_match match)
{
    shown *s = arg;
    char letter = "umEkse"[kind];

    (void)pos;
    assert_int_equal(column, s->right);
    s->right = column + cell->width;
    gb_str_puts(&s->text, cell->shown);
    if (s->kinds.len == 0 || s->kinds.data[s->kinds.len - 1] != letter)
        gb_str_putc(&s->kinds, letter);
    gb_str_putc(&s->matches, ".+#"[match]);
}

static void
free_shown(shown *s)
{
    gb_str_free(&s->text);
    gb_str_free(&s->kinds);
    gb_str_free(&s->matches);
    memset(s, 0, sizeof *s);
}

/* All visible rows, each followed by '|'. */
static const char *
screen(gb_view *v, unsigned height)
{
    static char out[65536];
    shown s;
    unsigned row;
    size_t n = 0;

    out[0] = '\0';
    memset(&s, 0, sizeof s);
    for (row = 0; row < height; row++) {
        s.right = 0;
        if (!gb_view_draw(v, row, put, &s))
            break;
        n += (size_t)snprintf(out + n, sizeof out - n, "%s|",
                              gb_str_cstr(&s.text));
        free_shown(&s);
    }
    return out;
}

static void
add(gb_view *v, gb_text_kind kind, const char *text)
{
    gb_view_append(v, kind, text, strlen(text));
}

static void
test_wrapping(void **state)
{
    static const struct {
        const char *text;
        unsigned width;
        const char *rows;
    } cases[] = {
        {"", 10, "|"},
        {"one two three", 7, "one two|three|"},
        {"one two three", 8, "one two |three|"},
        {"one  two", 3, "one|two|"},
        {"one\ntwo\n", 10, "one|two||"},
        {"abcdefgh", 3, "abc|def|gh|"},
        {"ab cdefgh", 4, "ab |cdef|gh|"},
        {"  ab", 10, "  ab|"},
        {"abc", 1, "a|b|c|"},
        /* Wide characters: none is cut by the right edge. */
        {"日本語", 4, "日本|語|"},
        {"日本語", 3, "日|本|語|"},
        {"ab日本", 3, "ab|日|本|"},
        {"日", 1, "|"}, /* no room at all: nothing is drawn */
        {"x日y", 1, "x||y|"},
        /* Combining marks stay with their letter, at the edge too. */
        {"e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81",
         2, "e\xcc\x81"
            "e\xcc\x81|e\xcc\x81|"},
        {"\xcc\x81x", 5, "\xe2\x97\x8c\xcc\x81x|"},
        /* Joined emoji: what terminals disagree about is left out. */
        {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9", 10,
         "\xf0\x9f\x91\xa9\xf0\x9f\x91\xa9|"},
        {"\xe2\x9d\xa4\xef\xb8\x8f!", 10, "\xe2\x9d\xa4!|"},
        /* Control characters are shown, never executed. */
        {"a\033[31mb", 20, "a^[[31mb|"},
        {"a\177\xc2\x9b\xe2\x80\xae", 30, "a^?\\u{9b}\\u{202e}|"},
        {"a\u200bb\u2028c", 30, "a\\u{200b}b\\u{2028}c|"},
        {"a\rb", 20, "a^Mb|"},
        {"\xff\xfe", 20, "\xef\xbf\xbd\xef\xbf\xbd|"},
        {"a\tb\tc", 20, "a   b   c|"},
    };
    gb_view *v;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        v = gb_view_new(false);
        gb_view_resize(v, cases[i].width, 50);
        add(v, GB_TEXT_MODEL, cases[i].text);
        assert_string_equal(screen(v, 50), cases[i].rows);
        gb_view_free(v);
    }
}

static void
test_ascii(void **state)
{
    gb_view *v = gb_view_new(true);

    (void)state;
    gb_view_resize(v, 40, 5);
    add(v, GB_TEXT_MODEL, "\xe2\x80\x9c" "caf\xc3\xa9\xe2\x80\x9d 日\033");
    assert_string_equal(screen(v, 5), "\"caf?\" ?^[|");
    gb_view_free(v);
}

static void
test_kinds_and_marks(void **state)
{
    gb_view *v = gb_view_new(false);
    gb_view_pos before;
    shown s;

    (void)state;
    memset(&s, 0, sizeof s);
    gb_view_resize(v, 40, 10);
    assert_true(gb_view_is_empty(v));
    add(v, GB_TEXT_USER, "Once");
    add(v, GB_TEXT_MODEL, " upon");
    before = gb_view_end(v);
    add(v, GB_TEXT_MARK, "-- hotter --");
    add(v, GB_TEXT_MODEL, " a");
    add(v, GB_TEXT_MODEL, " time");
    assert_string_equal(screen(v, 10), "Once upon|-- hotter --| a time|");
    gb_view_draw(v, 0, put, &s);
    assert_string_equal(gb_str_cstr(&s.kinds), "um");
    free_shown(&s);
    /* Taken back to before the mark, the line goes on as if it had not
     * been there. */
    gb_view_truncate(v, before);
    add(v, GB_TEXT_MODEL, " it was\n");
    add(v, GB_TEXT_MARK, "-- stopped --");
    assert_string_equal(screen(v, 10), "Once upon it was|-- stopped --|");
    gb_view_truncate(v, (gb_view_pos){0, 0});
    assert_true(gb_view_is_empty(v));
    gb_view_free(v);
}

static gb_view *
numbered(unsigned lines)
{
    gb_view *v = gb_view_new(false);
    char line[32];
    unsigned i;

    for (i = 0; i < lines; i++) {
        snprintf(line, sizeof line, "%sline %u", i > 0 ? "\n" : "", i);
        add(v, GB_TEXT_MODEL, line);
    }
    return v;
}

static void
test_scrolling(void **state)
{
    gb_view *v = numbered(20);

    (void)state;
    gb_view_resize(v, 20, 3);
    assert_string_equal(screen(v, 3), "line 17|line 18|line 19|");
    gb_view_scroll(v, -2);
    assert_string_equal(screen(v, 3), "line 15|line 16|line 17|");
    assert_false(gb_view_follows(v));
    assert_int_equal(gb_view_new_below(v), 0);
    /* What comes now does not move what is being read. */
    add(v, GB_TEXT_MODEL, " and more\nline 20\nline 21");
    assert_string_equal(screen(v, 3), "line 15|line 16|line 17|");
    assert_int_equal(gb_view_new_below(v), 2);
    gb_view_page(v, -1);
    assert_string_equal(screen(v, 3), "line 13|line 14|line 15|");
    gb_view_home(v);
    assert_string_equal(screen(v, 3), "line 0|line 1|line 2|");
    gb_view_scroll(v, -5);
    assert_string_equal(screen(v, 3), "line 0|line 1|line 2|");
    gb_view_page(v, 1);
    assert_string_equal(screen(v, 3), "line 2|line 3|line 4|");
    /* Reaching the end, it follows again. */
    gb_view_scroll(v, 1000);
    assert_true(gb_view_follows(v));
    assert_int_equal(gb_view_new_below(v), 0);
    add(v, GB_TEXT_MODEL, "\nline 22");
    assert_string_equal(screen(v, 3), "line 20|line 21|line 22|");
    gb_view_free(v);
}

static void
test_resize_keeps_the_place(void **state)
{
    gb_view *v = numbered(200);
    unsigned i;

    (void)state;
    gb_view_resize(v, 20, 5);
    gb_view_home(v);
    gb_view_scroll(v, 100);
    assert_string_equal(screen(v, 2), "line 100|line 101|");
    for (i = 1; i < 30; i++) {
        gb_view_resize(v, i, i);
        screen(v, i);
    }
    gb_view_resize(v, 20, 5);
    assert_string_equal(screen(v, 2), "line 100|line 101|");
    /* Cut back to less than what is seen: the end is shown. */
    gb_view_truncate(v, (gb_view_pos){10, 4});
    assert_string_equal(screen(v, 5), "line 6|line 7|line 8|line 9|line|");
    gb_view_free(v);
}

static void
matches(gb_view *v, unsigned row, const char *expected)
{
    shown s;

    memset(&s, 0, sizeof s);
    assert_true(gb_view_draw(v, row, put, &s));
    assert_string_equal(gb_str_cstr(&s.matches), expected);
    free_shown(&s);
}

static bool
find(gb_view *v, const char *text)
{
    return gb_view_find(v, text, strlen(text));
}

static void
test_searching(void **state)
{
    gb_view *v = gb_view_new(false);
    size_t index;

    (void)state;
    gb_view_resize(v, 10, 3);
    add(v, GB_TEXT_MODEL, "Fox fox\nno\nÄhre fox");
    assert_true(find(v, "fox"));
    /* The nearest above the end is where one is; the others show too. */
    matches(v, 0, "+++.+++");
    matches(v, 2, ".....###");
    assert_int_equal(gb_view_matches(v, &index), 3);
    assert_int_equal(index, 3);
    assert_true(gb_view_find_next(v, true));
    matches(v, 0, "+++.###");
    assert_int_equal(gb_view_matches(v, &index), 3);
    assert_int_equal(index, 2);
    assert_true(gb_view_find_next(v, true));
    matches(v, 0, "###.+++");
    assert_true(gb_view_find_next(v, true)); /* around the beginning */
    matches(v, 2, ".....###");
    assert_true(gb_view_find_next(v, false)); /* around the end */
    matches(v, 0, "###.+++");
    assert_true(find(v, "Fox")); /* a capital is meant */
    matches(v, 0, "###....");
    assert_true(find(v, "ähre"));
    matches(v, 2, "####....");
    assert_false(find(v, "wolf"));
    assert_int_equal(gb_view_matches(v, &index), 0);
    assert_int_equal(index, 0);
    matches(v, 0, ".......");
    assert_false(gb_view_find_next(v, true));
    assert_false(find(v, ""));
    /* Across the end of a row. */
    add(v, GB_TEXT_MODEL, "\nabcdefghijkl");
    gb_view_resize(v, 10, 5);
    assert_true(find(v, "jkl"));
    matches(v, 3, ".........#");
    matches(v, 4, "##");
    gb_view_free(v);
}

static void
test_search_scrolls(void **state)
{
    gb_view *v = numbered(1000);

    (void)state;
    gb_view_resize(v, 20, 9);
    assert_true(find(v, "line 77"));
    assert_string_equal(screen(v, 4), "line 776|line 777|line 778|line 779|");
    assert_true(find(v, "line 5"));
    gb_view_home(v);
    assert_true(find(v, "line 500"));
    assert_string_equal(screen(v, 4), "line 497|line 498|line 499|line 500|");
    /* Near by, no more than is needed. */
    gb_view_show(v, (gb_view_pos){506, 0});
    assert_string_equal(screen(v, 2), "line 498|line 499|");
    gb_view_show(v, (gb_view_pos){496, 0});
    assert_string_equal(screen(v, 2), "line 496|line 497|");
    gb_view_show(v, (gb_view_pos){498, 0});
    assert_string_equal(screen(v, 2), "line 496|line 497|");
    gb_view_free(v);
}

/* Only what is looked at is laid out, whatever the length. */
static void
test_layout_is_lazy(void **state)
{
    gb_view *v = numbered(100000);
    size_t before;
    unsigned i;

    (void)state;
    gb_view_resize(v, 20, 40);
    screen(v, 40);
    assert_in_range(gb_view_layouts(v), 1, 60);
    for (i = 0; i < 20; i++) {
        gb_view_resize(v, 30 + i, 40);
        screen(v, 40);
    }
    assert_in_range(gb_view_layouts(v), 1, 1300);
    before = gb_view_layouts(v);
    gb_view_home(v);
    screen(v, 40);
    assert_in_range(gb_view_layouts(v) - before, 1, 100);
    /* Tokens appended to one long paragraph do not lay it out anew. */
    add(v, GB_TEXT_MODEL, "\n");
    gb_view_follow(v);
    screen(v, 40);
    before = gb_view_layouts(v);
    for (i = 0; i < 20000; i++) {
        add(v, GB_TEXT_MODEL, " token");
        if (i % 100 == 0)
            screen(v, 40);
    }
    screen(v, 40);
    assert_in_range(gb_view_layouts(v) - before, 0, 2);
    gb_view_free(v);
}

static void
test_many_new_lines(void **state)
{
    gb_view *v = numbered(100);
    size_t before;
    unsigned i;

    (void)state;
    gb_view_resize(v, 20, 10);
    gb_view_home(v);
    for (i = 0; i < 50000; i++)
        add(v, GB_TEXT_MODEL, "\nmore");
    before = gb_view_layouts(v);
    assert_int_equal(gb_view_new_below(v), GB_VIEW_MANY);
    assert_in_range(gb_view_layouts(v) - before, 1, GB_VIEW_MANY + 50);
    gb_view_free(v);
}

/* Wrapping once more, slowly and by its definition: of all ends a line may
 * have, the last that fits. */
static size_t
slow_wrap(const char *text, size_t n, size_t start, unsigned width)
{
    size_t at = start, end = start, cut = start;
    unsigned column = 0, ink = 0;
    bool was_breakable, was_space;
    gb_cell cell, next;

    while (at < n) {
        gb_cell_read(&cell, text + at, n - at, column, false);
        at += cell.bytes;
        column += cell.width;
        was_space = cell.space;
        was_breakable = cell.breakable;
        if (!cell.space)
            ink = column;
        if (!cell.space && ink > width && cut > start)
            break;
        cut = at;
        if (at == n)
            return n;
        gb_cell_read(&next, text + at, n - at, column, false);
        if (!next.space && (was_space || was_breakable || next.breakable))
            end = at;
        if (ink > width && !next.space)
            break;
    }
    return end > start ? end : cut;
}

static void
append_random(gb_str *out)
{
    static const char *const pieces[] = {
        "a",  "bc", "word", " ",  "  ", "日", "本語", "e\xcc\x81", "\t",
        "🦊", "\033", "-",  "x y", "\xff", "longerword", "\xe2\x80\x8d",
    };

    gb_str_puts(out, pieces[(size_t)rand() % GB_COUNT(pieces)]);
}

/* The screen as it must be: all paragraphs wrapped from the start, and of
 * their rows the last `height`. */
static void
slow_screen(const gb_str *text, unsigned width, unsigned height, gb_str *out)
{
    const char *p = gb_str_cstr(text), *end;
    size_t n, at, next, rows = 0, skip;
    gb_str all = GB_STR_INIT;
    unsigned column;
    gb_cell cell;

    for (;; p = end + 1) {
        end = strchr(p, '\n');
        n = end != NULL ? (size_t)(end - p) : strlen(p);
        at = 0;
        do {
            next = n > 0 ? slow_wrap(p, n, at, width) : 0;
            for (column = 0; at < next; at += cell.bytes) {
                gb_cell_read(&cell, p + at, n - at, column, false);
                column += cell.width;
                if (column > width)
                    break;
                gb_str_puts(&all, cell.shown);
            }
            at = next;
            gb_str_putc(&all, '|');
            rows++;
        } while (at < n);
        if (end == NULL)
            break;
    }
    skip = rows > height ? rows - height : 0;
    for (p = gb_str_cstr(&all); skip > 0; p++)
        if (*p == '|')
            skip--;
    gb_str_clear(out);
    gb_str_puts(out, p);
    gb_str_free(&all);
}

static void
test_random_against_slow(void **state)
{
    gb_str text = GB_STR_INIT, piece = GB_STR_INIT, expected = GB_STR_INIT;
    unsigned round, width, height, i, n_kept;
    gb_view_pos kept[8];
    size_t lengths[8];
    gb_view *v;

    (void)state;
    srand(7);
    for (round = 0; round < 60; round++) {
        v = gb_view_new(false);
        gb_str_clear(&text);
        n_kept = 0;
        for (i = 0; i < 120; i++) {
            width = 1 + (unsigned)rand() % (rand() % 4 == 0 ? 3 : 30);
            height = 1 + (unsigned)rand() % 12;
            gb_str_clear(&piece);
            if (rand() % 6 == 0)
                gb_str_putc(&piece, '\n');
            append_random(&piece);
            if (n_kept < 8 && rand() % 8 == 0) {
                kept[n_kept] = gb_view_end(v);
                lengths[n_kept++] = text.len;
            }
            gb_view_append(v, rand() % 2 ? GB_TEXT_USER : GB_TEXT_MODEL,
                           piece.data, piece.len);
            gb_str_append(&text, piece.data, piece.len);
            if (n_kept > 0 && rand() % 16 == 0) {
                gb_view_truncate(v, kept[--n_kept]);
                text.len = lengths[n_kept];
                text.data[text.len] = '\0';
            }
            if (rand() % 3 == 0)
                continue;
            gb_view_resize(v, width, height);
            slow_screen(&text, width, height, &expected);
            assert_string_equal(screen(v, height), gb_str_cstr(&expected));
        }
        gb_view_free(v);
    }
    gb_str_free(&text);
    gb_str_free(&piece);
    gb_str_free(&expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_kinds_and_marks),
        cmocka_unit_test(test_scrolling),
        cmocka_unit_test(test_resize_keeps_the_place),
        cmocka_unit_test(test_searching),
        cmocka_unit_test(test_search_scrolls),
        cmocka_unit_test(test_layout_is_lazy),
        cmocka_unit_test(test_many_new_lines),
        cmocka_unit_test(test_random_against_slow),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
