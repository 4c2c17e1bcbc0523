/* GPT-2 on an OpenCL device: forward pass with KV cache, and the two heads.
 *
 * An engine holds one sequence of positions 0 .. length-1. Feeding appends;
 * rewinding forgets the end. The logits of a position are bit for bit the
 * same however the tokens before it were fed (batch invariance), except
 * where CLBlast does the prefill.
 *
 * Not thread-safe: one thread at a time. */
#ifndef GB_ENGINE_ENGINE_H
#define GB_ENGINE_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/device.h"
#include "engine/packing.h"
#include "model/model.h"
#include "sample/adjust.h"
#include "sample/filter.h"

typedef struct gb_engine gb_engine;

typedef enum gb_prefill_choice {
    GB_PREFILL_AUTO, /* CLBlast where it was measured to be faster */
    GB_PREFILL_OWN,
    GB_PREFILL_CLBLAST,
} gb_prefill_choice;

/* What is being done while an engine opens, or a long prompt is read. Called
 * on the thread that opened or fed; done and total are bytes, tokens of a
 * prompt, 0 where not known. The last three are for those above. */
typedef enum gb_phase {
    GB_PHASE_LOAD,    /* weights to the device */
    GB_PHASE_COMPILE, /* kernels */
    GB_PHASE_PREFILL, /* prompt */
    GB_PHASE_HASH,    /* of the weights */
    GB_PHASE_SESSION, /* a session file is read */
    GB_PHASE_EXPORT,  /* tokens are looked at for a page */
} gb_phase;
typedef void gb_progress(void *arg, gb_phase phase, uint64_t done,
                         uint64_t total);

typedef struct gb_engine_options {
    const char *device; /* SPEC of gb_device_choose; NULL: default */
    gb_dtype_choice dtype;
    gb_prefill_choice prefill;
    gb_progress *progress; /* may be NULL */
    void *progress_arg;
    const atomic_bool *cancel; /* may be NULL; set it from anywhere to make
                                  open and feed return GB_INTERRUPTED soon */
} gb_engine_options;

typedef struct gb_engine_info {
    gb_device device;
    const char *dtype;        /* of the weights in device memory: "f32", ..., or
                                 "mixed" */
    const char *dtype_why;    /* "", or why it is so: "rounded, as ..." */
    const char *prefill;      /* "own" or "clblast" */
    uint64_t weight_bytes, cache_bytes, scratch_bytes; /* on the device */
    bool program_cached;      /* the kernels came from the binary cache */
    double load_ms, compile_ms;
} gb_engine_info;

/* The model must stay open as long as the engine. */
gb_engine *gb_engine_open(const gb_model *model,
                          const gb_engine_options *options, gb_error *err);
void gb_engine_close(gb_engine *e);

const gb_engine_info *gb_engine_get_info(const gb_engine *e);
const gb_model *gb_engine_model(const gb_engine *e);

/* Positions in the KV cache, and the tokens that were fed there (length); they
 * stay where they are as long as the engine is open. */
uint32_t gb_engine_length(const gb_engine *e);
const gb_token *gb_engine_ids(const gb_engine *e);
/* Forgets all positions >= length. After it the heads need a feed first. */
void gb_engine_rewind(gb_engine *e, uint32_t length);

/* Forward pass over n >= 1 further tokens. It is an error when the context
 * would overflow; nothing is fed then. Cancelled: GB_INTERRUPTED, the
 * positions that were finished stay. With n = 1 it returns before the device
 * is done; the heads wait. Where the device fails, here or in a head, the
 * engine forgets what it was not yet seen to have computed: length tells. */
bool gb_engine_feed(gb_engine *e, const gb_token *ids, uint32_t n,
                    gb_error *err);

/* What a head says of the last position fed. Where adjustments are given, the
 * logits that it speaks of are the model's after them: log-probability, rank,
 * entropy and range are those of what could be picked. A banned token never
 * is; when all are, that is an error. NULL: no adjustments, which cost nothing
 * and change no bit. */
