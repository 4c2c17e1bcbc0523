#include "tests/tui/keys.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include "base/mem.h"

typedef struct named_key {
    const char *name;
    VTermKey key;
    const char *capability; /* of terminfo */
} named_key;

static const named_key named[] = {
    {"Up", VTERM_KEY_UP, NULL},
    {"Down", VTERM_KEY_DOWN, NULL},
    {"Left", VTERM_KEY_LEFT, NULL},
    {"Right", VTERM_KEY_RIGHT, NULL},
    {"Home", VTERM_KEY_HOME, "khome"},
    {"End", VTERM_KEY_END, "kend"},
    {"PageUp", VTERM_KEY_PAGEUP, "kpp"},
    {"PageDown", VTERM_KEY_PAGEDOWN, "knp"},
    {"Insert", VTERM_KEY_INS, "kich1"},
    {"Delete", VTERM_KEY_DEL, "kdch1"},
    {"F1", VTERM_KEY_FUNCTION(1), "kf1"},
    {"F2", VTERM_KEY_FUNCTION(2), "kf2"},
    {"F3", VTERM_KEY_FUNCTION(3), "kf3"},
    {"F4", VTERM_KEY_FUNCTION(4), "kf4"},
    {"F5", VTERM_KEY_FUNCTION(5), "kf5"},
    {"F6", VTERM_KEY_FUNCTION(6), "kf6"},
    {"F7", VTERM_KEY_FUNCTION(7), "kf7"},
    {"F8", VTERM_KEY_FUNCTION(8), "kf8"},
    {"F9", VTERM_KEY_FUNCTION(9), "kf9"},
    {"F10", VTERM_KEY_FUNCTION(10), "kf10"},
    {"F11", VTERM_KEY_FUNCTION(11), "kf11"},
    {"F12", VTERM_KEY_FUNCTION(12), "kf12"},
};

static const struct {
    const char *name;
    char byte;
} bytes[] = {
    {"Enter", '\r'}, {"Esc", '\033'}, {"Tab", '\t'}, {"Backspace", '\177'},
    {"Space", ' '},
};

/* The emulator types as xterm does; other terminals say in terminfo what
 * they type. False when they do not. */
static bool
type_as(gb_str *typed, const char *term, const char *capability)
{
    char name[16];
    char *text;
    int result;

    if (strncmp(term, "xterm", 5) == 0 || capability == NULL ||
        setupterm(term, STDERR_FILENO, &result) != OK)
        return false;
    snprintf(name, sizeof(name), "%s", capability);
    text = tigetstr(name);
    if (text == NULL || text == (char *)(intptr_t)-1)
        text = NULL;
    else
        gb_str_puts(typed, text);
    del_curterm(cur_term);
    return text != NULL;
}

static void
type_named(screen *s, const named_key *key, VTermModifier modifiers,
           const char *term)
{
    if (modifiers != VTERM_MOD_NONE ||
        !type_as(screen_typed(s), term, key->capability))
        screen_key(s, key->key, modifiers);
}

static void
type_text(screen *s, const char *text, VTermModifier modifiers)
{
    gb_str *typed = screen_typed(s);

    if (modifiers & VTERM_MOD_ALT)
        gb_str_putc(typed, '\033');
    if (modifiers & VTERM_MOD_CTRL)
        gb_str_putc(typed, *text == '?' ? '\177' : (char)(*text & 0x1f));
    else
        gb_str_puts(typed, text);
}

static const char *
read_modifiers(const char *name, VTermModifier *modifiers)
{
    unsigned bits = VTERM_MOD_NONE;

    for (; strlen(name) > 2 && name[1] == '-'; name += 2) {
        if (name[0] == 'C')
            bits |= VTERM_MOD_CTRL;
        else if (name[0] == 'M')
            bits |= VTERM_MOD_ALT;
        else if (name[0] == 'S')
            bits |= VTERM_MOD_SHIFT;
        else
            break;
    }
    *modifiers = (VTermModifier)bits;
    return name;
}

bool
keys_type(screen *s, const char *whole, const char *term, gb_error *err)
{
    VTermModifier modifiers;
    const char *name = read_modifiers(whole, &modifiers);
    char text[2] = {0, 0};
    size_t i;

    for (i = 0; i < GB_COUNT(named); i++) {
        if (strcmp(name, named[i].name) == 0) {
            type_named(s, &named[i], modifiers, term);
            return true;
        }
    }
    if (strcmp(name, "WheelUp") == 0 || strcmp(name, "WheelDown") == 0) {
        screen_click(s, name[5] == 'U' ? 4 : 5, 5, 5);
        return true;
    }
    if (strcmp(name, "Click") == 0) {
        screen_click(s, 1, 3, 6);
        return true;
    }
    for (i = 0; i < GB_COUNT(bytes); i++) {
        if (strcmp(name, bytes[i].name) == 0) {
            text[0] = bytes[i].byte;
            type_text(s, text, modifiers & VTERM_MOD_ALT);
            return true;
        }
    }
    if (*name == '\0' || (modifiers & VTERM_MOD_SHIFT) ||
        ((name[0] & 0x80) == 0 && name[1] != '\0'))
        return gb_fail_usage(err, "no key is called \"%s\"", whole);
    type_text(s, name, modifiers);
    return true;
}

bool
keys_press(screen *s, const char *text, const char *term, gb_error *err)
{
    const char *end;
    char *name;
    bool ok = true;

    while (*text != '\0' && ok) {
        end = *text == '<' ? strchr(text + 2, '>') : NULL;
        if (end == NULL) {
            gb_str_putc(screen_typed(s), *text++);
            continue;
        }
        name = gb_strndup(text + 1, (size_t)(end - text - 1));
        ok = keys_type(s, name, term, err);
        free(name);
        text = end + 1;
    }
    return ok;
}
