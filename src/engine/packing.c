#include "engine/packing.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/thread.h"
#include "engine/compute.h"
#include "model/dequant.h"

/* Elements of a tensor that are read at once, or a little more. */
#define AT_ONCE 16384
/* A thread is worth its while from so many elements on. */
#define SHARE (1u << 20)
#define MOST_THREADS 16

const gb_packing_row gb_packings[GB_PACKINGS] = {
    [GB_PACK_F32] = {"f32", 1, 4},
    [GB_PACK_F16] = {"f16", 1, 2},
    [GB_PACK_BF16] = {"bf16", 1, 2},
    [GB_PACK_Q8_0] = {"q8_0", GB_QUANT_BLOCK, 34},
    [GB_PACK_Q4_0] = {"q4_0", GB_QUANT_BLOCK, 18},
};

static const char *const choices[] = {
    [GB_DTYPE_AUTO] = "auto",
    [GB_DTYPE_F32] = "f32",
    [GB_DTYPE_F16] = "f16",
    [GB_DTYPE_BF16] = "bf16",
    [GB_DTYPE_Q8_0] = "q8_0",
    [GB_DTYPE_Q4_0] = "q4_0",
};

const char *
gb_dtype_choice_name(gb_dtype_choice choice)
{
    return choice < GB_COUNT(choices) ? choices[choice] : NULL;
}

bool
gb_dtype_choice_parse(const char *name, gb_dtype_choice *choice)
{
    unsigned i;

    for (i = 0; i < GB_COUNT(choices); i++)
        if (strcmp(choices[i], name) == 0) {
            *choice = (gb_dtype_choice)i;
            return true;
        }
    return false;
}

gb_packing
gb_packing_fine(gb_packing coarse)
{
    return coarse == GB_PACK_Q4_0 ? GB_PACK_Q8_0 : coarse;
}

gb_packing
gb_packing_for(gb_dtype_choice choice, gb_dtype file, gb_matrix_role role)
{
    static const gb_packing exact[] = {
        [GB_F32] = GB_PACK_F32,
        [GB_F16] = GB_PACK_F16,
        [GB_BF16] = GB_PACK_BF16,
        [GB_F64] = GB_PACK_F32,
        [GB_Q8_0] = GB_PACK_Q8_0, [GB_Q4_0] = GB_PACK_Q4_0,
        [GB_Q4_1] = GB_PACK_Q8_0, [GB_Q5_0] = GB_PACK_Q8_0,
        [GB_Q5_1] = GB_PACK_Q8_0, [GB_Q2_K] = GB_PACK_Q8_0,
        [GB_Q3_K] = GB_PACK_Q8_0, [GB_Q4_K] = GB_PACK_Q8_0,
        [GB_Q5_K] = GB_PACK_Q8_0, [GB_Q6_K] = GB_PACK_Q8_0,
    };
    static const gb_packing asked[] = {
        [GB_DTYPE_F32] = GB_PACK_F32,   [GB_DTYPE_F16] = GB_PACK_F16,
        [GB_DTYPE_BF16] = GB_PACK_BF16, [GB_DTYPE_Q8_0] = GB_PACK_Q8_0,
        [GB_DTYPE_Q4_0] = GB_PACK_Q4_0,
    };

    if (choice == GB_DTYPE_AUTO)
        return exact[file];
    return role == GB_MATRIX_FINE ? gb_packing_fine(asked[choice])
                                  : asked[choice];
}

bool
gb_packing_is_quantized(gb_packing packing)
{
    return gb_packings[packing].block > 1;
}

static uint32_t
block_count(const gb_panels *p)
{
    return (uint32_t)gb_div_up(p->n_in, gb_packings[p->packing].block);
}

/* Bytes of one block of all outputs of a panel. */
static size_t
row_size(const gb_panels *p)
{
    return (size_t)p->width * gb_packings[p->packing].bytes;
}

uint32_t
gb_panels_count(const gb_panels *p)
{
    return (uint32_t)gb_div_up(p->n_out, p->width);
}

uint32_t
gb_panels_outputs(const gb_panels *p)
{
    return gb_panels_count(p) * p->width;
}

uint64_t
gb_panels_size(const gb_panels *p)
{
    return (uint64_t)gb_panels_count(p) * block_count(p) * row_size(p);
}

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
    const size_t part = row_size(p);
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
        spread(p, rows + i * row, j->out + (first + i) * row_size(p));
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

