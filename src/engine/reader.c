#include "engine/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/pocl.h"
#include "engine/queue.h"

void
gb_reader_open(gb_reader *r, gb_forward *forward, gb_head *head,
               const gb_progress *progress)
{
    const gb_cache *cache = forward->cache;

    *r = (gb_reader){.forward = forward, .head = head, .progress = progress};
    r->blocks = gb_blocks_new(cache->n_blocks);
    r->pass.rows = gb_alloc_array(forward->batch, sizeof *r->pass.rows);
    r->pass.tables = gb_alloc_array((size_t)GB_ROWS * cache->per_text,
                                    sizeof *r->pass.tables);
}

void
gb_reader_close(gb_reader *r)
{
    gb_blocks_free(r->blocks);
    free(r->pass.rows);
    free(r->pass.tables);
    *r = (gb_reader){.blocks = NULL};
}

static uint32_t *
table_of(const gb_reader *r, unsigned i)
{
    return r->pass.tables + (size_t)i * r->forward->cache->per_text;
}

static void
push_row(gb_reader *r, const gb_sequence *text, uint32_t position, bool store,
         int slot)
{
    r->pass.rows[r->pass.n++] = (gb_row){
        .token = (cl_int)text->ids[position],
        .position = (cl_int)position,
        .table = (cl_int)r->pass.n_tables,
        .store = store,
        .slot = slot,
    };
}

/* The row of the pass that has this position of the text being added, if one
 * does. */
static gb_row *
find_row(gb_reader *r, uint32_t position)
{
    const uint32_t i = position / GB_BLOCK;
    const uint32_t block = table_of(r, r->pass.n_tables)[i];
    gb_row *row = r->pass.rows;

    for (; row < r->pass.rows + r->pass.n; row++)
        if ((uint32_t)row->position == position &&
            table_of(r, (unsigned)row->table)[i] == block)
            return row;
    return NULL;
}

/* Asks for the end of the text being added. Where the cache has it, it is
 * computed once more, for the sake of its residual stream alone. */
static void
ask(gb_reader *r, const gb_sequence *text, int slot)
{
    gb_row *row = find_row(r, text->n - 1);

    if (row == NULL) {
        push_row(r, text, text->n - 1, false, slot);
    } else if (row->slot < 0) {
        row->slot = slot;
    } else {
        r->twins[r->n_twins].from = (unsigned)row->slot;
        r->twins[r->n_twins++].to = (unsigned)slot;
    }
}

/* Whether it is CLBlast that reads what is missing of a text. */
static bool
needs_gemm(const gb_reader *r, const gb_sequence *text)
{
    return r->forward->gemm != NULL &&
           text->n - gb_blocks_find(r->blocks, text->ids, text->n) > 1;
}

/* Adds what a text needs to the pass, or the beginning of it. *whole: all of
 * it; else it has to wait for the next pass. What CLBlast is to read at once
 * goes alone. */
static bool
add_text(gb_reader *r, const gb_sequence *text, int slot, bool *whole,
         gb_error *err)
{
    gb_pass *p = &r->pass;
    const uint32_t room = r->forward->batch - p->n;
    gb_extent x;
    uint32_t i;

    *whole = false;
    if (room == 0 || (p->n > 0 && needs_gemm(r, text)) ||
        !gb_blocks_add(r->blocks, text->ids, text->n, room, &x,
                       table_of(r, p->n_tables)))
        return true;
    if (x.copies &&
        !gb_cache_copy(r->forward->cache, x.source, x.target, err))
        return false;
    for (i = x.from; i < x.to; i++)
        push_row(r, text, i, true, -1);
    p->lengths[p->n_tables] = (uint32_t)gb_div_up(x.to, GB_BLOCK);
    p->gemm = r->forward->gemm != NULL && text->n - x.from > 1;
    r->reads = r->reads || text->n - x.from > 1;
    *whole = x.to == text->n;
    if (*whole)
        ask(r, text, slot);
    p->n_tables++;
    return true;
}

/* Makes up a pass for the texts from `done` on, and counts those that it
 * finishes. */
static bool
plan(gb_reader *r, const gb_sequence *texts, unsigned n, unsigned *done,
     gb_error *err)
{
    bool whole = true;

    /* The rows of the one before may be on their way yet. */
    if (r->pass.n > 1 && !gb_queue_rest(r->forward->c, err))
        return false;
    r->pass.n = r->pass.n_tables = r->n_twins = 0;
    r->pass.gemm = r->reads = false;
    for (; *done < n && whole && !r->pass.gemm; *done += whole)
        if (!add_text(r, &texts[*done], (int)*done, &whole, err))
            return false;
    return true;
}

static bool
run(gb_reader *r, gb_error *err)
{
    unsigned i;

    if (r->reads && gb_progress_is_cancelled(r->progress))
        return gb_fail_interrupted(err);
    /* PoCL makes machine code of a kernel where it runs first. */
    if (r->computed == 0 && !r->forward->c->program_cached &&
        gb_pocl_has(&r->forward->c->device))
        gb_progress_tell(r->progress, GB_PHASE_COMPILE, 0, 0);
    if (!gb_forward_run(r->forward, &r->pass, r->progress, err) ||
        !gb_head_take(r->head, r->pass.n, err))
        return false;
    r->computed += r->pass.n;
    for (i = 0; i < r->n_twins; i++)
        if (!gb_head_repeat(r->head, r->twins[i].from, r->twins[i].to, err))
            return false;
    return true;
}

uint32_t
gb_reader_missing(const gb_reader *r, const gb_sequence *texts, unsigned n)
{
    uint32_t total = 0, missing, behind;
    unsigned i, k;

    for (i = 0; i < n; i++) {
        missing = texts[i].n -
                  gb_blocks_find(r->blocks, texts[i].ids, texts[i].n);
        for (k = 0; k < i && missing > 1; k++) {
            behind = texts[i].n -
                     (uint32_t)gb_ids_common(texts[i].ids, texts[i].n,
                                             texts[k].ids, texts[k].n);
            missing = behind < missing ? behind : missing;
        }
        total += missing;
    }
    return total;
}

bool
gb_reader_read(gb_reader *r, const gb_sequence *texts, unsigned n,
               gb_error *err)
{
    uint64_t read = 0, total = 0;
    unsigned done = 0;
    bool ok;

    while (done < n) {
        ok = plan(r, texts, n, &done, err);
        if (r->reads && total == 0)
            total = r->pass.n + gb_reader_missing(r, texts, n);
        ok = ok && run(r, err);
        gb_blocks_done(r->blocks, ok);
        if (!ok)
            return false;
        read += r->pass.n;
        /* The last pass may be on its way yet, or its kernels. */
        if (r->reads && done < n)
            gb_progress_tell(r->progress, GB_PHASE_PREFILL,
                             read < total ? read : total, total);
    }
    return true;
}
