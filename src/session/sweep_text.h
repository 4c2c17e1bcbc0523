/* The texts of a sweep for people: interval, share of the range, and the text,
 * in which what differs from the one above is marked. */
#ifndef GB_SESSION_SWEEP_TEXT_H
#define GB_SESSION_SWEEP_TEXT_H

#include "session/sweep.h"

typedef struct gb_sweep_look {
    unsigned width;       /* columns; 0: a text is one line */
    bool ascii;
    const char *on, *off; /* around what differs */
} gb_sweep_look;

/* Appends texts (n), found between two temperatures, in rows, and how many
 * there are; the caller ends that line. whole: these are all. */
void gb_sweep_format(gb_str *out, const gb_sweep_look *look,
                     const gb_sweep_text *texts, size_t n, double from,
                     double to, bool whole);

/* Appends two texts, a line each behind its name, and marks the words that are
 * not in both, in the same order. */
void gb_sweep_compare(gb_str *out, const gb_sweep_look *look,
                      const char *const names[2], const gb_str *before,
                      const gb_str *after);

#endif
