#include "engine/weights.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/pack.h"
#include "engine/queue.h"
#include "model/dequant.h"

typedef struct loader {
    gb_compute *c;
    const gb_weights_plan *plan;
    const gb_progress *progress;
    uint64_t done; /* bytes of the matrices that were read */
    gb_error *err;
} loader;

unsigned
gb_padded_width(const gb_shape *shape, unsigned width)
{
    return (unsigned)gb_round_up(width, shape->wide);
}

/* Wide panels are the faster ones as long as there are enough of them to
 * give every compute unit some. */
static bool
is_wide(const gb_compute *c, unsigned n_out)
{
    return c->shape.wide > c->shape.narrow &&
           n_out / c->shape.wide >= 4 * c->device.compute_units;
}

static gb_panels
panels_of(const gb_compute *c, gb_packing packing, const gb_tensor *source,
          bool transposed)
{
    const unsigned n_out = (unsigned)source->shape[transposed ? 0 : 1];

    return (gb_panels){
        .packing = packing,
        .n_in = (unsigned)source->shape[transposed ? 1 : 0],
        .n_out = n_out,
        .width = is_wide(c, n_out) ? c->shape.wide : c->shape.narrow,
        .unit = packing == GB_PACK_Q8_0 && c->shape.vw > 1 ? 2 : 4,
    };
}

static void
plan_matrix(gb_weights_plan *plan, const gb_compute *c, const gb_tensor *t,
            bool transposed, gb_matrix_role role)
{
    const gb_packing packing = gb_packing_for(plan->choice, t->dtype, role);
    const gb_panels p = panels_of(c, packing, t, transposed);
    const uint64_t size = gb_panels_size(&p);

    plan->packings |= 1u << packing;
    plan->has_f64 |= t->dtype == GB_F64;
    plan->has_blocks |=
        gb_dtype_block(t->dtype) > 1 && !gb_dequant_is_q8_0(t->dtype);
    plan->read += t->size;
    plan->bytes += size + gb_panels_outputs(&p) * sizeof(float);
    if (plan->largest < size)
        plan->largest = size;
}

gb_weights_plan
gb_weights_plan_for(const gb_compute *c, const gb_model *m,
                    gb_dtype_choice choice)
{
    const gb_config *g = &m->config;
    const uint64_t width = gb_padded_width(&c->shape, g->n_embd);
    gb_weights_plan plan = {.choice = choice};
    const gb_block_weights *b;

    plan.bytes = ((2 + 4 * g->n_layer) * width +
                  (uint64_t)g->n_ctx * g->n_embd) * sizeof(float);
    plan_matrix(&plan, c, &m->lm_head, true, GB_MATRIX_FINE);
    if (!m->tied)
        plan_matrix(&plan, c, &m->wte, true, GB_MATRIX_FINE);
    for (b = m->blocks; b < m->blocks + g->n_layer; b++) {
        plan_matrix(&plan, c, &b->attn_weight, false, GB_MATRIX_FINE);
        plan_matrix(&plan, c, &b->proj_weight, false, GB_MATRIX_COARSE);
        plan_matrix(&plan, c, &b->fc_weight, false, GB_MATRIX_COARSE);
        plan_matrix(&plan, c, &b->fc_proj_weight, false, GB_MATRIX_COARSE);
    }
    return plan;
}

const char *
gb_weights_dtype(const gb_weights_plan *plan)
{
    unsigned i;

    if (plan->choice != GB_DTYPE_AUTO)
        return gb_dtype_choice_name(plan->choice);
    for (i = 0; i < GB_PACKINGS; i++)
        if (plan->packings == 1u << i)
            return gb_packings[i].name;
    return NULL;
}

/* The processor's memory is the program's own. Large pages make it quicker to
 * fill and to read; where the system has none to give, nothing is lost. */
static void
ask_for_large_pages(const gb_compute *c, void *p, size_t size)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t start = gb_round_up((uintptr_t)p, page);
    const uintptr_t end = ((uintptr_t)p + size) / page * page;

    if (gb_device_is_own_cpu(&c->device) && end > start)
        madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
    (void)c, (void)p, (void)size;
#endif
}

/* A float32 vector of n elements, zeros up to `padded`. t may be NULL. */
static cl_mem
load_vector(gb_compute *c, const gb_tensor *t, size_t n, size_t padded,
            gb_error *err)
{
    float *x = gb_alloc_array(padded, sizeof *x);
    cl_mem m = NULL;

    if (t == NULL || gb_tensor_read(t, 0, n, x, err))
        m = gb_buffer_of(c, x, padded * sizeof *x,
                         t != NULL ? t->name : "a bias", err);
    free(x);
    return m;
}

