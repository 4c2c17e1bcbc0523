#include "engine/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/queue.h"

/* Elements of a tensor that are read at once, or a little more. */
#define AT_ONCE 16384

typedef struct loader {
    gb_compute *c;
    const gb_engine_options *options;
    uint64_t done, total; /* bytes of the model's files */
    gb_error *err;
} loader;

unsigned
gb_padded_width(const gb_shape *shape, unsigned width)
{
    return (unsigned)gb_round_up(width, gb_panel_width(shape, true));
}

unsigned
gb_panel_width(const gb_shape *s, bool wide)
{
    return s->lanes * s->vw * (wide ? s->wide : s->narrow);
}

/* Wide panels are the faster ones as long as there are enough of them to
 * give every compute unit some. */
bool
gb_matrix_is_wide(const gb_compute *c, unsigned n_out)
{
    return n_out / gb_panel_width(&c->shape, true) >=
           4 * c->device.compute_units;
}

static unsigned
padded_outputs(const gb_compute *c, unsigned n_out)
{
    return (unsigned)gb_round_up(
        n_out, gb_panel_width(&c->shape, gb_matrix_is_wide(c, n_out)));
}

static uint64_t
matrix_size(const gb_compute *c, uint64_t n_in, unsigned n_out, size_t element)
{
    uint64_t padded = padded_outputs(c, n_out);

    return padded * n_in * element + padded * sizeof(float);
}

uint64_t
gb_weights_size(const gb_compute *c, const gb_model *m, gb_dtype dtype)
{
    const gb_config *g = &m->config;
    uint64_t width = gb_padded_width(&c->shape, g->n_embd);
    size_t element = gb_dtype_size(dtype);
    uint64_t layer = 4 * width * sizeof(float) +
                     matrix_size(c, g->n_embd, 3 * g->n_embd, element) +
                     matrix_size(c, g->n_embd, g->n_embd, element) +
                     matrix_size(c, g->n_embd, g->n_inner, element) +
                     matrix_size(c, g->n_inner, g->n_embd, element);

    return layer * g->n_layer + 2 * width * sizeof(float) +
           (uint64_t)g->n_ctx * g->n_embd * sizeof(float) +
           matrix_size(c, g->n_embd, g->n_vocab, element) +
           (m->tied ? 0 : (uint64_t)g->n_vocab * g->n_embd * element);
}

/* A CPU device's memory is the program's own. Large pages make it quicker to
 * fill and to read; where the system has none to give, nothing is lost. */
static void
ask_for_large_pages(const gb_compute *c, void *p, size_t size)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t start = gb_round_up((uintptr_t)p, page);
    const uintptr_t end = ((uintptr_t)p + size) / page * page;

    if ((c->device.type & CL_DEVICE_TYPE_CPU) != 0 && end > start)
        madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
    (void)c, (void)p, (void)size;
#endif
}

/* Maps a whole buffer for writing; NULL on failure. */
static void *
map(gb_compute *c, cl_mem m, size_t size, gb_error *err)
{
    void *p = gb_map_buffer(c, m, size, err);

    if (p != NULL)
        ask_for_large_pages(c, p, size);
    return p;
}

/* Rounds to the weight type. Returns false when a finite value is too large
 * for float16. */
static bool
narrow(const float *x, size_t n, gb_dtype dtype, uint16_t *out)
{
    uint32_t bits;
    bool ok = true;
    size_t i;

    for (i = 0; i < n; i++) {
        if (dtype == GB_F16) {
            out[i] = gb_float_to_half(x[i]);
            ok &= (out[i] & 0x7c00) != 0x7c00 || !isfinite(x[i]);
            continue;
        }
        memcpy(&bits, &x[i], sizeof bits);
        if (isnan(x[i])) /* which may be in the bits that go */
            bits |= 0x400000;
        else /* round to nearest even */
            bits += 0x7fff + (bits >> 16 & 1);
        out[i] = (uint16_t)(bits >> 16);
    }
    return ok;
}

static bool
too_large(const gb_tensor *t, gb_error *err)
{
    return gb_fail(err,
                   "%s: tensor %s has values beyond float16's 65504; use "
                   "--dtype f32 or bf16",
                   t->path, t->name);
}

/* Elements [from, from + n) of t as the weight type, tightly packed. row (n)
 * is scratch. */
static bool
convert(const gb_tensor *t, uint64_t from, size_t n, gb_dtype dtype,
        float *row, void *out, gb_error *err)
{
    if (t->dtype == dtype)
        return gb_tensor_copy(t, from, n, out, err);
    if (dtype == GB_F32)
        return gb_tensor_read(t, from, n, out, err);
    return gb_tensor_read(t, from, n, row, err) &&
           (narrow(row, n, dtype, out) || too_large(t, err));
}

