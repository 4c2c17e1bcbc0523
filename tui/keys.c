#include "tui/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

#define ESC '\033'
#define PASTE_END "\033[201~"
#define PASTE_END_LENGTH 6

/* How long the rest of an escape sequence may take to come. A key of its own
 * follows much later; over slow lines ESCDELAY says more. */
#define ESCAPE_WAIT_MS 25
/* A paste whose end never comes must not swallow the keyboard. */
#define PASTE_WAIT_MS 2000

typedef struct definition {
    char *bytes;
    char name[16];
} definition;

struct gb_keys {
    gb_str in;     /* not yet taken */
    gb_str out;    /* the bytes of the last key */
    size_t taken;  /* of in, already handed out */
    bool pasting;
    size_t looked; /* of the paste, already searched for its end */
    int escape_wait;
    definition *definitions;
    size_t n_definitions;
};

gb_keys *
gb_keys_new(void)
{
    gb_keys *k = gb_alloc(sizeof *k);
    const char *delay = getenv("ESCDELAY");

    k->escape_wait = delay != NULL ? atoi(delay) : 0;
    if (k->escape_wait < 1 || k->escape_wait > 1000)
        k->escape_wait = ESCAPE_WAIT_MS;
    return k;
}

void
gb_keys_free(gb_keys *k)
{
    size_t i;

    if (k == NULL)
        return;
    for (i = 0; i < k->n_definitions; i++)
        free(k->definitions[i].bytes);
    free(k->definitions);
    gb_str_free(&k->in);
    gb_str_free(&k->out);
    free(k);
}

void
gb_keys_define(gb_keys *k, const char *bytes, const char *name)
{
    definition *d;

    if (bytes[0] != ESC || bytes[1] == '\0')
        return;
    k->definitions = gb_realloc_array(k->definitions, k->n_definitions + 1,
                                      sizeof *k->definitions);
    d = &k->definitions[k->n_definitions++];
    d->bytes = gb_strdup(bytes);
    snprintf(d->name, sizeof d->name, "%s", name);
}

void
gb_keys_push(gb_keys *k, const char *bytes, size_t n)
{
    if (k->taken > 0) {
        gb_str_drop(&k->in, k->taken);
        k->taken = 0;
    }
    gb_str_append(&k->in, bytes, n);
}

int
gb_keys_wait(const gb_keys *k)
{
    if (k->pasting)
        return PASTE_WAIT_MS;
    return k->taken < k->in.len ? k->escape_wait : -1;
}

static const char *
number_name(int number)
{
    static const char *const names[] = {
        [1] = "Home",   [4] = "End",    [5] = "PageUp", [6] = "PageDown",
        [7] = "Home",   [8] = "End",    [11] = "F1",    [12] = "F2",
        [13] = "F3",    [14] = "F4",    [15] = "F5",    [17] = "F6",
        [18] = "F7",    [19] = "F8",    [20] = "F9",    [21] = "F10",
        [23] = "F11",   [24] = "F12",   [25] = "S-F1",  [26] = "S-F2",
        [28] = "S-F3",  [29] = "S-F4",  [31] = "S-F5",  [32] = "S-F6",
        [33] = "S-F7",  [34] = "S-F8",
    };

    if (number < 0 || (size_t)number >= GB_COUNT(names))
        return NULL;
    return names[number];
}

static const char *
letter_name(char letter)
{
    switch (letter) {
    case 'A':
        return "Up";
    case 'B':
        return "Down";
    case 'C':
        return "Right";
    case 'D':
        return "Left";
    case 'H':
        return "Home";
    case 'F':
        return "End";
    case 'P':
        return "F1";
    case 'Q':
        return "F2";
    case 'R':
        return "F3";
    case 'S':
        return "F4";
    }
    return NULL;
}

/* Adds S-, M- and C- as xterm's modifier number says. */
static void
set_name(gb_key *key, const char *base, int modifier)
{
    int bits = modifier > 1 && modifier <= 8 ? modifier - 1 : 0;

    if (base != NULL)
        snprintf(key->name, sizeof key->name, "%s%s%s%s",
                 (bits & 4) != 0 ? "C-" : "", (bits & 2) != 0 ? "M-" : "",
                 (bits & 1) != 0 ? "S-" : "", base);
}

static void
name_mouse(gb_key *key, const char *s, char final)
{
    unsigned button = 0, column = 1, row = 1;

    sscanf(s + 3, "%u;%u;%u", &button, &column, &row);
    button &= ~0x1cu; /* without shift, meta, control */
    strcpy(key->name, button == 64                   ? "WheelUp"
                      : button == 65                 ? "WheelDown"
                      : button == 0 && final == 'M' ? "Click"
                                                     : "Mouse");
    key->row = row > 0 ? row - 1 : 0;
    key->column = column > 0 ? column - 1 : 0;
}

/* ESC [ first ; second final. */
static void
name_csi(gb_key *key, const char *s, size_t n)
{
    int first = 0, second = 0, third = 0;
    char final = s[n - 1];

    if (s[2] == '<') {
        name_mouse(key, s, final);
        return;
    }
    if (s[2] == '[' && n == 4 && final >= 'A' && final <= 'E') {
        /* The Linux console. */
        set_name(key, number_name(11 + final - 'A'), 0);
        return;
    }
    sscanf(s + 2, "%d;%d;%d", &first, &second, &third);
    if (final == '~' && first == 27 && third == 13)
        strcpy(key->name, "M-Enter"); /* modifyOtherKeys: Shift-Enter too */
    else if (final == 'u' && first == 13 && second > 1)
        strcpy(key->name, "M-Enter");
    else if (final == '~')
        set_name(key, number_name(first), second);
    else
        set_name(key, letter_name(final), second);
}

