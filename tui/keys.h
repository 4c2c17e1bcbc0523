/* Bytes from a terminal, cut into whole keys. */
#ifndef GB_TUI_KEYS_H
#define GB_TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct gb_keys gb_keys;

/* What a key is called: "a", "C-c", "M-s", "F1", "S-F3", "PageUp", "C-Home",
 * "Esc", "Enter", "M-Enter", "WheelUp"; "Click" for the left button and
 * "Mouse" for anything else of the mouse; "Paste" for pasted text (bytes are
 * the text without its brackets, lines ended by \n); "" for a sequence that
 * has no name here, which readline may know. */
typedef struct gb_key {
    char name[16];
    unsigned row, column; /* of the mouse, from 0 on */
    const char *bytes; /* as they came; valid until the next call */
    size_t n;
} gb_key;

gb_keys *gb_keys_new(void);
void gb_keys_free(gb_keys *k);

/* Tells that `bytes` means the key `name` on this terminal (terminfo). */
void gb_keys_define(gb_keys *k, const char *bytes, const char *name);

void gb_keys_push(gb_keys *k, const char *bytes, size_t n);

/* Takes the next whole key. With `late`, what is there must do: a lone ESC
 * is the Esc key then. Returns false when there is none. */
bool gb_keys_next(gb_keys *k, bool late, gb_key *key);

/* How many milliseconds to wait for the rest of a key before calling
 * gb_keys_next with `late`; -1 when none has begun. */
int gb_keys_wait(const gb_keys *k);

#endif
