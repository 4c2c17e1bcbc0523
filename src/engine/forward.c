#include "engine/forward.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/queue.h"

/* Multiply-adds of a layer in its longest context. */
#define SMALL_LAYER 1000000

/* What it keeps on the device. */
#define BUFFERS 10

/* The heads share a buffer with the layers, and have GB_ROWS rows however
 * short the context is. */
static unsigned
batch_of(const gb_config *g)
{
    const unsigned least = g->n_ctx < GB_BATCH ? g->n_ctx : GB_BATCH;

    return least > GB_ROWS ? least : GB_ROWS;
}

/* Bytes of a row of activations as integers; 0 where no matrix wants any. */
static size_t
quants_size(const gb_compute *c, const gb_config *g, unsigned packings)
{
    unsigned i, longest = g->n_inner > g->n_embd ? g->n_inner : g->n_embd;
    size_t size, most = 0;

    for (i = 0; i < GB_PACKINGS; i++) {
        size = gb_quants_size(&c->shape, i, longest);
        if ((packings & 1u << i) != 0 && size > most)
            most = size;
    }
    return most;
}

static void
set_sizes(gb_forward *f, const gb_compute *c, const gb_config *g,
          unsigned packings)
{
    f->batch = batch_of(g);
    f->ld = gb_padded_width(&c->shape, g->n_embd);
    f->ld_qkv = gb_padded_width(&c->shape, 3 * g->n_embd);
    f->ld_inner = gb_padded_width(&c->shape, g->n_inner);
    f->row_quants = quants_size(c, g, packings);
    f->parts_size = gb_attention_parts(&c->shape, g->n_head, g->head_size,
                                       gb_cache_per_text(g));
}

static void
list_buffers(gb_forward *f, gb_buffer_entry *list)
{
    const size_t n = f->batch, row = f->ld * sizeof(float);
    const gb_buffer_entry all[] = {
        {&f->rows, n * sizeof(gb_row), "token ids"},
        {&f->run, 16, "the position"},
        {&f->x, n * row, "activations"},
        {&f->norm, n * row, "activations"},
        {&f->attended, n * row, "activations"},
        {&f->qkv, n * f->ld_qkv * sizeof(float), "activations"},
        {&f->inner, n * f->ld_inner * sizeof(float), "activations"},
        {&f->quants, n * f->row_quants, "activations"},
        {&f->inner_quants, n * f->row_quants, "activations"},
        {&f->parts, f->parts_size, "activations"},
    };

    _Static_assert(GB_COUNT(all) == BUFFERS, "all of them");
    memcpy(list, all, sizeof all);
}

uint64_t
gb_forward_size(const gb_compute *c, const gb_config *g, unsigned packings)
{
    gb_forward f = {.c = NULL};
    gb_buffer_entry list[BUFFERS];

    set_sizes(&f, c, g, packings);
    list_buffers(&f, list);
    return gb_buffers_size(list, BUFFERS);
}

size_t
gb_quants_size(const gb_shape *s, gb_packing packing, unsigned n_in)
{
    /* As pmaddwd takes them; see cl/quant.cl. */
    const bool shorts = packing == GB_PACK_Q8_0 && s->vw > 1;

    if (!gb_packing_is_quantized(packing))
        return 0;
    /* Each block a scale, a sum, and its integers. */
    return gb_div_up(n_in, GB_QUANT_BLOCK) *
           (8 + (shorts ? 2 : 1) * GB_QUANT_BLOCK);
}

/* What makes the activations integers. */
static bool
init_quantize(gb_linear *l, gb_compute *c, gb_error *err)
{
    const gb_linear_io *io = &l->io;
    const gb_panels *p = &l->matrix->panels;

    if (!gb_op_init(c, &l->quantize, "quantize",
                    GB_ARGS([GB_QUANTIZE_X] = GB_MEM(io->x),
                            [GB_QUANTIZE_N_IN] = GB_UINT(p->n_in),
                            [GB_QUANTIZE_LDX] = GB_UINT(io->ldx),
                            [GB_QUANTIZE_QUANTS] = GB_MEM(io->quants.mem),
                            [GB_QUANTIZE_READER] = GB_INT(p->packing)),
                    err))
        return false;
    l->quantize.per_y = 1;
    return true;
}