bool
gb_matrix_load(gb_matrix *m, gb_compute *c, gb_packing packing,
               const gb_tensor *source, bool transposed,
               const gb_tensor *bias, gb_error *err)
{
    const gb_panels panels = panels_of(c, packing, source, transposed);
    const size_t size = gb_panels_size(&panels);
    void *p;
    bool ok;

    *m = (gb_matrix){
        .panels = panels,
        .wide = is_wide(c, panels.n_out),
    };
    m->bias = load_vector(c, bias, panels.n_out,
                          gb_panels_outputs(&panels), err);
    if (m->bias == NULL)
        return false;
    m->weight = gb_buffer(c, size, source->name, err);
    p = m->weight != NULL ? gb_map_buffer(c, m->weight, size, err) : NULL;
    if (p == NULL)
        return false;
    ask_for_large_pages(c, p, size);
    ok = gb_pack(&panels, source, transposed, p, err);
    return gb_unmap_buffer(c, m->weight, p, size, ok ? err : NULL) && ok;
}

void
gb_matrix_free(gb_matrix *m)
{
    gb_buffer_free(m->weight);
    gb_buffer_free(m->bias);
    memset(m, 0, sizeof *m);
}

/* Counts a tensor as loaded; false when the user has had enough. */
static bool
loaded(loader *l, const gb_tensor *t)
{
    l->done += t->size;
    return gb_progress_on(l->progress, GB_PHASE_LOAD, l->done, l->plan->read,
                          l->err);
}

static bool
load_matrix(loader *l, gb_matrix *m, const gb_tensor *weight, bool transposed,
            gb_matrix_role role, const gb_tensor *bias)
{
    return gb_matrix_load(m, l->c,
                          gb_packing_for(l->plan->choice, weight->dtype, role),
                          weight, transposed, bias, l->err) &&
           loaded(l, weight);
}

static bool
load_norm(loader *l, gb_norm *n, const gb_tensor *gain, const gb_tensor *bias)
{
    size_t width = gain->count;
    size_t padded = gb_padded_width(&l->c->shape, (unsigned)width);

    n->gain = load_vector(l->c, gain, width, padded, l->err);
    if (n->gain == NULL)
        return false;
    n->bias = load_vector(l->c, bias, width, padded, l->err);
    return n->bias != NULL;
}

static bool
load_layer(loader *l, gb_layer *out, const gb_block_weights *b)
{
    return load_norm(l, &out->ln_1, &b->ln_1_weight, &b->ln_1_bias) &&
           load_norm(l, &out->ln_2, &b->ln_2_weight, &b->ln_2_bias) &&
           load_matrix(l, &out->attn, &b->attn_weight, false, GB_MATRIX_FINE,
                       &b->attn_bias) &&
           load_matrix(l, &out->proj, &b->proj_weight, false, GB_MATRIX_COARSE,
                       &b->proj_bias) &&
           load_matrix(l, &out->fc, &b->fc_weight, false, GB_MATRIX_COARSE,
                       &b->fc_bias) &&
           load_matrix(l, &out->fc_proj, &b->fc_proj_weight, false,
                       GB_MATRIX_COARSE, &b->fc_proj_bias);
}

bool
gb_weights_load(gb_weights *w, gb_compute *c, const gb_model *m,
                const gb_weights_plan *plan, const gb_progress *progress,
                gb_error *err)
{
    loader l = {c, plan, progress, 0, err};
    unsigned i;

    memset(w, 0, sizeof *w);
    w->layers = gb_alloc_array(m->config.n_layer, sizeof *w->layers);
    w->n_layer = m->config.n_layer;
    w->wpe = load_vector(c, &m->wpe, m->wpe.count, m->wpe.count, err);
    if (w->wpe == NULL ||
        !load_norm(&l, &w->ln_f, &m->ln_f_weight, &m->ln_f_bias) ||
        !load_matrix(&l, &w->head, &m->lm_head, true, GB_MATRIX_FINE,
                     m->head_bias.data != NULL ? &m->head_bias : NULL) ||
        (!m->tied &&
         !load_matrix(&l, &w->wte, &m->wte, true, GB_MATRIX_FINE, NULL)))
        goto fail;
    for (i = 0; i < w->n_layer; i++)
        if (!load_layer(&l, &w->layers[i], &m->blocks[i]))
            goto fail;
    if (gb_compute_finish(c, err))
        return true;
fail:
    gb_weights_free(w);
    return false;
}

static void
free_norm(gb_norm *n)
{
    gb_buffer_free(n->gain);
    gb_buffer_free(n->bias);
}

void
gb_weights_free(gb_weights *w)
{
    unsigned i;

    for (i = 0; i < w->n_layer; i++) {
        gb_layer *l = &w->layers[i];

        free_norm(&l->ln_1);
        free_norm(&l->ln_2);
        gb_matrix_free(&l->attn);
        gb_matrix_free(&l->proj);
        gb_matrix_free(&l->fc);
        gb_matrix_free(&l->fc_proj);
    }
    free(w->layers);
    free_norm(&w->ln_f);
    gb_matrix_free(&w->head);
    gb_matrix_free(&w->wte);
    gb_buffer_free(w->wpe);
    memset(w, 0, sizeof *w);
}
