/* What an HTML page knows of the model's tokens on a path, as JSON for its
 * script (export.html says how it is laid out). */
#ifndef GB_SESSION_EXPORT_TOKENS_H
#define GB_SESSION_EXPORT_TOKENS_H

#include "session/export.h"

/* Spectra are computed for so many tokens, the last ones: each costs half a
 * kilobyte. */
#define GB_EXPORT_SPECTRA 1000

typedef struct gb_export_token {
    const gb_node *node;
    uint32_t index;  /* in it */
    uint64_t number; /* in the conversation, see steer.h */
    gb_why why;
    gb_str spectrum; /* JSON; nothing: not known */
} gb_export_token;

typedef struct gb_export_tokens {
    gb_export_token *data;
    size_t len, capacity;
    size_t spectra;    /* of them have one */
    uint32_t *word;    /* (n_vocab) place of an id among the words, from 1 */
    uint32_t n_words;
    gb_str words;      /* their texts: JSON without the brackets */
} gb_export_tokens;

/* Finds them and looks at each. Looking changes nothing that follows. What
 * cannot be looked at (nothing to compute with, the context is too long, the
 * device fails) goes without a spectrum. False: cancelled. To be freed in any
 * case. */
bool gb_export_tokens_find(gb_session *s, const gb_exporting *how,
                           gb_export_tokens *tokens, gb_error *err);
void gb_export_tokens_free(gb_export_tokens *tokens);

/* Appends one JSON object that may stand in a script element. */
void gb_export_tokens_json(const gb_session *s, gb_export_tokens *tokens,
                           gb_str *out);

/* Appends the tag before a token's text: a class for its grade on each of the
 * scales by which the page can be coloured, and those of `kind`; what is known
 * of it in short, for those without the script. */
void gb_export_token_open(const gb_export_token *token, const char *kind,
                          gb_str *out);

/* Text with all that a browser would act on, or not show, made visible; line
 * ends and tabs stay. */
void gb_export_visible(const char *s, size_t n, gb_str *out);

#endif
