/* SPDX-License-Identifier: Apache-2.0 */
/* qgemm.h -- rounded activations times quantized weights, in integers, for each instruction set.
 *
 * With the activations x ~ s (a - z) of compute/qrows.h and the weights w = scale q of compute/panels.h
 *
 *     y[n] = s ( sum over groups g of scale[n, g] (sum over g of a q)  -  z W[n] ),  W[n] = sum of scale q
 *
 * which is what ExecuTorch's XNNPACK computes. Integer sums are exact; a group's sum times its scale is added to
 * those before it with one rounding, groups in ascending order, and z W is taken away with one, so that every
 * kernel gives the same bytes, at any number of threads.
 *
 * As weights are unsigned, the sum over a group starts at -8 or -128 times the sum of a. A sum over a group stays
 * below 2^20. */
#ifndef FL_COMPUTE_QGEMM_H
#define FL_COMPUTE_QGEMM_H

#include <stddef.h>

#include "compute/gemm.h"
#include "compute/isa.h"
#include "compute/qrows.h"

struct fl_qgemm {
	const char *name;
	enum fl_isa isa;

	/* Rows first .. first+rows-1 of a times the outputs of whole panels, from the one at `panel` on: c[row, n],
	 * n < outputs, c at the first of them, its rows ldc apart. after: panels that the caller will come with next;
	 * where weights come from memory, they are fetched as these end. */
	void (*int4)(float *c, size_t ldc, const struct fl_qrows *a, size_t first, size_t rows,
	    const unsigned char *panel, size_t outputs, const unsigned char *after);
	void (*int8)(float *c, size_t ldc, const struct fl_qrows *a, size_t first, size_t rows,
	    const unsigned char *panel, size_t outputs, const unsigned char *after);
};

/* All there are in this program, the best last; NULL ends them. The first is plain C. */
extern const struct fl_qgemm *const fl_qgemms[];
const struct fl_qgemm *fl_qgemm_best(void); /* of those usable here */

extern const struct fl_qgemm fl_qgemm_portable, fl_qgemm_avx2, fl_qgemm_avxvnni, fl_qgemm_avx512,
    fl_qgemm_dotprod, fl_qgemm_i8mm;

/* a times each of n matrices in panels, all of a->cols columns. kernels NULL: the best. Threaded. */
void fl_qgemm(const struct fl_gemm_out *out, size_t n, const struct fl_qrows *a, const struct fl_qgemm *kernels);

#endif