/* Blocks of TILE outputs: what is done for all of them side by side is a loop
 * of fixed length, which the compiler turns into vector code at -O2 too. */
#define TILE 16

typedef struct tile {
    float x[GB_QUANT_BLOCK][TILE];
    uint16_t scale[TILE]; /* half */
    unsigned char q[GB_QUANT_BLOCK][TILE];
} tile;

/* 1 over the scale as it is kept, or 0; false where it is too large. */
static bool
find_scales(gb_packing packing, tile *t, float inverse[TILE])
{
    float most[TILE] = {0}, sum[TILE] = {0}, scale;
    bool ok = true;
    size_t i, o;

    for (i = 0; i < GB_QUANT_BLOCK; i++)
        for (o = 0; o < TILE; o++) {
            most[o] = fabsf(t->x[i][o]) > fabsf(most[o]) ? t->x[i][o]
                                                         : most[o];
            sum[o] += t->x[i][o] * 0; /* NaN if it is no number */
        }
    for (o = 0; o < TILE; o++) {
        scale = packing == GB_PACK_Q8_0 ? fabsf(most[o]) / 127 : most[o] / -8;
        t->scale[o] = gb_float_to_half(isfinite(sum[o]) ? scale : NAN);
        scale = gb_half_to_float(t->scale[o]);
        ok &= !isinf(scale);
        inverse[o] = isfinite(scale) && scale != 0 ? 1 / scale : 0;
    }
    return ok;
}

static bool
quantize_tile(gb_packing packing, tile *t)
{
    const bool bytes = packing == GB_PACK_Q8_0;
    const float bias = bytes ? 0.0f : 8.0f, low = bytes ? -127.0f : 0.0f;
    const float high = bytes ? 127.0f : 15.0f;
    float inverse[TILE], v;
    size_t i, o;

    if (!find_scales(packing, t, inverse))
        return false;
    for (i = 0; i < GB_QUANT_BLOCK; i++)
        for (o = 0; o < TILE; o++) {
            v = t->x[i][o] * inverse[o] + bias;
            v = v > low ? v : low; /* what is no number, too */
            v = v < high ? v : high;
            t->q[i][o] = (unsigned char)((int)(v + 256.5f) - 256);
        }
    if (bytes)
        return true;
    for (i = 0; i < GB_QUANT_BLOCK / 2; i++)
        for (o = 0; o < TILE; o++)
            t->q[i][o] |= (unsigned char)(t->q[i + 16][o] << 4);
    return true;
}

bool
gb_quantize(gb_packing packing, const float *x, unsigned char *block)
{
    tile t = {.x = {{0}}};
    size_t i;

    for (i = 0; i < GB_QUANT_BLOCK; i++)
        t.x[i][0] = x[i];
    if (!quantize_tile(packing, &t))
        return false;
    memcpy(block, &t.scale[0], 2);
    for (i = 0; i + 2 < gb_packings[packing].bytes; i++)
        block[2 + i] = t.q[i][0];
    return true;
}

/* A tile to where it belongs: the outputs from `out` on. */
static void
place(const gb_panels *p, size_t in_block, size_t out, const tile *t,
      unsigned char *to)
{
    const size_t integers = gb_packings[p->packing].bytes - 2;
    size_t i, o;

    to += (out / p->width * block_count(p) + in_block) * row_size(p);
    out %= p->width;
    memcpy(to + 2 * out, t->scale, sizeof t->scale);
    to += 2 * p->width + out * p->unit;
    for (i = 0; i < integers; i += p->unit, to += p->width * p->unit)
        for (o = 0; o < TILE; o++) {
            to[o * p->unit] = t->q[i][o];
            to[o * p->unit + 1] = t->q[i + 1][o];
            if (p->unit == 2)
                continue;
            to[o * p->unit + 2] = t->q[i + 2][o];
            to[o * p->unit + 3] = t->q[i + 3][o];
        }
}

/* A block of inputs of TILE outputs: n_in x n_out weights are there, the next
 * input `across` and the next output `along` further on; the rest is zeros. */