bool
gb_linear_init(gb_linear *l, gb_compute *c, const gb_matrix *m,
               const gb_linear_io *io, gb_error *err)
{
    const gb_shape *s = &c->shape;
    const gb_panels *p = &m->panels;
    const unsigned panels = gb_panels_count(p);
    const bool quantized = gb_packing_is_quantized(p->packing);
    /* Panels of a GPU are no whole blocks of integers. */
    const size_t n_args = s->lanes == 1 ? GB_LINEAR_READER + 1
                                        : GB_LINEAR_N_OUT;
    const gb_arg args[] = {
        [GB_LINEAR_X] = GB_MEM(quantized ? io->quants.mem : io->x),
        [GB_LINEAR_WEIGHT] = GB_MEM(m->weight),
        [GB_LINEAR_BIAS] = GB_MEM(m->bias),
        [GB_LINEAR_Y] = GB_MEM(io->y),
        [GB_LINEAR_N_IN] = GB_UINT(p->n_in),
        [GB_LINEAR_LDX] = GB_UINT(io->ldx),
        [GB_LINEAR_LDY] = GB_UINT(io->ldy),
        [GB_LINEAR_EPILOGUE] = GB_UINT(io->epilogue),
        [GB_LINEAR_RUN] = GB_MEM(io->run),
        [GB_LINEAR_N_OUT] = GB_UINT(p->n_out),
        [GB_LINEAR_QUANTS] = GB_MEM(io->made.mem),
        [GB_LINEAR_READER] = GB_INT(io->made.reader),
    };

    *l = (gb_linear){.matrix = m, .io = *io};
    if (!gb_op_init_packed(c, &l->one,
                           m->wide ? "linear_wide_1" : "linear_narrow_1",
                           p->packing, args, n_args, err) ||
        !gb_op_init_packed(c, &l->many,
                           m->wide ? "linear_wide_n" : "linear_narrow_n",
                           p->packing, args, n_args, err) ||
        (quantized && !gb_packing_is_quantized(io->quants.reader) &&
         !init_quantize(l, c, err)))
        return false;
    l->one.x = l->many.x = panels;
    l->one.local[1] = l->many.local[1] = s->split;
    l->many.per_y = m->wide ? s->wide_tokens : s->narrow_tokens;
    /* A CPU core keeps a panel in its cache and goes through the tokens; a
     * GPU takes all tiles at once. */
    if (s->lanes == 1)
        l->many.max_y = gb_div_up(4 * c->device.compute_units, panels);
    return true;
}

void
gb_linear_free(gb_linear *l)
{
    gb_op_free(&l->one);
    gb_op_free(&l->many);
    gb_op_free(&l->quantize);
}

bool
gb_linear_run(gb_compute *c, gb_gemm *gemm, const gb_linear *l, unsigned n,
              gb_error *err)
{
    const gb_linear_io *io = &l->io;

    if (gemm != NULL && n > 1)
        return gb_gemm_run(gemm, c, l->matrix, io->x, io->ldx, io->y, io->ldy,
                           io->epilogue, n, err);
    return (l->quantize.kernel == NULL ||
            gb_op_run(c, &l->quantize, n, err)) &&
           gb_op_run(c, n == 1 ? &l->one : &l->many, n, err);
}

bool
gb_norm_init(gb_op *op, gb_compute *c, const gb_norm *norm, cl_mem x, cl_mem y,
             unsigned width, unsigned ld, float eps, int first_row, cl_mem rows,
             gb_quants made, gb_error *err)
{
    if (!gb_op_init(c, op, "layernorm",
                    GB_ARGS([GB_NORM_X] = GB_MEM(x),
                            [GB_NORM_GAIN] = GB_MEM(norm->gain),
                            [GB_NORM_BIAS] = GB_MEM(norm->bias),
                            [GB_NORM_Y] = GB_MEM(y),
                            [GB_NORM_WIDTH] = GB_UINT(width),
                            [GB_NORM_LD] = GB_UINT(ld),
                            [GB_NORM_EPS] = GB_FLOAT(eps),
                            [GB_NORM_FIRST_ROW] = GB_INT(first_row),
                            [GB_NORM_ROWS] = GB_MEM(rows),
                            [GB_NORM_QUANTS] = GB_MEM(made.mem),
                            [GB_NORM_READER] = GB_INT(made.reader)),
                    err))
        return false;
    op->per_y = 1;
    return true;
}

static gb_epilogue
activation_of(const gb_config *g)
{
    static const gb_epilogue epilogues[] = {
        [GB_GELU_TANH] = GB_EPILOGUE_GELU, [GB_GELU] = GB_EPILOGUE_GELU_ERF,
        [GB_RELU] = GB_EPILOGUE_RELU,      [GB_SILU] = GB_EPILOGUE_SILU,
        [GB_QUICK_GELU] = GB_EPILOGUE_QUICK_GELU,
    };

    return epilogues[g->activation];
}

