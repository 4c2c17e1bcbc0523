/* A session run again from its journal, every token verified. */
#ifndef GB_SESSION_REPLAY_H
#define GB_SESSION_REPLAY_H

#include "engine/engine.h"
#include "session/tree.h"
#include "session/journal.h"

typedef struct gb_replay_options {
    bool pace;                 /* wait as long as it took */
    gb_watcher watcher;        /* sees the session come about again */
    gb_progress progress;
} gb_replay_options;

/* The first token that was not the same. */
typedef struct gb_divergence {
    unsigned line;          /* in the file */
    uint64_t token;         /* how many were verified before it */
    uint64_t step;          /* of the seed */
    uint64_t seed;
    gb_token recorded, computed;
    float recorded_logprob, computed_logprob;
    gb_token runner_up;     /* of what was computed, */
    float margin;           /* and how much worse it scored */
} gb_divergence;

typedef struct gb_replay_result {
    bool identical;
    bool interrupted;       /* cancelled before the end */
    bool torn;              /* the file ends in the middle of an event */
    unsigned unknown;       /* events of types unknown to this version */
    uint64_t tokens;        /* verified */
    double ms;              /* spent in all */
    float logprob_difference; /* largest, among the identical tokens */
    gb_divergence divergence; /* when not identical and not interrupted */
    gb_str differences;     /* between then and now: "dtype f16, was f32";
                               empty when model, device, driver, weight type,
                               prefill and version are the same */
    gb_tree *tree;    /* where it ended; for its branch */
} gb_replay_result;

/* Runs the events of r on the engine; it must be rewound by its owner
 * afterwards. False: the file is unusable from some line on (GB_USAGE), or
 * the device failed (GB_FAILED). A divergence is no failure: it ends the
 * replay. The result is to be freed in any case. */
bool gb_replay(gb_journal_reader *r, gb_engine *engine, gb_model *model,
               const gb_replay_options *options, gb_replay_result *result,
               gb_error *err);
void gb_replay_result_free(gb_replay_result *result);

/* The verdict for people: one or several lines, no final newline. */
void gb_replay_describe(const gb_replay_result *result,
                        const gb_tokenizer *tokenizer, gb_str *out);
/* The same as one JSON object, no final newline. */
void gb_replay_json(const gb_replay_result *result, gb_str *out);

#endif