typedef struct gb_pick {
    gb_token id;
    float logprob; /* natural log of the token's probability, before filters,
                      at the temperature in force (greedy: 1) */
    gb_token runner_up;   /* the second best, and by how much it is worse */
    float margin;         /* in score (log-probability + noise; greedy: logit) */
    uint32_t rank; /* so many tokens are likelier (of equal logits, those with
                      lower ids) */
    float entropy; /* in nats, of all tokens before filters, at the temperature
                      in force (greedy: 1) */
    float noise;   /* of the token (greedy: 0) */
    float from, to; /* the temperatures between which this token is picked
                       with this noise; they hold the one in force. Filters
                       on: only that one, until gb_engine_range is asked.
                       Greedy: 0 and INFINITY, for it has none. */
} gb_pick;

/* The greedy head: argmax of the last position. */
bool gb_engine_greedy(gb_engine *e, const gb_adjustments *adjust,
                      gb_pick *pick, gb_error *err);

/* The sampling head, then argmax(logprobs + gumbel(seed + step)). */
bool gb_engine_sample(gb_engine *e, float temperature, const gb_filter *filter,
                      const gb_adjustments *adjust, uint64_t seed,
                      uint64_t step, gb_pick *pick, gb_error *err);

/* Finds from and to of the pick that gb_engine_sample has just given with these
 * arguments, nothing else having been asked of the engine since. With filters
 * this takes the host some time, so it is not done for every token. */
bool gb_engine_range(gb_engine *e, float temperature, const gb_filter *filter,
                     gb_pick *pick, gb_error *err);

/* Several texts at once: a pass over the weights serves a row of each. */

/* So many rows at most. */
#define GB_ROWS 16

/* A text whose next token is wanted. Rows may share their beginning, be the
 * same text with other noise, or each be the one before and a token more. */
typedef struct gb_sequence {
    const gb_token *ids; /* (n) what the model sees, oldest first */
    uint32_t n;          /* 1 <= n <= n_ctx */
    uint64_t seed, step; /* whose noise is added (sampling) */
    const gb_adjustments *adjust; /* as above */
} gb_sequence;

/* What all rows share. */
typedef struct gb_rule {
    bool greedy;
    float temperature;       /* sampling */
    const gb_filter *filter; /* sampling; NULL: none */
} gb_rule;

/* Reads what is not in the cache of 1 <= n <= GB_ROWS texts, and picks for
 * each the token that follows: picks (n), as gb_engine_sample or
 * gb_engine_greedy give them when the text is alone, bit for bit, however many
 * there are and whatever they are (except where CLBlast does the prefill).
 * Afterwards the last row is what was fed. */
bool gb_engine_pick_rows(gb_engine *e, const gb_rule *rule,
                         const gb_sequence *rows, unsigned n, gb_pick *picks,
                         gb_error *err);

/* The same for what the head says of each: logits (n, n_vocab) f32, as
 * gb_engine_logits. Of a row only ids and n count. */
bool gb_engine_logit_rows(gb_engine *e, const gb_sequence *rows, unsigned n,
                          float *logits, gb_error *err);

/* The sampling head's vector: logprobs (n_vocab) f32. */
bool gb_engine_logprobs(gb_engine *e, float temperature,
                        const gb_adjustments *adjust, float *logprobs,
                        gb_error *err);

/* What the head makes of a position < length: logits (n_vocab) f32, before
 * adjustments, temperature and filters. Looking changes nothing: an earlier
 * position is computed once more, from the keys and values that are in the
 * cache and stay as they are, and the heads go on with the last position fed.
 * The bits are those that this position gave when it was the last one, except
 * where CLBlast did the prefill. */
bool gb_engine_logits(gb_engine *e, uint32_t position, float *logits,
                      gb_error *err);

/* Rewinds to 0 and feeds ids; logprobs[i] (n) f32 is the log-probability of
 * ids[i] given those before it, logprobs[0] is NaN. n <= n_ctx. */
bool gb_engine_score(gb_engine *e, const gb_token *ids, uint32_t n,
                     float *logprobs, gb_error *err);

/* How fast the device reads its memory, in bytes per second: what a token
 * must cost at the least is info.weight_bytes over it. */
bool gb_engine_read_speed(gb_engine *e, double *bytes_per_second,
                          gb_error *err);

#endif
