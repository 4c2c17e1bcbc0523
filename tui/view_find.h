/* Searching in paragraphs. */
#ifndef GB_TUI_VIEW_FIND_H
#define GB_TUI_VIEW_FIND_H

#include <stdint.h>

#include "tui/view_text.h"

typedef struct gb_find {
    uint32_t *wanted; /* the characters looked for */
    size_t n_wanted;
    bool exact_case;
    bool has_current;
    gb_view_pos current; /* where the current match begins */
} gb_find;

typedef struct gb_span {
    size_t start, end;
} gb_span;

typedef struct gb_spans {
    gb_span *data;
    size_t len, capacity;
} gb_spans;

void gb_find_free(gb_find *f);
/* False when text is empty. */
bool gb_find_set(gb_find *f, const char *text, size_t n);
bool gb_find_is_set(const gb_find *f);

/* All matches in text that touch [from, to), in order; the caller frees
 * spans->data. Matches do not overlap. */
void gb_find_spans(const gb_find *f, const char *text, size_t n, size_t from,
                   size_t to, gb_spans *spans);

/* The first match that begins at or behind `from`, else the first of all;
 * backwards: the last that begins before `from`, else the last of all. */
bool gb_find_nearest(const gb_find *f, const gb_paragraphs *ps,
                     gb_view_pos from, bool backwards, gb_view_pos *found);

/* How many matches there are, and which of them, from 1 on, is the current
 * one (0: none); at most `limit` are counted. */
size_t gb_find_count(const gb_find *f, const gb_paragraphs *ps, size_t limit,
                     size_t *index);

/* Forgets a current match that is gone. */
void gb_find_truncated(gb_find *f, gb_view_pos end);

#endif
