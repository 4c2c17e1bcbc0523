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
    gb_adjuster_rows adjuster;
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
    gb_adjuster_free_rows(&m->adjuster);
    free(m);
}

static size_t
least_seen(const gb_draft_model *m)
{
    const size_t half = (gb_engine_model(m->engine)->config.n_ctx + 1) / 2;

    return half < GB_GAIN_SHORT ? half : GB_GAIN_SHORT;
}

/* How much of a text is too old to be seen. It stays the same for half a
 * context, so that what was read is not read again for each token. */
static size_t
skip(const gb_draft_model *m, const gb_draft_view *v)
{
    const size_t n_ctx = gb_engine_model(m->engine)->config.n_ctx;

    if (v->n < *v->skipped + least_seen(m) || v->n > *v->skipped + n_ctx)
        *v->skipped = v->n > n_ctx ? v->n - (n_ctx + 1) / 2 : 0;
    return *v->skipped;
}

/* What is seen. */
static gb_sequence
see(const gb_draft_model *m, const gb_draft_view *v)
{
    const size_t from = skip(m, v);

    return (gb_sequence){.ids = v->ids + from, .n = (uint32_t)(v->n - from)};
}

uint32_t
gb_draft_model_missing(gb_draft_model *m, const gb_draft_view *views,
                       unsigned n)
{
    gb_sequence rows[GB_ROWS];
    unsigned i;

    for (i = 0; i < n; i++)
        rows[i] = see(m, &views[i]);
    return gb_engine_missing(m->engine, rows, n);
}

void
gb_draft_model_skip(gb_draft_model *m, const gb_draft_view *views, unsigned n)
{
    const size_t least = least_seen(m);
    unsigned i;

    for (i = 0; i < n; i++)
        if (gb_draft_model_missing(m, &views[i], 1) > least)
            *views[i].skipped = views[i].n - least;
}

bool
gb_draft_model_pick(gb_draft_model *m, const gb_draft_view *views, unsigned n,
                    const gb_settings *s, gb_pick *picks, uint32_t *computed,
                    gb_error *err)
{
    const gb_rule rule = {s->greedy, s->temperature, &s->filter, false};
    const uint64_t before = gb_engine_computed(m->engine);
    gb_sequence rows[GB_ROWS], seen;
    unsigned i;

    for (i = 0; i < n; i++)
        rows[i] = (gb_sequence){.ids = views[i].ids,
                                .n = (uint32_t)views[i].n,
                                .seed = views[i].seed,
                                .step = views[i].step};
    if (!gb_adjuster_find_rows(&m->adjuster, m->first, s, rows, n, err))
        return false;
    for (i = 0; i < n; i++) {
        seen = see(m, &views[i]);
        rows[i].ids = seen.ids;
        rows[i].n = seen.n;
    }
    if (!gb_engine_pick_rows(m->engine, &rule, rows, n, picks, err))
        return false;
    *computed = (uint32_t)(gb_engine_computed(m->engine) - before);
    return true;
}
