/* SPDX-License-Identifier: Apache-2.0 */
/* fake_quant.h -- what is left of numbers once they were rounded to few bits and back, as floats: training goes
 * through it, so that the model learns to live with it. Threaded over rows. */
#ifndef FL_COMPUTE_FAKE_QUANT_H
#define FL_COMPUTE_FAKE_QUANT_H

#include <stddef.h>

#include "compute/quant.h"
#include "compute/scratch.h"

/* Weights [rows, n] as fl_quant_row() stores them, n a multiple of FL_MATRIX_GROUP. One that is not finite makes
 * its row NaN. */
void fl_fake_quant_weights(float *out, const float *w, size_t rows, size_t n, int bits,
    const struct fl_quant_how *how, struct fl_scratch *s);

/* Activations [rows, n] as 8-bit runtimes see them, a scale and a zero point a row as compute/int8_row.h has
 * them; a row that is not finite, or next to nothing, stays as it is. out may be x. */
void fl_fake_quant_rows(float *out, const float *x, size_t rows, size_t n);

#endif
