#include "engine/prefill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/forward.h"
#include "engine/queue.h"

#define TOKENS 256
#define INPUTS 768
#define OUTPUTS 3072
#define ROUNDS 3

/* The file for a device, driver, shape and packing; the caller frees. NULL
 * without cache. */
static char *
record_path(const gb_device *d, gb_packing packing)
{
    const gb_shape shape = gb_shape_for(d);
    gb_str key = GB_STR_INIT;
    char *path;

    gb_str_printf(&key, "%s\n%s\n%s\n%s\n%s\n", d->name, d->vendor,
                  d->version, d->driver, gb_packings[packing].name);
    gb_str_append(&key, &shape, sizeof shape);
    path = gb_cache_path("prefill", key.data, key.len);
    gb_str_free(&key);
    return path;
}

bool
gb_prefill_known(const gb_device *d, gb_packing packing, gb_prefill_times *t)
{
    gb_str text = GB_STR_INIT;
    char *path = record_path(d, packing);
    bool ok;

    ok = gb_cache_read(path, 4096, &text) &&
         sscanf(gb_str_cstr(&text), "own %lf clblast %lf", &t->own_ms,
                &t->clblast_ms) == 2 &&
         t->own_ms > 0 && t->clblast_ms > 0;
    gb_str_free(&text);
    free(path);
    return ok;
}

static void
remember(const gb_device *d, gb_packing packing,
         const gb_prefill_times *t)
{
    gb_str text = GB_STR_INIT;
    char *path = record_path(d, packing);

    gb_str_printf(&text, "own %.4f clblast %.4f\n", t->own_ms, t->clblast_ms);
    gb_cache_write(path, text.data, text.len);
    gb_str_free(&text);
    free(path);
}

/* The shortest of some rounds after one to warm up. */
static bool
best_time(gb_compute *c, gb_gemm *gemm, const gb_linear *l, double *ms,
          gb_error *err)
{
    double start, took;
    int i;

    *ms = 0;
    for (i = 0; i <= ROUNDS; i++) {
        start = gb_now_ms();
        if (!gb_linear_run(c, gemm, l, TOKENS, err) ||
            !gb_compute_finish(c, err))
            return false;
        took = gb_now_ms() - start;
        if (i > 0 && (*ms == 0 || took < *ms))
            *ms = took;
    }
    return true;
}

/* Random data: zeros are faster on some devices. */
static float *
noise(size_t n)
{
    float *x = gb_alloc_array(n, sizeof *x);
    uint32_t r = 1;
    size_t i;

    for (i = 0; i < n; i++) {
        r = r * 1664525u + 1013904223u;
        x[i] = (float)(int32_t)r * 0x1p-31f;
    }
    return x;
}

static cl_mem
fill(gb_compute *c, const float *x, size_t size, gb_error *err)
{
    cl_mem m = gb_buffer(c, size, "a measurement", err);

    if (m == NULL || gb_write_buffer(c, m, x, size, err))
        return m;
    gb_buffer_free(m);
    return NULL;
}

bool
gb_prefill_measure(gb_compute *c, gb_packing packing, gb_prefill_times *t,
                   gb_error *err)
{
    const unsigned ldx = gb_padded_width(&c->shape, INPUTS);
    const unsigned ldy = gb_padded_width(&c->shape, OUTPUTS);
    const cl_uint position[2] = {0, TOKENS};
    float *data = noise((size_t)INPUTS * OUTPUTS);
    gb_tensor w = {.name = "measurement",
                   .path = "",
                   .dtype = GB_F32,
                   .rank = 2,
                   .shape = {INPUTS, OUTPUTS},
                   .count = (uint64_t)INPUTS * OUTPUTS,
                   .data = (const unsigned char *)data,
                   .size = sizeof(float) * INPUTS * OUTPUTS};
    gb_matrix m = {0};
    gb_linear l = {0};
    gb_gemm *gemm = NULL;
    const size_t quantized = gb_quants_size(&c->shape, packing, INPUTS);
    cl_mem x, y, run, quants = NULL;
    bool ok = false;

    x = fill(c, data, sizeof(float) * TOKENS * ldx, err);
    y = gb_buffer(c, sizeof(float) * TOKENS * ldy, "a measurement", err);
    run = fill(c, (const float *)position, sizeof position, err);
    if (quantized > 0)
        quants = gb_buffer(c, TOKENS * quantized, "a measurement", err);
    if (x != NULL && y != NULL && run != NULL &&
        (quants != NULL || quantized == 0) &&
        gb_matrix_load(&m, c, packing, &w, false, NULL, err) &&
        gb_linear_init(&l, c, &m,
                       &(gb_linear_io){x, ldx, y, ldy, GB_EPILOGUE_BIAS, run,
                                       .quants.mem = quants},
                       err) &&
        (gemm = gb_gemm_open(c, INPUTS, gb_panels_outputs(&m.panels), TOKENS,
                             err)) != NULL)
        ok = best_time(c, NULL, &l, &t->own_ms, err) &&
             best_time(c, gemm, &l, &t->clblast_ms, err);
    if (ok)
        remember(&c->device, packing, t);
    gb_gemm_close(gemm);
    gb_linear_free(&l);
    gb_matrix_free(&m);
    gb_buffer_free(x);
    gb_buffer_free(y);
    gb_buffer_free(run);
    gb_buffer_free(quants);
    free(data);
    return ok;
}
