#include "engine/pack.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/round.h"
#include "base/thread.h"
#include "engine/quantize.h"

/* Elements of a tensor that are read at once, or a little more. */
#define AT_ONCE 16384
/* A thread is worth its while from so many elements on. */
#define SHARE (1u << 20)
#define MOST_THREADS 16

/* A matrix on its way into panels. It goes in parts, which threads take one
 * by one. */
typedef struct job {
    const gb_panels *panels;
    const gb_tensor *source;
    unsigned char *out;
    bool (*part)(struct job *j, size_t i, float *scratch, unsigned char *rows,
                 gb_error *err);
    size_t n_parts;
    size_t elements; /* of a part, at most */
    atomic_size_t next;
    atomic_bool failed;
    gb_error *err; /* of the thread that failed first */
} job;

/* Rounds to two bytes. Returns false when a finite value is too large for
 * float16. */
static bool
narrow(const float *x, size_t n, gb_packing packing, uint16_t *out)
{
    uint32_t bits;
    bool ok = true;
    size_t i;

    for (i = 0; i < n; i++) {
        if (packing == GB_PACK_F16) {
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
too_large(const gb_tensor *t, gb_packing packing, gb_error *err)
{
    return gb_fail(err,
                   "%s: tensor %s has values beyond %s; use --dtype f32 or "
                   "bf16",
                   t->path, t->name,
                   packing == GB_PACK_F16 ? "float16's 65504"
                                          : "what a scale in float16 allows");
}

/* Elements [from, from + n) of t as the packing has them, tightly packed.
 * scratch (n). */
static bool
convert(const gb_tensor *t, uint64_t from, size_t n, gb_packing packing,
        float *scratch, void *out, gb_error *err)
{
    if (packing == GB_PACK_F32)
        return gb_tensor_read(t, from, n, out, err);
    if (packing == gb_packing_for(GB_DTYPE_AUTO, t->dtype, GB_MATRIX_COARSE))
        return gb_tensor_copy(t, from, n, out, err);
    return gb_tensor_read(t, from, n, scratch, err) &&
           (narrow(scratch, n, packing, out) || too_large(t, packing, err));
}

/* One input's row (n_out) to its row of every panel; zeros behind it. */
static void
spread(const gb_panels *p, const unsigned char *row, unsigned char *out)
{
    const size_t part = gb_panels_row(p);
    size_t left = p->n_out * (size_t)gb_packings[p->packing].bytes, n;

    for (; left > 0; left -= n, row += n, out += p->n_in * part) {
        n = left < part ? left : part;
        memcpy(out, row, n);
        memset(out + n, 0, part - n);
    }
}

/* How many of `all` a part has that begins behind `done` of them. */
static size_t
part_of(size_t all, size_t done, size_t most)
{
    const size_t left = done < all ? all - done : 0;

    return left < most ? left : most;
}

static size_t
inputs_at_once(const gb_panels *p)
{
    return gb_div_up(AT_ONCE, p->n_out);
}

/* Source rows are inputs; a part is some of them. */
static bool
pack_rows(job *j, size_t part, float *scratch, unsigned char *rows,
          gb_error *err)
{
    const gb_panels *p = j->panels;
    const size_t row = p->n_out * (size_t)gb_packings[p->packing].bytes;
    const size_t some = inputs_at_once(p), first = part * some;
    const size_t n = part_of(p->n_in, first, some);
    size_t i;

    if (!convert(j->source, (uint64_t)first * p->n_out, n * p->n_out,
                 p->packing, scratch, rows, err))
        return false;
    for (i = 0; i < n; i++)
        spread(p, rows + i * row, j->out + (first + i) * gb_panels_row(p));
    return true;
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

/* Source rows are outputs; a part is a panel, a block of them transposed. */
static bool
pack_columns(job *j, size_t part, float *scratch, unsigned char *rows,
             gb_error *err)
{
    const gb_panels *p = j->panels;
    const size_t block = (size_t)p->width * p->n_in;
    const size_t size = gb_packings[p->packing].bytes;
    const size_t n = part_of(p->n_out, part * p->width, p->width);

    if (!convert(j->source, (uint64_t)part * block, n * p->n_in, p->packing,
                 scratch, rows, err))
        return false;
    transpose(rows, n, p->n_in, j->out + part * block * size, p->width, size);
    return true;
}

/* Source rows are inputs; a part is a block of them. */
static bool
quantize_rows(job *j, size_t part, float *scratch, unsigned char *rows,
              gb_error *err)
{
    const gb_panels *p = j->panels;
    const size_t first = part * GB_QUANT_BLOCK;
    gb_weights_tile w = {.n_in = part_of(p->n_in, first, GB_QUANT_BLOCK),
                         .across = p->n_out, .along = 1};
    size_t o;

    (void)rows;
    if (!gb_tensor_read(j->source, (uint64_t)first * p->n_out,
                        w.n_in * p->n_out, scratch, err))
        return false;
    for (o = 0; o < gb_panels_outputs(p); o += GB_TILE) {
        w.x = scratch + o;
        w.n_out = part_of(p->n_out, o, GB_TILE);
        if (!gb_quantize_tile(p, &w, part, o, j->out))
            return too_large(j->source, p->packing, err);
    }
    return true;
}

/* Source rows are outputs; a part is a panel of them. */
static bool
quantize_columns(job *j, size_t part, float *scratch, unsigned char *rows,
                 gb_error *err)
{
    const gb_panels *p = j->panels;
    const size_t first = part * p->width;
    const size_t n = part_of(p->n_out, first, p->width);
    gb_weights_tile w = {.across = 1, .along = p->n_in};
    size_t o, b;

    (void)rows;
    if (!gb_tensor_read(j->source, (uint64_t)first * p->n_in, n * p->n_in,
                        scratch, err))
        return false;
    for (o = 0; o < p->width; o += GB_TILE)
        for (b = 0; b < gb_panels_blocks(p); b++) {
            w.x = scratch + o * p->n_in + b * GB_QUANT_BLOCK;
            w.n_in = part_of(p->n_in, b * GB_QUANT_BLOCK, GB_QUANT_BLOCK);
            w.n_out = part_of(n, o, GB_TILE);
            if (!gb_quantize_tile(p, &w, b, first + o, j->out))
                return too_large(j->source, p->packing, err);
        }
    return true;
}

/* Source rows are outputs, in blocks; a part is a panel of them. */
static bool
copy_blocks(job *j, size_t part, float *scratch, unsigned char *rows,
            gb_error *err)
{
    const gb_panels *p = j->panels;
    const size_t first = part * p->width;
    const size_t n = part_of(p->n_out, first, p->width);
    const size_t size = gb_dtype_size(j->source->dtype);
    const size_t along = gb_panels_blocks(p) * size;
    size_t o, b;

    (void)scratch;
    if (!gb_tensor_copy(j->source, (uint64_t)first * p->n_in, n * p->n_in,
                        rows, err))
        return false;
    for (o = 0; o < p->width; o += GB_TILE)
        for (b = 0; b < gb_panels_blocks(p); b++)
            gb_place_blocks(p, j->source->dtype, rows + o * along + b * size,
                            part_of(n, o, GB_TILE), along, b, first + o,
                            j->out);
    return true;
}

/* Works on parts until there are no more, or one failed; on none where there
 * is no memory for it. */
static void *
work(void *arg)
{
    job *j = arg;
    float *scratch = gb_try_alloc(j->elements, sizeof *scratch);
    unsigned char *rows = gb_try_alloc(j->elements, sizeof *scratch);
    gb_error err = GB_ERROR_INIT;
    size_t i;

    while (scratch != NULL && rows != NULL && !atomic_load(&j->failed) &&
           (i = atomic_fetch_add(&j->next, 1)) < j->n_parts)
        if (!j->part(j, i, scratch, rows, &err) &&
            !atomic_exchange(&j->failed, true) && j->err != NULL)
            *j->err = err;
    free(rows);
    free(scratch);
    return NULL;
}

static size_t
helpers(const job *j)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = cores > 1 ? (size_t)cores - 1 : 0;

    if (most > MOST_THREADS)
        most = MOST_THREADS;
    return j->source->count / SHARE < most ? j->source->count / SHARE : most;
}

/* Others help where they can be had; this thread works in any case. */
static bool
share(job *j)
{
    pthread_t threads[MOST_THREADS];
    const size_t most = helpers(j);
    size_t n = 0;

    while (n < most && gb_thread_start(&threads[n], work, j) == 0)
        n++;
    work(j);
    while (n > 0)
        pthread_join(threads[--n], NULL);
    if (!atomic_load(&j->failed) && atomic_load(&j->next) < j->n_parts)
        return gb_fail(j->err, "%s: tensor %s: there is no memory for a part "
                       "of it (%.1f MiB)", j->source->path, j->source->name,
                       (double)j->elements * 2 * sizeof(float) / 1048576.0);
    return !atomic_load(&j->failed);
}

bool
gb_pack(const gb_panels *p, const gb_tensor *source, bool transposed,
        void *out, gb_error *err)
{
    const bool outputs_first = transposed != source->turned;
    const bool quantized = gb_packing_is_quantized(p->packing);
    const size_t some = inputs_at_once(p);
    job j = {.panels = p, .source = source, .out = out, .err = err};

    if (outputs_first) {
        j.part = gb_has_blocks(source->dtype, p->packing) ? copy_blocks
                 : quantized                              ? quantize_columns
                                                          : pack_columns;
        j.n_parts = gb_panels_count(p);
        j.elements = (size_t)p->width * p->n_in;
    } else if (quantized) {
        j.part = quantize_rows;
        j.n_parts = gb_panels_blocks(p);
        j.elements = (size_t)GB_QUANT_BLOCK * p->n_out;
    } else {
        j.part = pack_rows;
        j.n_parts = gb_div_up(p->n_in, some);
        j.elements = some * p->n_out;
    }
    return share(&j);
}
