/* SPDX-License-Identifier: Apache-2.0 */
/* gptq.h -- rounding a weight matrix so that what one weight loses the next ones of its row make up for (GPTQ,
 * 2210.17323).
 *
 *     C = sum of a' a over positions, a the n inputs of the matrix;  H = C + mean(diag C) I / 100;
 *     U the upper factor of H^-1 = U' U.  Columns in order: q = w / s to the nearest, (w - q s) / U_jj times
 *     U_j,j+1.. is taken from the columns to come.
 *
 * The scale of a group, as in quant.h, is searched for when its turn comes, in the weights as they are by then, columns
 * weighted by the diagonal of C, and stands before the first of them is rounded. Rows do not depend on each other. */
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

/* w [rows, n], which is changed, into packed [rows, fl_quant_words(n, bits)] and scale [rows, n / FL_MATRIX_GROUP].
 * Of `how` search and negative count. 0, or -1 if a weight is not finite. By several threads at a time. */
int fl_gptq_rows(const struct fl_gptq *g, float *w, size_t rows, int bits, const struct fl_quant_how *how,
    uint32_t *packed, uint16_t *scale);

#endif
