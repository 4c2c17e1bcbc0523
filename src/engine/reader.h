/* Reads texts: what the cache does not have of them goes through the layers, in
 * passes that serve as many of them as there is room for. */
#ifndef GB_ENGINE_READER_H
#define GB_ENGINE_READER_H

#include "base/progress.h"
#include "engine/blocks.h"
#include "engine/forward.h"
#include "engine/head.h"

typedef struct gb_reader {
    gb_forward *forward;
    gb_head *head;
    const gb_progress *progress;
    gb_blocks *blocks;
    uint64_t computed; /* positions that went through the layers */
    /* The pass that is being made up: */
    gb_pass pass;
    bool reads; /* more than the next position of some text */
    struct {
        unsigned from, to;
    } twins[GB_ROWS]; /* slots of the same position */
    unsigned n_twins;
} gb_reader;

/* What is given must stay until it is closed. */
void gb_reader_open(gb_reader *r, gb_forward *forward, gb_head *head,
                    const gb_progress *progress);
void gb_reader_close(gb_reader *r);

/* Makes the ends of 1 <= n <= GB_ROWS texts the heads' rows 0 .. n - 1. Does
 * not wait for a few positions. Cancelled, or where it fails: what was finished
 * stays. */
bool gb_reader_read(gb_reader *r, const gb_sequence *texts, unsigned n,
                    gb_error *err);

/* Positions that are still to be computed for n texts, what they have in common
 * once. */
uint32_t gb_reader_missing(const gb_reader *r, const gb_sequence *texts,
                           unsigned n);

#endif
