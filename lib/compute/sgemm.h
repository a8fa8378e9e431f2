/* SPDX-License-Identifier: Apache-2.0 */
/* sgemm.h -- one matrix product on the calling thread: the building block of gemm and attention.
 *
 *     C[m, n] = A B + beta C,   A is [m, k], or [k, m] if `trans_a`; B is [k, n], or [n, k] if `trans`
 *
 * Row-major; lda, ldb, ldc are the distances between rows. beta is 0 (C need not be initialised) or
 * 1. Equal arguments give equal bytes. */
#ifndef FL_COMPUTE_SGEMM_H
#define FL_COMPUTE_SGEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_product {
	bool trans, trans_a;
	size_t m, n, k;
	const float *a;
	size_t lda;
	const float *b;
	size_t ldb;
	float beta;
	float *c;
	size_t ldc;
};

void fl_sgemm_portable(const struct fl_product *p); /* plain C, always there */
void fl_sgemm_dnnl(const struct fl_product *p);	    /* oneDNN: f32 kernels made for this CPU */

/* The same of bf16 matrices a and b, which stand in for p->a and p->b; sums and C are f32. */
void fl_bgemm_widened(const struct fl_product *p, const uint16_t *a, const uint16_t *b); /* by fl_sgemm */
void fl_bgemm_dnnl(const struct fl_product *p, const uint16_t *a, const uint16_t *b);	 /* so too where the CPU has no such kernels */

/* The one this program was built with: FL_PORTABLE is defined where there is only a libc. */
extern const char fl_sgemm_name[];

static inline void
fl_sgemm(const struct fl_product *p)
{
#ifdef FL_PORTABLE
	fl_sgemm_portable(p);
#else
	fl_sgemm_dnnl(p);
#endif
}

static inline void
fl_bgemm(const struct fl_product *p, const uint16_t *a, const uint16_t *b)
{
#ifdef FL_PORTABLE
	fl_bgemm_widened(p, a, b);
#else
	fl_bgemm_dnnl(p, a, b);
#endif
}

#endif