/* What the scores of a layer are multiplied by. */
static double
attention_scale(const gb_config *g, unsigned layer)
{
    double scale = g->scale_attn ? 1.0 / sqrt((double)g->head_size) : 1.0;

    return g->scale_by_layer ? scale / (layer + 1) : scale;
}

static bool
open_attention(gb_forward *f, gb_attention *a, unsigned layer,
               gb_quants made, gb_error *err)
{
    const gb_cache *cache = f->cache;
    const gb_config *g = f->config;

    return gb_attention_init(
        a, f->c,
        &(gb_attention_io){.qkv = f->qkv, .ldx = f->ld_qkv,
                           .y = f->attended, .ldy = f->ld,
                           .width = g->n_embd, .heads = g->n_head,
                           .scale = (float)attention_scale(g, layer),
                           .keys = cache->keys[layer],
                           .values = cache->values[layer],
                           .tables = cache->tables,
                           .per_text = cache->per_text,
                           .rows = f->rows, .run = f->run,
                           .parts = f->parts, .made = made},
        err);
}

/* Whether a layer is so small that one group does all of it sooner than the
 * device starts the kernels for its parts. */
static bool
layers_are_small(const gb_compute *c, const gb_config *g)
{
    const uint64_t width = g->n_embd, inner = g->n_inner, ctx = g->n_ctx;

    return c->shape.lanes == 1 &&
           width * (4 * width + 2 * inner + 2 * ctx) <= SMALL_LAYER;
}

/* One kernel for all of a layer, where there is one. */
static bool
open_whole(gb_forward *f, gb_layer_plan *p, const gb_layer *w, unsigned layer,
           gb_error *err)
{
    const gb_config *g = f->config;
    const gb_packing packing = w->fc.panels.packing;
    const cl_int4 panels = {{(cl_int)w->attn.panels.width,
                             (cl_int)w->proj.panels.width,
                             (cl_int)w->fc.panels.width,
                             (cl_int)w->fc_proj.panels.width}};

    if (!layers_are_small(f->c, g) ||
        w->attn.panels.packing != gb_packing_fine(packing) ||
        w->proj.panels.packing != packing ||
        w->fc_proj.panels.packing != packing)
        return true;
    if (!gb_op_init_packed(
            f->c, &p->whole, "layer", packing,
            GB_ARGS([GB_LAYER_X] = GB_MEM(f->x),
                    [GB_LAYER_NORM] = GB_MEM(f->norm),
                    [GB_LAYER_QKV] = GB_MEM(f->qkv),
                    [GB_LAYER_ATTENDED] = GB_MEM(f->attended),
                    [GB_LAYER_INNER] = GB_MEM(f->inner),
                    [GB_LAYER_QUANTS] = GB_MEM(f->quants),
                    [GB_LAYER_WIDTH] = GB_UINT(g->n_embd),
                    [GB_LAYER_N_INNER] = GB_UINT(g->n_inner),
                    [GB_LAYER_LD] = GB_UINT(f->ld),
                    [GB_LAYER_EPS] = GB_FLOAT(g->ln_eps),
                    [GB_LAYER_SCALE] = GB_FLOAT(attention_scale(g, layer)),
                    [GB_LAYER_ACTIVATION] = GB_INT(activation_of(g)),
                    [GB_LAYER_PANELS] = GB_INT4(panels),
                    [GB_LAYER_GAIN_1] = GB_MEM(w->ln_1.gain),
                    [GB_LAYER_BIAS_1] = GB_MEM(w->ln_1.bias),
                    [GB_LAYER_W_QKV] = GB_MEM(w->attn.weight),
                    [GB_LAYER_B_QKV] = GB_MEM(w->attn.bias),
                    [GB_LAYER_W_PROJ] = GB_MEM(w->proj.weight),
                    [GB_LAYER_B_PROJ] = GB_MEM(w->proj.bias),
                    [GB_LAYER_GAIN_2] = GB_MEM(w->ln_2.gain),
                    [GB_LAYER_BIAS_2] = GB_MEM(w->ln_2.bias),
                    [GB_LAYER_W_FC] = GB_MEM(w->fc.weight),
                    [GB_LAYER_B_FC] = GB_MEM(w->fc.bias),
                    [GB_LAYER_W_FC_PROJ] = GB_MEM(w->fc_proj.weight),
                    [GB_LAYER_B_FC_PROJ] = GB_MEM(w->fc_proj.bias),
                    [GB_LAYER_KEYS] = GB_MEM(f->cache->keys[layer]),
                    [GB_LAYER_VALUES] = GB_MEM(f->cache->values[layer]),
                    [GB_LAYER_ROWS] = GB_MEM(f->rows),
                    [GB_LAYER_TABLES] = GB_MEM(f->cache->tables),
                    [GB_LAYER_PER_TEXT] = GB_UINT(f->cache->per_text)),
            err))
        return false;
    return true;
}