static void
name_byte(gb_key *key, const char *prefix, unsigned char c)
{
    if (c == '\r')
        snprintf(key->name, sizeof key->name, "%sEnter", prefix);
    else if (c == '\t')
        snprintf(key->name, sizeof key->name, "%sTab", prefix);
    else if (c == 0x7f || c == '\b')
        snprintf(key->name, sizeof key->name, "%sBackspace", prefix);
    else if (c < 0x20)
        snprintf(key->name, sizeof key->name, "%sC-%c", prefix,
                 c >= 1 && c <= 26 ? c + 'a' - 1 : c + '@');
    else if (c < 0x7f)
        snprintf(key->name, sizeof key->name, "%s%c", prefix, c);
}

/* The length of the escape sequence at the start of s; 0 when its end is not
 * there yet. */
static size_t
escape_length(const char *s, size_t n)
{
    size_t at, length;
    uint32_t r;
    bool valid;

    if (n < 2)
        return 0;
    if (s[1] == 'O')
        return n >= 3 ? 3 : 0;
    if (s[1] == '[') {
        if (n >= 3 && s[2] == '[')
            return n >= 4 ? 4 : 0;
        if (n >= 3 && s[2] == 'M')
            return n >= 6 ? 6 : 0;
        for (at = 2; at < n; at++) {
            if (s[at] >= 0x40 && s[at] <= 0x7e)
                return at + 1;
            if (s[at] < 0x20 || at > 32)
                return at;
        }
        return 0;
    }
    if (s[1] == ESC)
        return 1;
    length = gb_utf8_next(s + 1, n - 1, &r, &valid);
    return length > 0 ? length + 1 : 0;
}

static void
name_escape(const gb_keys *k, gb_key *key)
{
    size_t i;

    for (i = 0; i < k->n_definitions; i++)
        if (strlen(k->definitions[i].bytes) == key->n &&
            memcmp(k->definitions[i].bytes, key->bytes, key->n) == 0) {
            strcpy(key->name, k->definitions[i].name);
            return;
        }
    if (key->n == 1)
        strcpy(key->name, "Esc");
    else if (key->bytes[1] == '[' && key->n > 2)
        name_csi(key, key->bytes, key->n);
    else if (key->bytes[1] == 'O' && key->n == 3)
        set_name(key, letter_name(key->bytes[2]), 0);
    else if (key->n == 2)
        name_byte(key, "M-", (unsigned char)key->bytes[1]);
}

/* Hands out what was pasted: terminals end lines by CR. */
static bool
take_paste(gb_keys *k, size_t n, size_t end, gb_key *key)
{
    const char *s = gb_str_cstr(&k->in) + k->taken;
    size_t i;

    gb_str_clear(&k->out);
    for (i = 0; i < n; i++) {
        if (s[i] == '\r' && i + 1 < n && s[i + 1] == '\n')
            continue;
        gb_str_putc(&k->out, s[i] == '\r' ? '\n' : s[i]);
    }
    k->taken += n + end;
    k->pasting = false;
    strcpy(key->name, "Paste");
    key->bytes = gb_str_cstr(&k->out);
    key->n = k->out.len;
    return true;
}

static bool
next_of_paste(gb_keys *k, bool late, gb_key *key)
{
    const char *s = gb_str_cstr(&k->in) + k->taken, *end;
    size_t n = k->in.len - k->taken;

    end = n > k->looked ? memmem(s + k->looked, n - k->looked, PASTE_END,
                                 PASTE_END_LENGTH)
                        : NULL;
    if (end != NULL)
        return take_paste(k, (size_t)(end - s), PASTE_END_LENGTH, key);
    if (late)
        return take_paste(k, n, 0, key);
    k->looked = n > PASTE_END_LENGTH ? n - PASTE_END_LENGTH : 0;
    return false;
}

bool
gb_keys_next(gb_keys *k, bool late, gb_key *key)
{
    const char *s = gb_str_cstr(&k->in) + k->taken;
    size_t n = k->in.len - k->taken, length;
    uint32_t r;
    bool valid;

    memset(key, 0, sizeof *key);
    if (k->pasting)
        return next_of_paste(k, late, key);
    if (n == 0)
        return false;
    length = s[0] == ESC ? escape_length(s, n)
                         : gb_utf8_next(s, n, &r, &valid);
    if (length == 0) {
        if (!late)
            return false;
        length = s[0] == ESC ? 1 : n;
    }
    gb_str_clear(&k->out);
    gb_str_append(&k->out, s, length);
    k->taken += length;
    key->bytes = k->out.data;
    key->n = length;
    if (s[0] != ESC) {
        name_byte(key, "", (unsigned char)s[0]);
        if (length > 1)
            key->name[0] = '\0';
        return true;
    }
    if (length == 6 && memcmp(key->bytes, "\033[200~", 6) == 0) {
        k->pasting = true;
        k->looked = 0;
        return next_of_paste(k, late, key);
    }
    name_escape(k, key);
    return true;
}
