/* What the user can set, with its limits; the same names as options, in the
 * config file, in /set, and in journals. */
#ifndef GB_SESSION_SETTINGS_H
#define GB_SESSION_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "model/tokenizer.h"
#include "sample/filter.h"

#define GB_TEMPERATURE_MIN 0.001
#define GB_TEMPERATURE_MAX 1000.0
#define GB_TEMPERATURE_DEFAULT 0.8f
#define GB_MAX_STOPS 16

typedef struct gb_settings {
    float temperature;       /* GB_TEMPERATURE_DEFAULT */
    uint64_t seed;           /* 0 */
    bool greedy;             /* false */
    gb_filter filter;        /* off */
    double repetition_penalty; /* 1: off */
    uint32_t repetition_last;  /* 0: all */
    double dry_multiplier;     /* 0: off */
    double dry_base;           /* 1.75 */
    uint32_t dry_allowed_length; /* 2; at least 1 */
    uint32_t dry_last;         /* 0: all */
    uint32_t max_new_tokens; /* 50; at least 1 */
    int64_t max_prompt_tokens; /* the first ones; below 0: the last ones;
                                  0: all that the context holds */
    bool ignore_eos;         /* false */
    /* Kept by gb_intern; "": off. */
    const char *stop;        /* stop strings: a list of texts as JSON */
    const char *pin;         /* what the model always sees first */
    const char *bias;        /* see bias.h */
    const char *dry_breakers; /* a list of texts as JSON */
} gb_settings;

void gb_settings_init(gb_settings *s);

/* Sets one by its name (see settings.def) from text. The message says what was
 * expected and found (GB_USAGE). "off" is accepted for the filters;
 * on/off/true/false/yes/no/1/0 for switches. */
bool gb_settings_set(gb_settings *s, const char *name, const char *value,
                     gb_error *err);

/* The same, but the value may also be a change of the one in force: a number
 * with a sign for "temperature" (which stays within its limits), "next" for
 * "seed" (gb_seed_jump), "toggle" for "greedy", one token's for "bias"
 * (gb_bias_change). */
bool gb_settings_change(gb_settings *s, const char *name, const char *value,
                        gb_error *err);

/* The stop strings; they live on. One more: GB_USAGE when it is empty or one
 * too many. */
size_t gb_settings_stops(const gb_settings *s,
                         const char *stops[GB_MAX_STOPS]);
bool gb_settings_add_stop(gb_settings *s, const char *text, gb_error *err);
/* One more token's bias, "TOKEN=X"; or all of them, as JSON or "off". */
bool gb_settings_add_bias(gb_settings *s, const char *value, gb_error *err);

/* All of them as JSON values: numbers, booleans, texts; null for what is off.
 * The caller owns the result. */
json_t *gb_settings_json(const gb_settings *s);

/* Whether all are the same, to the bit. */
bool gb_settings_same(const gb_settings *a, const gb_settings *b);

/* Appends the value as gb_settings_set reads it back. */
bool gb_settings_get(const gb_settings *s, const char *name, gb_str *out);

/* Whether the setting of this index (see gb_settings_names) is not the same,
 * to the bit. */
bool gb_settings_differ(const gb_settings *a, const gb_settings *b, size_t i);

/* Appends what is not the same, for people: "temperature 0.8 -> 1.2, ..."
 * with an arrow; nothing when all is. */
void gb_settings_differences(const gb_settings *then, const gb_settings *now,
                             gb_str *out);

/* Leaves of a prompt's ids what max_prompt_tokens says; returns whether any
 * had to go. */
bool gb_settings_cut(const gb_settings *s, gb_ids *ids);

/* The names above, NULL-terminated. */
extern const char *const gb_settings_names[];

#endif