static bool
quantize_at(const job *j, const float *x, size_t n_in, size_t across,
            size_t n_out, size_t along, size_t in_block, size_t out,
            gb_error *err)
{
    tile t;
    size_t i, o;

    if (n_in < GB_QUANT_BLOCK || n_out < TILE)
        memset(t.x, 0, sizeof t.x);
    if (along == 1)
        for (i = 0; i < n_in; i++)
            memcpy(t.x[i], x + i * across, n_out * sizeof *x);
    else
        for (o = 0; o < n_out; o++)
            for (i = 0; i < n_in; i++)
                t.x[i][o] = x[i * across + o * along];
    if (!quantize_tile(j->panels->packing, &t))
        return too_large(j->source, j->panels->packing, err);
    place(j->panels, in_block, out, &t, j->out);
    return true;
}

/* Source rows are inputs; a part is a block of them. */
static bool
quantize_rows(job *j, size_t part, float *scratch, unsigned char *rows,
              gb_error *err)
{
    const gb_panels *p = j->panels;
    const size_t first = part * GB_QUANT_BLOCK;
    const size_t n = part_of(p->n_in, first, GB_QUANT_BLOCK);
    size_t o;

    (void)rows;
    if (!gb_tensor_read(j->source, (uint64_t)first * p->n_out, n * p->n_out,
                        scratch, err))
        return false;
    for (o = 0; o < gb_panels_outputs(p); o += TILE)
        if (!quantize_at(j, scratch + o, n, p->n_out,
                         part_of(p->n_out, o, TILE), 1, part, o, err))
            return false;
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
    size_t o, b;

    (void)rows;
    if (!gb_tensor_read(j->source, (uint64_t)first * p->n_in, n * p->n_in,
                        scratch, err))
        return false;
    for (o = 0; o < p->width; o += TILE)
        for (b = 0; b < block_count(p); b++)
            if (!quantize_at(j,
                             scratch + o * p->n_in + b * GB_QUANT_BLOCK,
                             part_of(p->n_in, b * GB_QUANT_BLOCK,
                                     GB_QUANT_BLOCK),
                             1, part_of(n, o, TILE), p->n_in, b, first + o,
                             err))
                return false;
    return true;
}

/* Whether blocks of a file are blocks of the packing, number for number. */
static bool
has_blocks(gb_dtype dtype, gb_packing packing)
{
    return packing == GB_PACK_Q4_0
               ? dtype == GB_Q4_0
               : packing == GB_PACK_Q8_0 && gb_dequant_is_q8_0(dtype);
}

/* A block of the file to place o of a tile. */
static void
take_block(gb_dtype dtype, gb_packing packing, const unsigned char *raw,
           tile *t, size_t o)
{
    const size_t integers = gb_packings[packing].bytes - 2;
    unsigned char block[2 + GB_QUANT_BLOCK];
    size_t i;

    if (packing == GB_PACK_Q8_0)
        gb_dequant_to_q8_0(dtype, raw, block);
    else
        memcpy(block, raw, 2 + integers);
    memcpy(&t->scale[o], block, 2);
    for (i = 0; i < integers; i++)
        t->q[i][o] = block[2 + i];
}

/* Source rows are outputs, in blocks; a part is a panel of them. */
static bool
copy_blocks(job *j, size_t part, float *scratch, unsigned char *rows,
            gb_error *err)
{
    const gb_panels *p = j->panels;
    const gb_dtype dtype = j->source->dtype;
    const size_t first = part * p->width, blocks = block_count(p);
    const size_t n = part_of(p->n_out, first, p->width);
    const size_t size = gb_dtype_size(dtype);
    size_t o, b, i;
    tile t;

    (void)scratch;
    if (!gb_tensor_copy(j->source, (uint64_t)first * p->n_in, n * p->n_in,
                        rows, err))
        return false;
    for (o = 0; o < p->width; o += TILE)
        for (b = 0; b < blocks; b++) {
            memset(&t, 0, sizeof t);
            for (i = 0; i < part_of(n, o, TILE); i++)
                take_block(dtype, p->packing,
                           rows + ((o + i) * blocks + b) * size, &t, i);
            place(p, b, first + o, &t, j->out);
        }
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
        j.part = has_blocks(source->dtype, p->packing) ? copy_blocks
                 : quantized                           ? quantize_columns
                                                       : pack_columns;
        j.n_parts = gb_panels_count(p);
        j.elements = (size_t)p->width * p->n_in;
    } else if (quantized) {
        j.part = quantize_rows;
        j.n_parts = block_count(p);
        j.elements = (size_t)GB_QUANT_BLOCK * p->n_out;
    } else {
        j.part = pack_rows;
        j.n_parts = gb_div_up(p->n_in, some);
        j.elements = some * p->n_out;
    }
    return share(&j);
}
