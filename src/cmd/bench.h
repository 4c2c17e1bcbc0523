/* What gumbel bench has measured of a type of weights, and how it is told. */
#ifndef GB_CMD_BENCH_H
#define GB_CMD_BENCH_H

#include "cmd/open.h"
#include "cmd/options.h"
#include "engine/engine.h"
#include "session/draft.h"

/* Decoding with so many tokens already in the context; no token was measured
 * where the context has no room for it. */
typedef struct gb_decode {
    uint32_t context;
    double *ms;       /* (n) of each token, sorted at the end */
    double *round_ms; /* (rounds) the median of each */
    size_t n;
    gb_profile profile; /* of all tokens */
} gb_decode;

/* Texts with guesses, in each round. */
typedef struct gb_drafted {
    double *ms;  /* (rounds) of a token; NULL: it is not measured */
    gb_draft_count count; /* of all rounds */
} gb_drafted;

/* What guesses gain. */
typedef struct gb_drafting {
    const char *who;     /* NULL: nobody guesses */
    gb_draft *draft;
    unsigned takes;      /* texts side by side */
    uint32_t tokens;     /* of each */
    unsigned n;          /* rounds so far */
    double *off_ms;      /* (n) of a token without guesses */
    gb_drafted text;     /* with them; */
    gb_drafted again;    /* the same ones once more, for "lookup" */
} gb_drafting;

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
    gb_drafting drafting;
    double read_speed; /* bytes per second */
    double peak;       /* floating-point operations per second */
    bool profiled;
    const char *compared; /* the type that came first; NULL: this one */
    double divergence;    /* Kullback-Leibler, from that one, in nats */
} gb_figures;

/* Whoever the options say guesses for the engine, which must live as long;
 * where nobody can, that is said, and nothing is measured. */
bool gb_drafting_open(gb_drafting *g, const gb_options *o, gb_engine *e,
                      gb_opened *opened, gb_error *err);
void gb_drafting_close(gb_drafting *g);
/* Whether the model's words are needed for it. */
bool gb_drafting_reads(const gb_options *o);
/* Texts without guesses, then with them, then once more. */
bool gb_drafting_round(gb_engine *e, gb_drafting *g, unsigned round,
                       gb_error *err);

/* The middle of x (n), which it sorts; of an even number of them the mean of
 * both that are; NAN of none. */
double gb_median(double *x, size_t n);

/* One type, for people and as a line of JSON. */
bool gb_bench_text(const gb_model *m, const gb_engine_info *info,
                   const gb_figures *f, gb_error *err);
bool gb_bench_json(const gb_model *m, const gb_engine_info *info,
                   const gb_figures *f, gb_error *err);

#endif
