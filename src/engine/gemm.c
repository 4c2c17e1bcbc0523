#include "engine/gemm.h"

#include <clblast_c.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/queue.h"

struct gb_gemm {
    cl_mem weight;  /* (max_in, max_out) f32, one matrix at a time */
    cl_mem product; /* (batch, max_out) f32 */
    cl_kernel unpack, epilogue;
    uint64_t bytes;
};

gb_gemm *
gb_gemm_open(gb_compute *c, unsigned max_in, unsigned max_out, unsigned batch,
             gb_error *err)
{
    gb_gemm *g = gb_alloc(sizeof *g);
    size_t weight = sizeof(float) * max_in * max_out;
    size_t product = sizeof(float) * batch * max_out;
    cl_int code;

    g->bytes = weight + product;
    g->weight = gb_buffer(c, weight, "CLBlast's weights", err);
    if (g->weight == NULL)
        goto fail;
    g->product = gb_buffer(c, product, "CLBlast's products", err);
    if (g->product == NULL)
        goto fail;
    g->unpack = clCreateKernel(c->program, "unpack", &code);
    if (code == CL_SUCCESS)
        g->epilogue = clCreateKernel(c->program, "gemm_epilogue", &code);
    if (code == CL_SUCCESS)
        return g;
    gb_cl_fail(c, code, "creating a kernel", err);
fail:
    gb_gemm_close(g);
    return NULL;
}

void
gb_gemm_close(gb_gemm *g)
{
    if (g == NULL)
        return;
    if (g->weight != NULL)
        clReleaseMemObject(g->weight);
    if (g->product != NULL)
        clReleaseMemObject(g->product);
    if (g->unpack != NULL)
        clReleaseKernel(g->unpack);
    if (g->epilogue != NULL)
        clReleaseKernel(g->epilogue);
    free(g);
}

uint64_t
gb_gemm_bytes(const gb_gemm *g)
{
    return g != NULL ? g->bytes : 0;
}

static cl_int
set_args(cl_kernel k, const void *const *values, const size_t *sizes,
         unsigned n)
{
    cl_int code = CL_SUCCESS;
    unsigned i;

    for (i = 0; i < n && code == CL_SUCCESS; i++)
        code = clSetKernelArg(k, i, sizes[i], values[i]);
    return code;
}

/* A panel layout is no matrix that CLBlast knows, and it may be of halves:
 * it gets a plain float32 copy. */
static bool
unpack(gb_gemm *g, gb_compute *c, const gb_matrix *m, gb_error *err)
{
    const void *values[] = {&m->weight, &g->weight, &m->n_in,
                            &m->n_out_padded, &m->panel};
    static const size_t sizes[] = {sizeof(cl_mem), sizeof(cl_mem), 4, 4, 4};
    size_t global[2] = {m->n_out_padded, m->n_in}, local[2];
    cl_int code = set_args(g->unpack, values, sizes, GB_COUNT(sizes));

    local[0] = c->shape.lanes;
    local[1] = 1;
    if (code == CL_SUCCESS)
        code = clEnqueueNDRangeKernel(c->queue, g->unpack, 2, NULL, global,
                                      local, 0, NULL, gb_event(c));
    return gb_enqueued(c, code, "unpacking weights", err);
}

static bool
finish(gb_gemm *g, gb_compute *c, const gb_matrix *m, cl_mem y, unsigned ldy,
       unsigned epilogue, unsigned n, gb_error *err)
{
    const void *values[] = {&g->product, &m->n_out_padded, &m->bias,
                            &y,          &ldy,             &epilogue};
    static const size_t sizes[] = {sizeof(cl_mem), 4, sizeof(cl_mem),
                                   sizeof(cl_mem), 4, 4};
    size_t global[2] = {m->n_out_padded / c->shape.vw, n}, local[2];
    cl_int code = set_args(g->epilogue, values, sizes, GB_COUNT(sizes));

    local[0] = c->shape.lanes;
    local[1] = 1;
    if (code == CL_SUCCESS)
        code = clEnqueueNDRangeKernel(c->queue, g->epilogue, 2, NULL, global,
                                      local, 0, NULL, gb_event(c));
    return gb_enqueued(c, code, "adding the bias", err);
}

bool
gb_gemm_run(gb_gemm *g, gb_compute *c, const gb_matrix *m, cl_mem x,
            unsigned ldx, cl_mem y, unsigned ldy, unsigned epilogue,
            unsigned n, gb_error *err)
{
    CLBlastStatusCode status;

    if (!unpack(g, c, m, err))
        return false;
    status = CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo,
                          CLBlastTransposeNo, n, m->n_out_padded, m->n_in,
                          1.0f, x, 0, ldx, g->weight, 0, m->n_out_padded, 0.0f,
                          g->product, 0, m->n_out_padded, &c->queue,
                          gb_event(c));
    if (status != CLBlastSuccess)
        return gb_fail(err, "%s: CLBlast's Sgemm failed with status %d",
                       c->device.name, (int)status);
    return gb_enqueued(c, CL_SUCCESS, "multiplying", err) &&
           finish(g, c, m, y, ldy, epilogue, n, err);
}
