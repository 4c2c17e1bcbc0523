/* GPT-2 on an OpenCL device: forward pass with KV cache, and the two heads.
 *
 * An engine keeps the keys and values of what it has read, of as many texts as
 * there is room for: what a text has in common with one of them is not read
 * again. What is fed bit by bit is one text of positions 0 .. length-1: feeding
 * appends; rewinding forgets the end. The logits of a position are bit for bit
 * the same however the tokens before it were read (batch invariance), except
 * where CLBlast does the prefill.
 *
 * Not thread-safe: one thread at a time. */
#ifndef GB_ENGINE_ENGINE_H
#define GB_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/progress.h"
#include "engine/device.h"
#include "engine/packing.h"
#include "engine/pick.h"
#include "engine/profile.h"
#include "model/model.h"
#include "sample/adjust.h"
#include "sample/filter.h"

typedef struct gb_engine gb_engine;

typedef enum gb_prefill_choice {
    GB_PREFILL_AUTO, /* CLBlast where it was measured to be faster */
    GB_PREFILL_OWN,
    GB_PREFILL_CLBLAST,
} gb_prefill_choice;

typedef struct gb_engine_options {
    const char *device; /* SPEC of gb_device_choose; NULL: default */
    gb_dtype_choice dtype;
    gb_prefill_choice prefill;
    gb_dtype_choice cache_type; /* of keys and values: GB_DTYPE_F16, or
                                   GB_DTYPE_F32, as which _AUTO counts */
    uint64_t cache_bytes; /* for keys and values, but at least one context;
                             0: a share of what the device has left */
    gb_progress progress; /* of opening, and of feeding a long prompt */
} gb_engine_options;

typedef struct gb_engine_info {
    gb_device device;
    const char *dtype;        /* of the weights in device memory: "f32", ..., or
                                 "mixed" */
    const char *dtype_why;    /* "", or why it is so: "rounded, as ..." */
    const char *prefill;      /* "own" or "clblast" */
    bool counts_reads;        /* clblast: what a position gives depends on how
                                 many were read at once */
    const char *cache_type;   /* of keys and values: "f32" or "f16" */
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

/* Positions that were fed, and their tokens (length); they stay where they are
 * as long as the engine is open. */
uint32_t gb_engine_length(const gb_engine *e);
const gb_token *gb_engine_ids(const gb_engine *e);
/* Forgets all positions >= length, and all other texts. */
void gb_engine_rewind(gb_engine *e, uint32_t length);

/* Positions that went through the layers since it was opened. */
uint64_t gb_engine_computed(const gb_engine *e);
/* Positions of n texts that the cache lacks, of which only ids and n count;
 * what they have in common once. */
uint32_t gb_engine_missing(const gb_engine *e, const gb_sequence *rows,
                           unsigned n);

/* Forward pass over n >= 1 further tokens. It is an error when the context
 * would overflow; nothing is fed then. Cancelled: GB_INTERRUPTED, the
 * positions that were finished stay. With few it returns before the device is
 * done; the heads wait. Where the device fails, here or in a head, the engine
 * forgets all that it has read: length is 0. */
bool gb_engine_feed(gb_engine *e, const gb_token *ids, uint32_t n,
                    gb_error *err);

/* The same for a text of n >= 1 tokens, whatever was fed: reads what is not in
 * the cache of it, and then it is what was fed. */
bool gb_engine_read(gb_engine *e, const gb_token *ids, uint32_t n,
                    gb_error *err);

/* Several texts at once: a pass over the weights serves a row of each. */

/* Reads what is not in the cache of 1 <= n <= GB_ROWS texts, and picks for
 * each the token that follows: picks (n), by the greedy head, argmax(logits),
 * or the sampling one, argmax(logprobs + gumbel(seed + step)). They are as when
 * the text is alone, bit for bit, however many there are and whatever they are
 * (except where CLBlast does the prefill).
 * Passes are as few as there is room in the cache for their texts. Afterwards
 * the last row is what was fed; cancelled, what the cache still has of that
 * which was. */
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
 * adjustments, temperature and filters. Looking changes nothing: a position
 * that the heads have not at hand is computed once more, from the keys and
 * values that are in the cache and stay as they are. The bits are those that
 * this position gave when it was the last one, except where CLBlast did the
 * prefill. */
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
/* How fast it multiplies and adds float32, in operations per second. */
bool gb_engine_peak(gb_engine *e, double *flops, gb_error *err);

/* From here on it is counted where the device's time goes. */
bool gb_engine_profile(gb_engine *e, gb_error *err);
/* What came together since it was last asked. */
bool gb_engine_take_profile(gb_engine *e, gb_profile *profile, gb_error *err);

/* Bytes that an engine with these options would need on a device, about. */
uint64_t gb_engine_size(const gb_model *model, const gb_device *device,
                        const gb_engine_options *options);

#endif
