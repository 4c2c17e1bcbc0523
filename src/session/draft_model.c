#include "session/draft_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/adjuster.h"
#include "session/gain.h"
#include "session/loop.h"

struct gb_draft_model {
    const gb_model *first; /* whose text it is */
    gb_model *own;         /* NULL: it is the first one's */
    gb_engine *engine;
    gb_adjuster adjuster;
    size_t skipped;        /* of the text, too old to be seen */
};

static bool
is_same_piece(const gb_tokenizer *a, const gb_tokenizer *b, gb_token id)
{
    const char *x, *y;
    size_t n, m;

    x = gb_tokenizer_bytes(a, id, &n);
    y = gb_tokenizer_bytes(b, id, &m);
    return n == m && memcmp(x, y, n) == 0;
}

static bool
check_vocabulary(const gb_model *first, const gb_model *own, gb_error *err)
{
    gb_token id;

    if (first->config.n_vocab != own->config.n_vocab)
        return gb_fail(err, "%s cannot draft for %s: it has %u token ids, "
                       "expected %u", own->name, first->name,
                       (unsigned)own->config.n_vocab,
                       (unsigned)first->config.n_vocab);
    if (first->tokenizer == NULL) /* random weights have no words */
        return true;
    for (id = 0; id < first->config.n_vocab; id++)
        if (!is_same_piece(first->tokenizer, own->tokenizer, id))
            return gb_fail(err, "%s cannot draft for %s: token %u is \"%s\", "
                           "expected \"%s\"", own->name, first->name,
                           (unsigned)id,
                           gb_tokenizer_piece(own->tokenizer, id),
                           gb_tokenizer_piece(first->tokenizer, id));
    return true;
}

static gb_model *
open_own(const gb_model *first, const char *name, gb_error *err)
{
    char *folder = gb_model_find(name, err);
    gb_model *m = folder != NULL ? gb_model_open(folder, err) : NULL;

    free(folder);
    if (m != NULL && !check_vocabulary(first, m, err)) {
        gb_model_close(m);
        m = NULL;
    }
    return m;
}

gb_draft_model *
gb_draft_model_open(gb_engine *engine, const gb_draft_options *o,
                    gb_error *err)
{
    const gb_engine_info *info = gb_engine_get_info(engine);
    const bool self = gb_draft_kind_of(o->who) == GB_DRAFT_SELF;
    gb_engine_options options = {
        .device = o->device,
        .dtype = self ? GB_DTYPE_Q4_0 : GB_DTYPE_AUTO,
        .prefill = GB_PREFILL_OWN,
        .progress = o->progress,
    };
    gb_draft_model *m;

    if (self && strcmp(info->dtype, "q4_0") == 0) {
        gb_fail(err, "no drafts by self: the model itself is of q4_0");
        err->status = GB_OK;
        return NULL;
    }
    m = gb_alloc(sizeof *m);
    m->first = gb_engine_model(engine);
    if (!self)
        m->own = open_own(m->first, o->who, err);
    if (self || m->own != NULL)
        m->engine = gb_engine_open(self ? m->first : m->own, &options, err);
    if (m->engine != NULL)
        return m;
    gb_draft_model_close(m);
    return NULL;
}

void
gb_draft_model_close(gb_draft_model *m)
{
    if (m == NULL)
        return;
    gb_engine_close(m->engine);
    gb_model_close(m->own);
    gb_adjuster_free(&m->adjuster);
    free(m);
}

/* How much of the text is too old to be seen. It stays the same for half a
 * context, so that what was read is not read again for each token. */
static size_t
skip(gb_draft_model *m, size_t n)
{
    const size_t n_ctx = gb_engine_model(m->engine)->config.n_ctx;
    const size_t half = (n_ctx + 1) / 2;
    const size_t least = half < GB_GAIN_SHORT ? half : GB_GAIN_SHORT;

    if (n < m->skipped + least || n > m->skipped + n_ctx)
        m->skipped = n > n_ctx ? n - half : 0;
    return m->skipped;
}

void
gb_draft_model_skip(gb_draft_model *m, size_t n, size_t seen)
{
    m->skipped = n - seen;
}

uint32_t
gb_draft_model_missing(gb_draft_model *m, const gb_token *ids, size_t n)
{
    size_t from = skip(m, n);

    n -= from;
    return (uint32_t)(n - gb_loop_count_read(m->engine, ids + from, n));
}

bool
gb_draft_model_pick(gb_draft_model *m, const gb_token *ids, size_t n,
                    uint64_t step, const gb_settings *s, gb_pick *pick,
                    gb_error *err)
{
    const gb_rule rule = {s->greedy, s->temperature, &s->filter, false};
    size_t from = skip(m, n);
    gb_sequence row = {
        .ids = ids + from,
        .n = (uint32_t)(n - from),
        .seed = s->seed,
        .step = step,
    };

    return gb_adjuster_find(&m->adjuster, m->first, s, ids, n, &row.adjust,
                            err) &&
           gb_engine_pick_rows(m->engine, &rule, &row, 1, pick, err);
}
