/* SPDX-License-Identifier: Apache-2.0 */
/* matmul.h -- one matrix product on all threads: what training is made of.
 *
 * As sgemm.h, cut into tiles of C by the sizes alone, so the bytes do not depend on the number of
 * threads. For y = x W^T with x [m, k], W [n, k]:
 *
 *     dx [m, k] = dy W        dW [n, k] += dy^T x   (trans_a) */
#ifndef FL_COMPUTE_MATMUL_H
#define FL_COMPUTE_MATMUL_H

#include "compute/scratch.h"
#include "compute/sgemm.h"

/* bf16: with A and B rounded to bf16 first; sums stay f32. */
void fl_matmul(const struct fl_product *p, bool bf16, struct fl_scratch *s);

#endif
