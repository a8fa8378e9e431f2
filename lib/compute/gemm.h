/* SPDX-License-Identifier: Apache-2.0 */
/* gemm.h -- activations times a stored weight matrix.
 *
 *     C[m, N] = A[m, K] W^T,   W [N, K] in any kind of fl_matrix, A and C f32, rows contiguous
 *
 * Threaded; the bytes of C do not depend on the number of threads. Up to FL_GEMV_ROWS rows of A the
 * weights are read once, as they are stored; beyond, tiles of them are turned into f32 for sgemm. Where W
 * is in panels, the rows of A are rounded to 8 bits and the product is one of integers (compute/qgemm.h). */
#ifndef FL_COMPUTE_GEMM_H
#define FL_COMPUTE_GEMM_H

#include <stddef.h>

#include "compute/matrix.h"
#include "compute/scratch.h"

enum { FL_GEMV_ROWS = 4 };

struct fl_gemm_out {
	float *c;
	const struct fl_matrix *w;
};

/* A times each of n matrices: what they share is done once. */
void fl_gemm_all(const struct fl_gemm_out *out, size_t n, const float *a, size_t m, struct fl_scratch *s);

void fl_gemm(float *c, const float *a, size_t m, const struct fl_matrix *w, struct fl_scratch *s);

#endif
