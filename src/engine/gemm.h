/* The prefill's products by CLBlast, for devices where it is the faster one.
 * Its sums are not batch-invariant. */
#ifndef GB_ENGINE_GEMM_H
#define GB_ENGINE_GEMM_H

#include "engine/weights.h"

typedef struct gb_gemm gb_gemm;

/* max_in, max_out (padded): the largest matrix that will come; batch: the
 * most tokens. Needs max_in * max_out + batch * max_out floats. */
gb_gemm *gb_gemm_open(gb_compute *c, unsigned max_in, unsigned max_out,
                      unsigned batch, gb_error *err);
void gb_gemm_close(gb_gemm *g);

/* y (n, ldy) = epilogue(x (n, ldx) * m + bias); epilogue as in
 * cl/linear.cl. */
bool gb_gemm_run(gb_gemm *g, gb_compute *c, const gb_matrix *m, cl_mem x,
                 unsigned ldx, cl_mem y, unsigned ldy, unsigned epilogue,
                 unsigned n, gb_error *err);

uint64_t gb_gemm_bytes(const gb_gemm *g);

#endif
