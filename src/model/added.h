/* Added tokens: texts that are one token each wherever they stand, before
 * anything is split or merged, as in Hugging Face's tokenizers. */
#ifndef GB_MODEL_ADDED_H
#define GB_MODEL_ADDED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/normalizer.h"

typedef struct gb_added_token {
    char *text;
    size_t n;
    uint32_t id;
    bool special;     /* only where special tokens are asked for */
    bool normalized;  /* looked for after those that are not */
    bool single_word; /* not where a letter, number or underscore is beside */
    bool lstrip, rstrip; /* takes the white space before, behind it */
} gb_added_token;

typedef struct gb_added {
    gb_added_token *tokens;
    size_t n, capacity;
    uint32_t *order[2]; /* by text: those that are not normalized, and are */
    size_t n_order[2];
    bool begins[2][256]; /* bytes that one begins with */
    json_t *index;       /* until they are sorted: text to place in tokens */
    void *word, *found;  /* PCRE2's, of what is beside a single word */
} gb_added;

/* The most bytes of one: it is looked for at every byte of a text. */
#define GB_MAX_ADDED 1024

/* Where one stands. */
typedef struct gb_added_match {
    size_t start, end; /* with the white space that it takes */
    uint32_t id;
} gb_added_match;

/* The token of this text, or NULL. */
gb_added_token *gb_added_get(const gb_added *a, const char *text);
/* Whether a text is none too long for one; `where` is for the error. */
bool gb_added_check(const char *text, const char *where, gb_error *err);
/* Adds one, which has no such text yet; the text is copied. */
gb_added_token *gb_added_put(gb_added *a, const char *text, uint32_t id);
/* Once all are there; the two above are not called any more. Those that are
 * normalized become what the normalizer, which may be NULL, makes of them. */
bool gb_added_sort(gb_added *a, const gb_normalizer *normalizer,
                   gb_error *err);
void gb_added_free(gb_added *a);

/* The first one in the text (n bytes) that begins at `from` or later, the
 * longest of several that begin there. Pass 0 looks for those that are not
 * normalized, 1 for those that are. *from becomes where to look next. */
bool gb_added_find(const gb_added *a, int pass, bool specials,
                   const char *text, size_t n, size_t *from,
                   gb_added_match *m);

#endif
