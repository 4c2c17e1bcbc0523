/* Weights of a model as GGUF has them: by rows of outputs. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/gguf_out.h"
#include "engine/quantize.h"
#include "model/dequant.h"

/* Elements that are converted at once, or a row. */
#define AT_ONCE 65536u

typedef struct source {
    const gb_out_tensor *t;
    uint64_t rows, columns; /* as the file has them */
    float *whole;           /* (columns, rows) where it must be transposed */
} source;

static bool
too_large(const gb_tensor *t, gb_error *err)
{
    return gb_fail(err, "%s: tensor %s has values that are too large for "
                   "this type; use --dtype f32", t->path, t->name);
}

/* n rows from `first` on as float32. */
static bool
read_rows(const source *s, uint64_t first, uint64_t n, float *out,
          gb_error *err)
{
    uint64_t i, j;

    if (s->whole == NULL)
        return gb_tensor_read(s->t->tensor, first * s->columns,
                              n * s->columns, out, err);
    for (i = 0; i < n; i++)
        for (j = 0; j < s->columns; j++)
            out[i * s->columns + j] = s->whole[j * s->rows + first + i];
    return true;
}

static uint16_t
to_bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if (x != x)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static bool
narrow(const float *x, size_t n, gb_dtype dtype, unsigned char *out)
{
    uint16_t half;
    bool ok = true;
    size_t i;

    for (i = 0; i < n; i++) {
        half = dtype == GB_F16 ? gb_float_to_half(x[i]) : to_bf16(x[i]);
        ok &= dtype != GB_F16 || (half & 0x7fff) != 0x7c00 ||
              x[i] - x[i] != 0;
        memcpy(out + 2 * i, &half, sizeof half);
    }
    return ok;
}

/* n elements in whole blocks. */
static bool
encode(const float *x, size_t n, gb_dtype dtype, unsigned char *out)
{
    const gb_packing packing = dtype == GB_Q8_0 ? GB_PACK_Q8_0 : GB_PACK_Q4_0;
    bool ok = true;
    size_t i;

    if (dtype == GB_F32)
        memcpy(out, x, n * sizeof *x);
    else if (gb_dtype_block(dtype) == 1)
        ok = narrow(x, n, dtype, out);
    else
        for (i = 0; i < n / GB_QUANT_BLOCK; i++)
            ok &= gb_quantize(packing, x + i * GB_QUANT_BLOCK,
                              out + i * gb_dtype_size(dtype));
    return ok;
}

/* Blocks that mean the same numbers stay as they are. */
static bool
keeps_blocks(const source *s)
{
    const gb_dtype from = s->t->tensor->dtype, to = s->t->dtype;

    return s->whole == NULL &&
           (from == to || (to == GB_Q8_0 && gb_dequant_is_q8_0(from)));
}

static bool
copy_rows(const source *s, uint64_t first, uint64_t n, unsigned char *scratch,
          unsigned char *out, gb_error *err)
{
    const gb_dtype from = s->t->tensor->dtype;
    const uint64_t count = n * s->columns;
    size_t i;

    if (from == s->t->dtype)
        return gb_tensor_copy(s->t->tensor, first * s->columns, count, out,
                              err);
    if (!gb_tensor_copy(s->t->tensor, first * s->columns, count, scratch, err))
        return false;
    for (i = 0; i < count / GB_QUANT_BLOCK; i++)
        gb_dequant_to_q8_0(from, scratch + i * gb_dtype_size(from),
                           out + i * gb_dtype_size(GB_Q8_0));
    return true;
}

static bool
convert_rows(const source *s, uint64_t first, uint64_t n, float *x,
             unsigned char *out, gb_error *err)
{
    if (keeps_blocks(s))
        return copy_rows(s, first, n, (unsigned char *)x, out, err);
    return read_rows(s, first, n, x, err) &&
           (encode(x, (size_t)(n * s->columns), s->t->dtype, out) ||
            too_large(s->t->tensor, err));
}

/* What is kept as (in, out) must be seen as a whole. */
static bool
open_source(source *s, const gb_out_tensor *t, gb_error *err)
{
    const gb_tensor *x = t->tensor;
    const bool matrix = x->rank == 2;
    const bool layer = matrix && strncmp(t->name, "blk.", 4) == 0;

    *s = (source){.t = t, .rows = matrix ? x->shape[layer ? 1 : 0] : 1};
    s->columns = x->count / (s->rows > 0 ? s->rows : 1);
    if (layer == x->turned)
        return true;
    s->whole = gb_try_alloc((size_t)x->count, sizeof *s->whole);
    if (s->whole == NULL)
        return gb_fail(err, "%s: tensor %s: out of memory for its %zu "
                       "elements", x->path, x->name, (size_t)x->count);
    return gb_tensor_read(x, 0, x->count, s->whole, err);
}

bool
gb_gguf_out_tensor(const gb_out_tensor *t, int fd, const char *path,
                   const gb_progress *progress, uint64_t done, uint64_t total,
                   gb_error *err)
{
    static const char zeros[GB_OUT_ALIGNMENT];
    source s;
    bool ok = open_source(&s, t, err);
    uint64_t some = s.columns < AT_ONCE ? AT_ONCE / s.columns : 1, at, n;
    const uint64_t row = t->size / s.rows;
    float *x = gb_alloc_array(some * s.columns, sizeof *x);
    unsigned char *out = gb_alloc_array(some * s.columns, sizeof *x);

    for (at = 0; ok && at < s.rows; at += n) {
        n = s.rows - at < some ? s.rows - at : some;
        ok = gb_progress_on(progress, GB_PHASE_CONVERT, done + at * row,
                            total, err) &&
             convert_rows(&s, at, n, x, out, err) &&
             gb_fd_write(fd, path, out, (size_t)(n * row), err);
    }
    ok = ok && gb_fd_write(fd, path, zeros,
                           (size_t)(-t->size % GB_OUT_ALIGNMENT), err);
    free(out);
    free(x);
    free(s.whole);
    return ok;
}
