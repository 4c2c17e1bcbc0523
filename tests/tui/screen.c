#include "tests/tui/screen.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

struct screen {
    VTerm *vt;
    VTermScreen *cells;
    VTermState *state;
    gb_str typed;
    unsigned bells;
    bool cursor_visible, alternate, mouse;
    gb_str held;  /* the beginning of what may become CSI n b */
    gb_str last;  /* the character that it would repeat */
    gb_str out;   /* for the emulator */
};

/* Colours 0 to 15, as shown: fit for dark backgrounds. */
static const unsigned char palette[16][3] = {
    {0x2a, 0x2e, 0x37}, {0xe0, 0x6c, 0x75}, {0x98, 0xc3, 0x79},
    {0xe5, 0xc0, 0x7b}, {0x61, 0xaf, 0xef}, {0xc6, 0x78, 0xdd},
    {0x56, 0xb6, 0xc2}, {0xc8, 0xcc, 0xd4}, {0x7f, 0x84, 0x8e},
    {0xf0, 0x8a, 0x92}, {0xb5, 0xe0, 0x90}, {0xf2, 0xd5, 0x97},
    {0x82, 0xc4, 0xff}, {0xd9, 0x96, 0xec}, {0x7b, 0xd3, 0xde},
    {0xff, 0xff, 0xff},
};
static const unsigned char foreground[3] = {0xd7, 0xda, 0xe0};
static const unsigned char background[3] = {0x1b, 0x1e, 0x25};

static int
on_property(VTermProp property, VTermValue *value, void *arg)
{
    screen *s = arg;

    switch (property) {
    case VTERM_PROP_CURSORVISIBLE:
        s->cursor_visible = value->boolean;
        break;
    case VTERM_PROP_ALTSCREEN:
        s->alternate = value->boolean;
        break;
    case VTERM_PROP_MOUSE:
        s->mouse = value->number != VTERM_PROP_MOUSE_NONE;
        break;
    default:
        break;
    }
    return 1;
}

static int
on_bell(void *arg)
{
    screen *s = arg;

    s->bells++;
    return 1;
}

static void
on_output(const char *bytes, size_t n, void *arg)
{
    screen *s = arg;

    gb_str_append(&s->typed, bytes, n);
}

static const VTermScreenCallbacks callbacks = {
    .settermprop = on_property,
    .bell = on_bell,
};

static void
set_colours(screen *s)
{
    VTermColor colour, other;
    size_t i;

    for (i = 0; i < GB_COUNT(palette); i++) {
        vterm_color_rgb(&colour, palette[i][0], palette[i][1],
                        palette[i][2]);
        vterm_state_set_palette_color(s->state, (int)i, &colour);
    }
    vterm_color_rgb(&colour, foreground[0], foreground[1], foreground[2]);
    vterm_color_rgb(&other, background[0], background[1], background[2]);
    vterm_state_set_default_colors(s->state, &colour, &other);
}

screen *
screen_open(int rows, int columns)
{
    screen *s = gb_alloc(sizeof(*s));

    s->vt = vterm_new(rows, columns);
    s->state = vterm_obtain_state(s->vt);
    s->cells = vterm_obtain_screen(s->vt);
    vterm_set_utf8(s->vt, 1);
    vterm_output_set_callback(s->vt, on_output, s);
    vterm_screen_set_callbacks(s->cells, &callbacks, s);
    vterm_screen_enable_altscreen(s->cells, 1);
    set_colours(s);
    vterm_screen_reset(s->cells, 1);
    return s;
}

void
screen_close(screen *s)
{
    if (s == NULL)
        return;
    vterm_free(s->vt);
    gb_str_free(&s->typed);
    gb_str_free(&s->held);
    gb_str_free(&s->last);
    gb_str_free(&s->out);
    free(s);
}

void
screen_resize(screen *s, int rows, int columns)
{
    vterm_set_size(s->vt, rows, columns);
    vterm_screen_flush_damage(s->cells);
}

