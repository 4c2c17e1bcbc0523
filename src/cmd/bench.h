/* What gumbel bench has measured of a type of weights, and how it is told. */
#ifndef GB_CMD_BENCH_H
#define GB_CMD_BENCH_H

#include "engine/engine.h"

/* Decoding with so many tokens already in the context; no token was measured
 * where the context has no room for it. */
typedef struct gb_decode {
    uint32_t context;
    double *ms;       /* (n) of each token, sorted at the end */
    double *round_ms; /* (rounds) the median of each */
    size_t n;
    gb_profile profile; /* of all tokens */
} gb_decode;

typedef struct gb_figures {
    unsigned rounds;
    double open_ms;        /* from the start until the engine stood */
    double first_token_ms; /* from the start until the first token */
    uint32_t prompt_tokens;
    double *prompt_ms; /* (rounds) */
    gb_profile prompt_profile; /* of all rounds */
    gb_decode at_short, at_long;
    unsigned takes;      /* written side by side; 1: none */
    gb_decode at_takes;  /* a pass for a token of each */
    double read_speed; /* bytes per second */
    double peak;       /* floating-point operations per second */
    bool profiled;
    const char *compared; /* the type that came first; NULL: this one */
    double divergence;    /* Kullback-Leibler, from that one, in nats */
} gb_figures;

/* One type, for people and as a line of JSON. */
bool gb_bench_text(const gb_model *m, const gb_engine_info *info,
                   const gb_figures *f, gb_error *err);
bool gb_bench_json(const gb_model *m, const gb_engine_info *info,
                   const gb_figures *f, gb_error *err);

#endif