/* Who makes the floats that a matrix reads makes integers of them, too, where
 * each of its groups makes `together` of a row. */
static gb_quants
quants_for(cl_mem mem, const gb_matrix *reader, unsigned together)
{
    const bool whole = together % GB_QUANT_BLOCK == 0;

    return (gb_quants){mem, whole ? reader->panels.packing : GB_PACK_F32};
}

static bool
open_layer(gb_forward *f, gb_layer_plan *p, const gb_layer *w, unsigned layer,
           gb_error *err)
{
    const gb_config *g = f->config;
    const unsigned width = g->n_embd, ld = f->ld;
    /* A norm is made by one group. */
    const gb_quants norm_1 = quants_for(f->quants, &w->attn, 0);
    const gb_quants norm_2 = quants_for(f->quants, &w->fc, 0);
    const gb_quants attended = quants_for(f->quants, &w->proj, g->head_size);
    const gb_quants inner =
        quants_for(f->inner_quants, &w->fc_proj, w->fc.panels.width);
    gb_compute *c = f->c;

    if (!gb_norm_init(&p->ln_1, c, &w->ln_1, f->x, f->norm, width, ld,
                      g->ln_eps, 0, f->rows, norm_1, err) ||
        !gb_linear_init(&p->qkv, c, &w->attn,
                        &(gb_linear_io){f->norm, ld, f->qkv, f->ld_qkv,
                                        GB_EPILOGUE_BIAS, f->run,
                                        .quants = norm_1},
                        err) ||
        !open_attention(f, &p->attention, layer, attended, err) ||
        !gb_linear_init(&p->proj, c, &w->proj,
                        &(gb_linear_io){f->attended, ld, f->x, ld,
                                        GB_EPILOGUE_ADD, f->run,
                                        .quants = attended},
                        err) ||
        !gb_norm_init(&p->ln_2, c, &w->ln_2, f->x, f->norm, width, ld,
                      g->ln_eps, 0, f->rows, norm_2, err) ||
        !gb_linear_init(&p->fc, c, &w->fc,
                        &(gb_linear_io){f->norm, ld, f->inner, f->ld_inner,
                                        activation_of(g), f->run,
                                        .quants = norm_2, .made = inner},
                        err) ||
        !gb_linear_init(&p->fc_proj, c, &w->fc_proj,
                        &(gb_linear_io){f->inner, f->ld_inner, f->x, ld,
                                        GB_EPILOGUE_ADD, f->run,
                                        .quants = inner},
                        err) ||
        !open_whole(f, p, w, layer, err))
        return false;
    return true;
}

static bool
open_embedding(gb_forward *f, const gb_weights *w, gb_error *err)
{
    const gb_matrix *wte = w->wte.weight != NULL ? &w->wte : &w->head;
    const gb_panels *p = &wte->panels;

    if (!gb_op_init_packed(f->c, &f->embedding, "embedding", p->packing,
                           GB_ARGS([GB_EMBEDDING_ROWS] = GB_MEM(f->rows),
                                   [GB_EMBEDDING_WTE] = GB_MEM(wte->weight),
                                   [GB_EMBEDDING_PANEL] = GB_UINT(p->width),
                                   [GB_EMBEDDING_WPE] = GB_MEM(w->wpe),
                                   [GB_EMBEDDING_X] = GB_MEM(f->x),
                                   [GB_EMBEDDING_WIDTH] = GB_UINT(p->n_in),
                                   [GB_EMBEDDING_LDX] = GB_UINT(f->ld),
                                   [GB_EMBEDDING_RUN] = GB_MEM(f->run),
                                   [GB_EMBEDDING_N] = GB_UINT(1),
                                   [GB_EMBEDDING_TOKEN] = GB_INT(0),
                                   [GB_EMBEDDING_POSITION] = GB_INT(0),
                                   [GB_EMBEDDING_STORE] = GB_INT(0),
                                   [GB_EMBEDDING_SLOT] = GB_INT(-1)),
                           err))
        return false;
    f->embedding.per_y = 1;
    return true;
}

