/* SPDX-License-Identifier: Apache-2.0 */
/* matrix.h -- a weight matrix as it is stored: plain data, row-major [rows, cols], owned elsewhere.
 *
 * INT4 and INT8 are compressed-tensors' pack-quantized: rows of int32 words, the low bits first, each
 * value plus 8 (or 128), and a bf16 scale for each group of 32 along a row. data and scales may be
 * unaligned. PANELS are the same weights in the order of compute/panels.h, scales among them. */
#ifndef FL_COMPUTE_MATRIX_H
#define FL_COMPUTE_MATRIX_H

#include <stddef.h>
#include <stdint.h>

enum { FL_MATRIX_GROUP = 32 };

enum fl_matrix_kind { FL_MATRIX_F32, FL_MATRIX_F16, FL_MATRIX_BF16, FL_MATRIX_INT8, FL_MATRIX_INT4,
	FL_MATRIX_PANELS8, FL_MATRIX_PANELS4 };

struct fl_matrix {
	enum fl_matrix_kind kind;
	size_t rows, cols;  /* cols a multiple of FL_MATRIX_GROUP where quantized */
	const void *data;
	const void *scales; /* INT4, INT8: bf16 [rows, cols / FL_MATRIX_GROUP] */
};

size_t fl_matrix_row_size(const struct fl_matrix *m); /* bytes of data a row, without scales; not of PANELS */
size_t fl_matrix_size(const struct fl_matrix *m);     /* bytes of it all, scales included */

/* n bf16 scales at `from`, maybe unaligned, each written `times` times: those of groups that many times as long. */
void fl_matrix_repeat_scales(uint16_t *to, const void *from, size_t n, size_t times);

/* Rows first .. first+n-1 as f32 [n, cols]. */
void fl_matrix_rows_f32(const struct fl_matrix *m, size_t first, size_t n, float *dst);

/* Columns first .. first+n-1 of one row; first and n multiples of FL_MATRIX_GROUP where quantized. */
void fl_matrix_part_f32(const struct fl_matrix *m, size_t row, size_t first, size_t n, float *dst);

#endif