/* One input's row (n_out) to its row of every panel; zeros behind it. */
static void
spread(const gb_matrix *m, size_t size, const unsigned char *row,
       unsigned char *out)
{
    const size_t part = m->panel * size;
    size_t left = m->n_out * size, n;

    for (; left > 0; left -= n, row += n, out += m->n_in * part) {
        n = left < part ? left : part;
        memcpy(out, row, n);
        memset(out + n, 0, part - n);
    }
}

/* Source rows are inputs. */
static bool
pack_rows(const gb_matrix *m, gb_dtype dtype, const gb_tensor *source,
          unsigned char *out, gb_error *err)
{
    const size_t size = gb_dtype_size(dtype), row = m->n_out * size;
    const size_t some = gb_div_up(AT_ONCE, m->n_out);
    float *scratch = gb_alloc_array(some * m->n_out, sizeof *scratch);
    unsigned char *rows = gb_alloc_array(some, row);
    bool ok = true;
    size_t i, j, n;

    for (i = 0; ok && i < m->n_in; i += n) {
        n = m->n_in - i < some ? m->n_in - i : some;
        ok = convert(source, (uint64_t)i * m->n_out, n * m->n_out, dtype,
                     scratch, rows, err);
        for (j = 0; ok && j < n; j++)
            spread(m, size, rows + j * row, out + (i + j) * m->panel * size);
    }
    free(rows);
    free(scratch);
    return ok;
}

/* out (columns, ld) = in (rows, columns) transposed; what is beyond the rows
 * becomes 0. Elements have 2 or 4 bytes. */
static void
transpose(const void *in, size_t rows, size_t columns, void *out, size_t ld,
          size_t size)
{
    const uint16_t *in2 = in;
    const uint32_t *in4 = in;
    uint16_t *out2 = out;
    uint32_t *out4 = out;
    size_t i, j;

    for (i = 0; i < columns; i++)
        for (j = 0; j < ld; j++)
            if (size == 2)
                out2[i * ld + j] = j < rows ? in2[j * columns + i] : 0;
            else
                out4[i * ld + j] = j < rows ? in4[j * columns + i] : 0;
}

/* Source rows are outputs: a panel is a block of rows, transposed. */
static bool
pack_columns(const gb_matrix *m, gb_dtype dtype, const gb_tensor *source,
             unsigned char *out, gb_error *err)
{
    const size_t size = gb_dtype_size(dtype);
    const size_t block = (size_t)m->panel * m->n_in;
    float *scratch = gb_alloc_array(block, sizeof *scratch);
    unsigned char *rows = gb_alloc_array(block, size);
    bool ok = true;
    size_t p, n;

    for (p = 0; ok && p < m->n_out_padded / m->panel; p++) {
        n = m->n_out - p * m->panel;
        if (n > m->panel)
            n = m->panel;
        ok = convert(source, (uint64_t)p * block, n * m->n_in, dtype, scratch,
                     rows, err);
        if (ok)
            transpose(rows, n, m->n_in, out + p * block * size, m->panel,
                      size);
    }
    free(rows);
    free(scratch);
    return ok;
}

/* A float32 vector of n elements, zeros up to `padded`. t may be NULL. */
static cl_mem
load_vector(gb_compute *c, const gb_tensor *t, size_t n, size_t padded,
            gb_error *err)
{
    size_t size = padded * sizeof(float);
    cl_mem m = gb_buffer(c, size, t != NULL ? t->name : "a bias", err);
    float *p = m != NULL ? map(c, m, size, err) : NULL;
    bool ok = p != NULL;

    if (p != NULL) {
        memset(p, 0, size);
        ok = t == NULL || gb_tensor_read(t, 0, n, p, err);
        ok = gb_unmap_buffer(c, m, p, ok ? err : NULL) && ok;
    }
    if (!ok && m != NULL)
        clReleaseMemObject(m);
    return ok ? m : NULL;
}

