/* The texts of a run that are known, each with the temperatures between which
 * it comes, and where others must lie. */
#ifndef GB_SESSION_TRIAL_MAP_H
#define GB_SESSION_TRIAL_MAP_H

#include "session/tree.h"

/* A text, or its beginning. */
typedef struct gb_trial_text {
    double at; /* a temperature at which it comes; */
    double from, to; /* and all others, found by gb_trial_interval */
    double reach; /* how far beyond a border the next text is looked for, of
                     the temperature */
    gb_written *tokens; /* (n) */
    uint32_t n;
    gb_str text; /* of them */
    gb_reason reason;
} gb_trial_text;

typedef struct gb_trial_map {
    gb_trial_text *texts; /* (n) ascending, without overlaps */
    size_t n, room;
} gb_trial_map;

void gb_trial_map_clear(gb_trial_map *m);
void gb_trial_map_free(gb_trial_map *m);

/* The index of the text that comes at a temperature; SIZE_MAX: not known. */
size_t gb_trial_map_find(const gb_trial_map *m, double temperature);

/* Finds from and to of what the tokens of a text say so far; reach is what it
 * is at first. */
void gb_trial_interval(gb_trial_text *text);

/* A whole text, of which all but the interval counts and is copied. */
void gb_trial_map_add(gb_trial_map *m, const gb_trial_text *text);

/* Where to look: between two temperatures, on either side of a text, the
 * nearest first. */
typedef struct gb_trial_search {
    size_t around;
    double temperature, from, to;
    const gb_trial_text *busy; /* (n_busy) what is written at this time */
    size_t n_busy;
} gb_trial_search;

/* Finds a temperature at which neither a text that is known comes nor one that
 * is being written. False: there is none, as far as one can tell by now. */
bool gb_trial_map_next(const gb_trial_map *m, const gb_trial_search *s,
                       float *at);

#endif