int
screen_rows(const screen *s)
{
    int rows, columns;

    vterm_get_size(s->vt, &rows, &columns);
    return rows;
}

int
screen_columns(const screen *s)
{
    int rows, columns;

    vterm_get_size(s->vt, &rows, &columns);
    return columns;
}

/* Takes the next byte of an escape sequence. CSI n b is replaced by the n
 * characters it stands for: libvterm 0.1 wraps one column early after it. */
static void
unfold(screen *s, char byte, gb_str *out)
{
    unsigned long n;

    gb_str_putc(&s->held, byte);
    if (s->held.len == 2 ? byte == '['
                         : byte >= '0' && byte <= '9' && s->held.len < 8)
        return;
    if (byte == 'b' && s->held.len > 2) {
        n = strtoul(s->held.data + 2, NULL, 10);
        do
            gb_str_append(out, gb_str_cstr(&s->last), s->last.len);
        while (n-- > 1 && n < 10000);
    } else {
        gb_str_append(out, s->held.data, s->held.len);
    }
    gb_str_clear(&s->held);
}

/* Less the unfinished character at the end: the emulator takes one apart whose
 * first byte comes behind ASCII and whose others come in the next call. */
static size_t
whole_length(const gb_str *s)
{
    size_t start = s->len;
    uint32_t rune;
    bool valid;

    while (start > 0 && s->len - start < 3 &&
           (s->data[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0 || (s->data[start - 1] & 0x80) == 0)
        return s->len;
    start--;
    return gb_utf8_next(s->data + start, s->len - start, &rune, &valid) == 0
        ? start : s->len;
}

void
screen_feed(screen *s, const char *bytes, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (s->held.len > 0) {
            unfold(s, bytes[i], &s->out);
            continue;
        }
        if (bytes[i] == '\033') {
            gb_str_putc(&s->held, bytes[i]);
            continue;
        }
        if ((bytes[i] & 0xc0) != 0x80)
            gb_str_clear(&s->last);
        gb_str_putc(&s->last, bytes[i]);
        gb_str_putc(&s->out, bytes[i]);
    }
    n = whole_length(&s->out);
    vterm_input_write(s->vt, gb_str_cstr(&s->out), n);
    vterm_screen_flush_damage(s->cells);
    gb_str_drop(&s->out, n);
}

gb_str *
screen_typed(screen *s)
{
    return &s->typed;
}

void
screen_key(screen *s, VTermKey key, VTermModifier modifiers)
{
    vterm_keyboard_key(s->vt, key, modifiers);
}

void
screen_paste(screen *s, const char *text, size_t n)
{
    size_t i;

    vterm_keyboard_start_paste(s->vt);
    for (i = 0; i < n; i++)
        gb_str_putc(&s->typed, text[i] == '\n' ? '\r' : text[i]);
    vterm_keyboard_end_paste(s->vt);
}

void
screen_click(screen *s, int button, int row, int column)
{
    vterm_mouse_move(s->vt, row - 1, column - 1, VTERM_MOD_NONE);
    vterm_mouse_button(s->vt, button, true, VTERM_MOD_NONE);
    vterm_mouse_button(s->vt, button, false, VTERM_MOD_NONE);
}

bool
screen_cell(const screen *s, int row, int column, VTermScreenCell *cell)
{
    VTermPos at;

    at.row = row > 0 ? row - 1 : screen_rows(s) + row;
    at.col = column > 0 ? column - 1 : screen_columns(s) + column;
    return vterm_screen_get_cell(s->cells, at, cell);
}

/* Colours 16 to 255 as xterm has them: a cube, then greys. The library has
 * steps of its own. */
void
screen_rgb(const screen *s, VTermColor *colour)
{
    static const uint8_t levels[] = {0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
    int i = VTERM_COLOR_IS_INDEXED(colour) ? colour->indexed.idx - 16 : -1;
    uint8_t grey = (uint8_t)(8 + (i - 216) * 10);

    if (i < 0 || (colour->type & VTERM_COLOR_DEFAULT_MASK) != 0)
        vterm_screen_convert_color_to_rgb(s->cells, colour);
    else if (i < 216)
        vterm_color_rgb(colour, levels[i / 36], levels[i / 6 % 6],
                        levels[i % 6]);
    else
        vterm_color_rgb(colour, grey, grey, grey);
}

void
screen_row(const screen *s, int row, gb_str *out)
{
    VTermScreenCell cell;
    char bytes[4];
    size_t end = out->len;
    int column, i;

    for (column = 1; screen_cell(s, row, column, &cell); column++) {
        if (cell.chars[0] == (uint32_t)-1)
            continue; /* the right half of a wide one */
        if (cell.chars[0] == 0)
            gb_str_putc(out, ' ');
        for (i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
            gb_str_append(out, bytes, gb_utf8_put(cell.chars[i], bytes));
        if (cell.chars[0] != 0 && cell.chars[0] != ' ')
            end = out->len;
    }
    if (out->len > end) {
        out->len = end;
        out->data[end] = '\0';
    }
}

void
screen_text(const screen *s, gb_str *out)
{
    int row, rows = screen_rows(s);

    for (row = 1; row <= rows; row++) {
        screen_row(s, row, out);
        gb_str_putc(out, '\n');
    }
}

void
screen_cursor(const screen *s, int *row, int *column)
{
    VTermPos at;

    vterm_state_get_cursorpos(s->state, &at);
    *row = at.row + 1;
    *column = at.col + 1;
}

bool
screen_cursor_visible(const screen *s)
{
    return s->cursor_visible;
}

unsigned
screen_bells(const screen *s)
{
    return s->bells;
}

/* What the terminal would type for a key, or around a paste, tells the modes
 * that the library does not. */
static bool
types(screen *s, VTermKey key, const char *bytes)
{
    size_t before = s->typed.len;
    bool same;

    if (key == VTERM_KEY_NONE)
        vterm_keyboard_start_paste(s->vt);
    else
        vterm_keyboard_key(s->vt, key, VTERM_MOD_NONE);
    same = strcmp(gb_str_cstr(&s->typed) + before, bytes) == 0;
    if (s->typed.len > before) {
        s->typed.len = before;
        s->typed.data[before] = '\0';
    }
    return same;
}

static bool
pen_is_plain(screen *s)
{
    static const VTermAttr flags[] = {
        VTERM_ATTR_BOLD, VTERM_ATTR_UNDERLINE, VTERM_ATTR_ITALIC,
        VTERM_ATTR_BLINK, VTERM_ATTR_REVERSE, VTERM_ATTR_STRIKE,
    };
    VTermValue value;
    size_t i;

    for (i = 0; i < GB_COUNT(flags); i++) {
        vterm_state_get_penattr(s->state, flags[i], &value);
        if (vterm_get_attr_type(flags[i]) == VTERM_VALUETYPE_BOOL
                ? value.boolean != 0 : value.number != 0)
            return false;
    }
    vterm_state_get_penattr(s->state, VTERM_ATTR_FOREGROUND, &value);
    if (!VTERM_COLOR_IS_DEFAULT_FG(&value.color))
        return false;
    vterm_state_get_penattr(s->state, VTERM_ATTR_BACKGROUND, &value);
    return VTERM_COLOR_IS_DEFAULT_BG(&value.color);
}

bool
screen_restored(screen *s, gb_error *err)
{
    if (s->alternate)
        return gb_fail(err, "the alternate screen is still shown");
    if (!s->cursor_visible)
        return gb_fail(err, "the cursor is still hidden");
    if (s->mouse)
        return gb_fail(err, "the mouse is still reported");
    if (!types(s, VTERM_KEY_NONE, ""))
        return gb_fail(err, "bracketed paste is still on");
    if (!types(s, VTERM_KEY_UP, "\033[A"))
        return gb_fail(err, "the cursor keys are still in application mode");
    if (!pen_is_plain(s))
        return gb_fail(err, "colours or attributes are still on");
    return true;
}
