/* SPDX-License-Identifier: Apache-2.0 */
/* qrows.h -- activations rounded to 8 bits, row by row (compute/int8_row.h): x ~ scale (q - zero).
 *
 * A row of zeros has scale 0, one with an infinity or a NaN has scale NaN, so that what is made of it is as it
 * should be. cols is a multiple of FL_MATRIX_GROUP. */
#ifndef FL_COMPUTE_QROWS_H
#define FL_COMPUTE_QROWS_H

#include <stddef.h>
#include <stdint.h>

struct fl_qrows {
	size_t rows, cols;
	int8_t *q;	     /* [rows, cols] */
	int32_t *start;	     /* [rows, cols / FL_MATRIX_GROUP]: -8 times the sum of q over a group */
	float *scale, *zero; /* [rows] */
};

size_t fl_qrows_room(size_t rows, size_t cols); /* in floats */

/* Rounds x [rows, cols]; the result lives at room, on a 64-byte boundary. Threaded. */
struct fl_qrows fl_qrows_make(float *room, const float *x, size_t rows, size_t cols);

#endif
