/* The pace of writing: it holds the computation back, not what is shown, so
 * that whatever is changed acts on the very next token that appears. */
#ifndef GB_SESSION_PACE_H
#define GB_SESSION_PACE_H

#include <stdbool.h>

#include "base/error.h"

#define GB_PACE_MAX 100000.0

typedef struct gb_pace {
    double rate;   /* tokens a second; 0: as fast as it can */
    bool paused;
    unsigned once; /* tokens to be written all the same */
    bool rush;     /* full speed for the rest of this run */
    double due;    /* the moment (gb_now_ms) of the next token */
    bool late;     /* the last one came after its moment */
} gb_pace;

/* Reads "full" or a number of tokens a second from 0.01 to GB_PACE_MAX. */
bool gb_pace_parse(const char *text, double *rate, gb_error *err);

/* What a command asks for: a rate as above; "pause" (again: go on), "go",
 * "step" for one token and a pause behind it, "rush" for full speed to the
 * end of the run. */
bool gb_pace_change(gb_pace *p, const char *value, gb_error *err);

/* A run begins: at once, at its own pace; a pause was of the run before. */
void gb_pace_begin(gb_pace *p, double now);
/* When the next token may be computed: `now` or before, at once; INFINITY:
 * not before a change. */
double gb_pace_due(const gb_pace *p);
/* Whether it is the pace that holds the next token back, and not the time that
 * computing one takes. */
bool gb_pace_holds(const gb_pace *p);
/* A token was computed. */
void gb_pace_count(gb_pace *p, double now);

#endif
