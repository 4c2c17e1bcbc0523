#include "engine/packing.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* Elements of a tensor that are read at once, or a little more. */
#define AT_ONCE 16384
/* A thread is worth its while from so many elements on. */
#define SHARE (1u << 20)
#define MOST_THREADS 16

const gb_packing_row gb_packings[GB_PACKINGS] = {
    [GB_PACK_F32] = {"f32", 1, 4},
    [GB_PACK_F16] = {"f16", 1, 2},
    [GB_PACK_BF16] = {"bf16", 1, 2},
};

static const char *const choices[] = {
    [GB_DTYPE_AUTO] = "auto",
    [GB_DTYPE_F32] = "f32",
    [GB_DTYPE_F16] = "f16",
    [GB_DTYPE_BF16] = "bf16",
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
gb_packing_for(gb_dtype_choice choice, gb_dtype file)
{
    static const gb_packing exact[] = {
        [GB_F32] = GB_PACK_F32,
        [GB_F16] = GB_PACK_F16,
        [GB_BF16] = GB_PACK_BF16,
    };

    switch (choice) {
    case GB_DTYPE_F32:
        return GB_PACK_F32;
    case GB_DTYPE_F16:
        return GB_PACK_F16;
    case GB_DTYPE_BF16:
        return GB_PACK_BF16;
    case GB_DTYPE_AUTO:
        break;
    }
    return exact[file];
}

static uint32_t
block_count(const gb_panels *p)
{
    const uint32_t block = gb_packings[p->packing].block;

    return (p->n_in + block - 1) / block;
}

/* Bytes of one block of all outputs of a panel. */
static size_t
row_size(const gb_panels *p)
{
    return (size_t)p->width * gb_packings[p->packing].bytes;
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
too_large(const gb_tensor *t, gb_error *err)
{
    return gb_fail(err,
                   "%s: tensor %s has values beyond float16's 65504; use "
                   "--dtype f32 or bf16",
                   t->path, t->name);
}

/* Elements [from, from + n) of t as the packing has them, tightly packed.
 * scratch (n). */
static bool
convert(const gb_tensor *t, uint64_t from, size_t n, gb_packing packing,
        float *scratch, void *out, gb_error *err)
{
    if (packing == gb_packing_for(GB_DTYPE_AUTO, t->dtype))
        return gb_tensor_copy(t, from, n, out, err);
    if (packing == GB_PACK_F32)
        return gb_tensor_read(t, from, n, out, err);
    return gb_tensor_read(t, from, n, scratch, err) &&
           (narrow(scratch, n, packing, out) || too_large(t, err));
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

static size_t
inputs_at_once(const gb_panels *p)
{
    return (AT_ONCE + p->n_out - 1) / p->n_out;
}

/* Source rows are inputs; a part is some of them. */
static bool
pack_rows(job *j, size_t part, float *scratch, unsigned char *rows,
          gb_error *err)
{
    const gb_panels *p = j->panels;
    const size_t row = p->n_out * (size_t)gb_packings[p->packing].bytes;
    const size_t some = inputs_at_once(p), first = part * some;
    const size_t n = p->n_in - first < some ? p->n_in - first : some;
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

/* Outputs of a panel that are in the source. */
static size_t
outputs_in(const gb_panels *p, size_t panel)
{
    const size_t left = p->n_out - panel * p->width;

    return left < p->width ? left : p->width;
}

/* Source rows are outputs; a part is a panel, a block of them transposed. */
static bool
pack_columns(job *j, size_t part, float *scratch, unsigned char *rows,
             gb_error *err)
{
    const gb_panels *p = j->panels;
    const size_t block = (size_t)p->width * p->n_in;
    const size_t size = gb_packings[p->packing].bytes;
    const size_t n = outputs_in(p, part);

    if (!convert(j->source, (uint64_t)part * block, n * p->n_in, p->packing,
                 scratch, rows, err))
        return false;
    transpose(rows, n, p->n_in, j->out + part * block * size, p->width, size);
    return true;
}

/* Works on parts until there are no more, or one failed. */
static void *
work(void *arg)
{
    job *j = arg;
    float *scratch = gb_alloc_array(j->elements, sizeof *scratch);
    unsigned char *rows = gb_alloc_array(j->elements, sizeof *scratch);
    gb_error err = GB_ERROR_INIT;
    size_t i;

    while (!atomic_load(&j->failed) &&
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

/* Others help where they can be had; this thread works in any case, and gets
 * all signals. */
static bool
share(job *j)
{
    pthread_t threads[MOST_THREADS];
    const size_t most = helpers(j);
    sigset_t all, before;
    size_t n = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (n < most && pthread_create(&threads[n], NULL, work, j) == 0)
        n++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    work(j);
    while (n > 0)
        pthread_join(threads[--n], NULL);
    return !atomic_load(&j->failed);
}

bool
gb_pack(const gb_panels *p, const gb_tensor *source, bool transposed,
        void *out, gb_error *err)
{
    const size_t some = inputs_at_once(p);
    job j = {.panels = p, .source = source, .out = out, .err = err};

    if (transposed) {
        j.part = pack_columns;
        j.n_parts = gb_panels_count(p);
        j.elements = (size_t)p->width * p->n_in;
    } else {
        j.part = pack_rows;
        j.n_parts = (p->n_in + some - 1) / some;
        j.elements = some * p->n_out;
    }
    return share(&j);
}