bool
gb_matrix_load(gb_matrix *m, gb_compute *c, const gb_tensor *source,
               bool transposed, const gb_tensor *bias, gb_error *err)
{
    size_t size;
    void *p;
    bool ok;

    memset(m, 0, sizeof *m);
    m->n_in = (unsigned)source->shape[transposed ? 1 : 0];
    m->n_out = (unsigned)source->shape[transposed ? 0 : 1];
    m->wide = gb_matrix_is_wide(c, m->n_out);
    m->panel = gb_panel_width(&c->shape, m->wide);
    m->n_out_padded = (unsigned)gb_round_up(m->n_out, m->panel);
    size = (size_t)m->n_out_padded * m->n_in * gb_dtype_size(c->dtype);
    m->bias = load_vector(c, bias, m->n_out, m->n_out_padded, err);
    if (m->bias == NULL)
        return false;
    m->weight = gb_buffer(c, size, source->name, err);
    p = m->weight != NULL ? map(c, m->weight, size, err) : NULL;
    if (p == NULL)
        return false;
    ok = transposed ? pack_columns(m, c->dtype, source, p, err)
                    : pack_rows(m, c->dtype, source, p, err);
    return gb_unmap_buffer(c, m->weight, p, ok ? err : NULL) && ok;
}

void
gb_matrix_free(gb_matrix *m)
{
    if (m->weight != NULL)
        clReleaseMemObject(m->weight);
    if (m->bias != NULL)
        clReleaseMemObject(m->bias);
    memset(m, 0, sizeof *m);
}

/* Counts a tensor as loaded; false when the user has had enough. */
static bool
loaded(loader *l, const gb_tensor *t)
{
    const gb_engine_options *o = l->options;

    l->done += t->size;
    if (o->progress != NULL)
        o->progress(o->progress_arg, GB_PHASE_LOAD, l->done, l->total);
    if (o->cancel != NULL && atomic_load(o->cancel))
        return gb_fail_interrupted(l->err);
    return true;
}

static bool
load_matrix(loader *l, gb_matrix *m, const gb_tensor *weight,
            const gb_tensor *bias)
{
    if (!gb_matrix_load(m, l->c, weight, false, bias, l->err))
        return false;
    return loaded(l, weight);
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
           load_matrix(l, &out->attn, &b->attn_weight, &b->attn_bias) &&
           load_matrix(l, &out->proj, &b->proj_weight, &b->proj_bias) &&
           load_matrix(l, &out->fc, &b->fc_weight, &b->fc_bias) &&
           load_matrix(l, &out->fc_proj, &b->fc_proj_weight,
                       &b->fc_proj_bias);
}

/* The embedding of an untied model, as it is. */
static bool
load_wte(loader *l, gb_weights *w, const gb_tensor *t)
{
    const size_t element = gb_dtype_size(l->c->dtype);
    size_t size = (size_t)t->count * element, n;
    unsigned char *p;
    uint64_t at;
    float *scratch;
    bool ok = true;

    w->wte = gb_buffer(l->c, size, t->name, l->err);
    p = w->wte != NULL ? map(l->c, w->wte, size, l->err) : NULL;
    if (p == NULL)
        return false;
    scratch = gb_alloc_array(AT_ONCE, sizeof *scratch);
    for (at = 0; ok && at < t->count; at += n) {
        n = t->count - at < AT_ONCE ? (size_t)(t->count - at) : AT_ONCE;
        ok = convert(t, at, n, l->c->dtype, scratch, p + at * element,
                     l->err);
    }
    free(scratch);
    return gb_unmap_buffer(l->c, w->wte, p, ok ? l->err : NULL) && ok &&
           loaded(l, t);
}

bool
gb_weights_load(gb_weights *w, gb_compute *c, const gb_model *m,
                const gb_engine_options *options, gb_error *err)
{
    loader l = {c, options, 0, gb_tensors_size(m->tensors), err};
    unsigned i;

    memset(w, 0, sizeof *w);
    w->layers = gb_alloc_array(m->config.n_layer, sizeof *w->layers);
    w->n_layer = m->config.n_layer;
    w->wpe = load_vector(c, &m->wpe, m->wpe.count, m->wpe.count, err);
    if (w->wpe == NULL ||
        !load_norm(&l, &w->ln_f, &m->ln_f_weight, &m->ln_f_bias) ||
        !gb_matrix_load(&w->head, c, &m->lm_head, true, NULL, err) ||
        !loaded(&l, &m->lm_head) || (!m->tied && !load_wte(&l, w, &m->wte)))
        goto fail;
    for (i = 0; i < w->n_layer; i++)
        if (!load_layer(&l, &w->layers[i], &m->blocks[i]))
            goto fail;
    w->bytes = gb_weights_size(c, m, c->dtype);
    if (gb_compute_finish(c, err))
        return true;
fail:
    gb_weights_free(w);
    return false;
}

static void
free_norm(gb_norm *n)
{
    if (n->gain != NULL)
        clReleaseMemObject(n->gain);
    if (n->bias != NULL)
        clReleaseMemObject(n->bias);
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
    if (w->wte != NULL)
        clReleaseMemObject(w->wte);
    if (w->wpe != NULL)
        clReleaseMemObject(w->wpe);
    memset(w, 0, sizeof *w);
}
