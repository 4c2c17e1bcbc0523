#include "engine/gemm.h"

#include <clblast_c.h>
#include <stdlib.h>

#include "base/library.h"
#include "base/mem.h"
#include "engine/queue.h"

struct gb_gemm {
    __typeof__(CLBlastSgemm) *sgemm;
    cl_mem weight;  /* (max_in, max_out) f32, one matrix at a time */
    cl_mem product; /* (batch, max_out) f32 */
    gb_op unpack[GB_PACKINGS]; /* those that c has kernels for */
    gb_op epilogue;
    uint64_t bytes;
};

static bool
open_kernels(gb_gemm *g, gb_compute *c, gb_error *err)
{
    unsigned i;

    for (i = 0; i < GB_PACKINGS; i++) {
        if ((c->packings & 1u << i) == 0)
            continue;
        if (!gb_op_init_packed(c, &g->unpack[i], "unpack", i,
                               GB_ARGS([GB_UNPACK_OUT] = GB_MEM(g->weight)),
                               err))
            return false;
        g->unpack[i].per_y = 1;
    }
    if (!gb_op_init(c, &g->epilogue, "gemm_epilogue",
                    GB_ARGS([GB_GEMM_PRODUCT] = GB_MEM(g->product)), err))
        return false;
    g->epilogue.per_y = 1;
    return true;
}

gb_gemm *
gb_gemm_open(gb_compute *c, unsigned max_in, unsigned max_out, unsigned batch,
             gb_error *err)
{
    gb_gemm *g = gb_alloc(sizeof *g);
    const gb_call sgemm = {"CLBlastSgemm", &g->sgemm};
    size_t weight = sizeof(float) * max_in * max_out;
    size_t product = sizeof(float) * batch * max_out;

    if (!gb_library_load(GB_CLBLAST_LIBRARY, &sgemm, 1, err))
        goto fail;
    g->bytes = weight + product;
    g->weight = gb_buffer(c, weight, "CLBlast's weights", err);
    if (g->weight == NULL)
        goto fail;
    g->product = gb_buffer(c, product, "CLBlast's products", err);
    if (g->product != NULL && open_kernels(g, c, err))
        return g;
fail:
    gb_gemm_close(g);
    return NULL;
}

void
gb_gemm_close(gb_gemm *g)
{
    unsigned i;

    if (g == NULL)
        return;
    gb_buffer_free(g->weight);
    gb_buffer_free(g->product);
    for (i = 0; i < GB_PACKINGS; i++)
        gb_op_free(&g->unpack[i]);
    gb_op_free(&g->epilogue);
    free(g);
}

uint64_t
gb_gemm_bytes(const gb_gemm *g)
{
    return g != NULL ? g->bytes : 0;
}

/* A panel layout is no matrix that CLBlast knows, and it may be of halves:
 * it gets a plain float32 copy. */
static bool
unpack(gb_gemm *g, gb_compute *c, const gb_matrix *m, gb_error *err)
{
    const gb_panels *p = &m->panels;
    const unsigned n_out = gb_panels_outputs(p);
    gb_op *op = &g->unpack[p->packing];

    op->x = gb_div_up(n_out, c->shape.lanes);
    return gb_op_set(op, GB_UNPACK_WEIGHT, &(gb_arg)GB_MEM(m->weight), err) &&
           gb_op_set(op, GB_UNPACK_N_IN, &(gb_arg)GB_UINT(p->n_in), err) &&
           gb_op_set(op, GB_UNPACK_N_OUT, &(gb_arg)GB_UINT(n_out), err) &&
           gb_op_set(op, GB_UNPACK_PANEL, &(gb_arg)GB_UINT(p->width), err) &&
           gb_op_run(c, op, p->n_in, err);
}

static bool
finish(gb_gemm *g, gb_compute *c, const gb_matrix *m, cl_mem y, unsigned ldy,
       unsigned epilogue, unsigned n, gb_error *err)
{
    const unsigned n_out = gb_panels_outputs(&m->panels);
    gb_op *op = &g->epilogue;

    op->x = gb_div_up(n_out, c->shape.vw * c->shape.lanes);
    return gb_op_set(op, GB_GEMM_N_OUT, &(gb_arg)GB_UINT(n_out), err) &&
           gb_op_set(op, GB_GEMM_BIAS, &(gb_arg)GB_MEM(m->bias), err) &&
           gb_op_set(op, GB_GEMM_Y, &(gb_arg)GB_MEM(y), err) &&
           gb_op_set(op, GB_GEMM_LDY, &(gb_arg)GB_UINT(ldy), err) &&
           gb_op_set(op, GB_GEMM_EPILOGUE, &(gb_arg)GB_UINT(epilogue), err) &&
           gb_op_run(c, op, n, err);
}

bool
gb_gemm_run(gb_gemm *g, gb_compute *c, const gb_matrix *m, cl_mem x,
            unsigned ldx, cl_mem y, unsigned ldy, unsigned epilogue,
            unsigned n, gb_error *err)
{
    const unsigned n_in = m->panels.n_in, n_out = gb_panels_outputs(&m->panels);
    CLBlastStatusCode status;
    cl_event *event;

    if (!unpack(g, c, m, err))
        return false;
    /* Of its kernels the last tells: it waits for the events of the others, so
     * that it fails where one of them does. Its time is its own. */
    event = gb_event(c);
    c->names[c->n_events] = "sgemm (CLBlast), its end";
    status = g->sgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo,
                      CLBlastTransposeNo, n, n_out, n_in, 1.0f, x, 0, ldx,
                      g->weight, 0, n_out, 0.0f, g->product, 0, n_out,
                      &c->queue, event);
    if (status != CLBlastSuccess)
        return gb_fail(err, "%s: CLBlast's Sgemm failed with status %d",
                       c->device.name, (int)status);
    return gb_enqueued(c, CL_SUCCESS, "multiplying", err) &&
           finish(g, c, m, y, ldy, epilogue, n, err);
}