bool
gb_forward_open(gb_forward *f, gb_compute *c, const gb_config *g,
                gb_cache *cache, const gb_weights *w, gb_error *err)
{
    gb_buffer_entry list[BUFFERS];
    unsigned i;

    memset(f, 0, sizeof *f);
    f->c = c;
    f->config = g;
    f->cache = cache;
    set_sizes(f, c, g, c->packings);
    f->n_layer = g->n_layer;
    f->layers = gb_alloc_array(g->n_layer, sizeof *f->layers);
    list_buffers(f, list);
    if (!gb_buffers_open(c, list, BUFFERS, err) ||
        !open_embedding(f, w, err))
        goto fail;
    for (i = 0; i < g->n_layer; i++)
        if (!open_layer(f, &f->layers[i], &w->layers[i], i, err))
            goto fail;
    return true;
fail:
    gb_forward_close(f);
    return false;
}

void
gb_forward_close(gb_forward *f)
{
    gb_buffer_entry list[BUFFERS];
    unsigned i;

    for (i = 0; i < f->n_layer; i++) {
        gb_layer_plan *p = &f->layers[i];

        gb_op_free(&p->whole);
        gb_op_free(&p->ln_1);
        gb_attention_free(&p->attention);
        gb_op_free(&p->ln_2);
        gb_linear_free(&p->qkv);
        gb_linear_free(&p->proj);
        gb_linear_free(&p->fc);
        gb_linear_free(&p->fc_proj);
    }
    free(f->layers);
    gb_op_free(&f->embedding);
    list_buffers(f, list);
    gb_buffers_free(list, BUFFERS);
    memset(f, 0, sizeof *f);
}

static bool
embed(gb_forward *f, const gb_pass *pass, gb_error *err)
{
    gb_op *op = &f->embedding;
    const gb_row *r = pass->rows;

    if (!gb_cache_set_tables(f->cache, pass->tables, pass->lengths,
                             pass->n_tables, err) ||
        !gb_op_set(op, GB_EMBEDDING_N, &(gb_arg)GB_UINT(pass->n), err))
        return false;
    if (pass->n > 1)
        return gb_send_buffer(f->c, f->rows, r, pass->n * sizeof *r, err) &&
               gb_op_run(f->c, op, pass->n, err);
    return gb_op_set(op, GB_EMBEDDING_TOKEN, &(gb_arg)GB_INT(r->token),
                     err) &&
           gb_op_set(op, GB_EMBEDDING_POSITION, &(gb_arg)GB_INT(r->position),
                     err) &&
           gb_op_set(op, GB_EMBEDDING_STORE, &(gb_arg)GB_INT(r->store),
                     err) &&
           gb_op_set(op, GB_EMBEDDING_SLOT, &(gb_arg)GB_INT(r->slot), err) &&
           gb_op_run(f->c, op, 1, err);
}

/* Blocks of the longest text of a pass. */
static unsigned
longest(const gb_pass *pass)
{
    unsigned most = 0, i;

    for (i = 0; i < pass->n_tables; i++)
        most = pass->lengths[i] > most ? pass->lengths[i] : most;
    return most;
}

static bool
run_layer(gb_forward *f, const gb_layer_plan *p, const gb_pass *pass,
          gb_error *err)
{
    gb_gemm *gemm = pass->gemm ? f->gemm : NULL;
    const unsigned n = pass->n;
    gb_compute *c = f->c;

    if (p->whole.kernel != NULL && n == 1)
        return gb_op_run(c, &p->whole, n, err);
    return gb_op_run(c, &p->ln_1, n, err) &&
           gb_linear_run(c, gemm, &p->qkv, n, err) &&
           gb_attention_run(c, &p->attention, n, longest(pass), err) &&
           gb_linear_run(c, gemm, &p->proj, n, err) &&
           gb_op_run(c, &p->ln_2, n, err) &&
           gb_linear_run(c, gemm, &p->fc, n, err) &&
           gb_linear_run(c, gemm, &p->fc_proj, n, err);
}

bool
gb_forward_run(gb_forward *f, const gb_pass *pass,
               const gb_progress *progress, gb_error *err)
{
    unsigned i;

    if (!embed(f, pass, err))
        return false;
    for (i = 0; i < f->n_layer; i++) {
        if (!run_layer(f, &f->layers[i], pass, err))
            return false;
        if (pass->n <= GB_ROWS)
            continue;
        if (!gb_compute_finish(f->c, err))
            return false;
        if (gb_progress_is_cancelled(progress))
            return gb_fail_interrupted(err);
    }
    return true;
}
