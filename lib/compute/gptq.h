/* SPDX-License-Identifier: Apache-2.0 */
/* gptq.h -- rounding a weight matrix so that what one weight loses the next ones of its row make up for (GPTQ,
 * 2210.17323).
 *
 *     C = sum of a' a over positions, a the n inputs of the matrix;  H = C + mean(diag C) I / 100;
 *     U the upper factor of H^-1 = U' U.  Column by column: q = w / s to the nearest, (w - q s) / U_jj times
 *     U_j,j+1.. is taken from the columns to come.
 *
 * The columns come in the order of their diagonal in C, the largest first: what meets most is rounded while most others
 * can still make up for it. The scales stand before: they are those of quant.h's search with columns weighted by that
 * diagonal. Rows do not depend on each other. */
#ifndef FL_COMPUTE_GPTQ_H
#define FL_COMPUTE_GPTQ_H

#include <stddef.h>
#include <stdint.h>

#include "compute/quant.h"

enum { FL_GPTQ_ROWS = 64 }; /* the most at a time */

struct fl_gptq;

/* moment: F32, the lower triangle of C as in gram.h, at any address, read once from end to end; n a multiple of
 * FL_MATRIX_GROUP. 4 n^2 bytes, while it is made 12 n^2. Threaded. NULL: C holds what is not finite, or is not a sum
 * of squares. */
struct fl_gptq *fl_gptq_new(const void *moment, size_t n);
void fl_gptq_free(struct fl_gptq *g); /* NULL is fine */

/* w [rows, n] into packed [rows, fl_quant_words(n, bits)] and scale [rows, n / FL_MATRIX_GROUP].
 * Of `how` search and negative count. 0, or -1 if a weight is not finite. By several threads at a time. */
int fl_gptq_rows(const struct fl_gptq *g, const float *w, size_t rows, int bits, const struct fl_quant_how *how,
    uint32_t *packed, uint16_t *scale);

#endif
