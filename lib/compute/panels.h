/* SPDX-License-Identifier: Apache-2.0 */
/* panels.h -- quantized weights in the order in which the kernels of qgemm.h read them, and in no other.
 *
 * The rows of a matrix, its outputs, stand in panels of FL_PANEL, the last filled up with zeros. A panel is one
 * stretch of memory:
 *
 *     BYTES		CONTENTS
 *     4 x 32		f32: of each output the sum of scale x q over all inputs
 *     then for each group of 32 inputs
 *     2 x 32		bf16: the scales of the outputs
 *     512 or 1024	the weights, in vectors of 64 bytes [16 outputs, 4 inputs], two vectors for 4 inputs
 *
 * A weight is stored as q + 8 or q + 128, unsigned. Of 4 bits the byte of inputs z, z < 16, holds input z in its
 * low half and input z + 16 in its high half. */
#ifndef FL_COMPUTE_PANELS_H
#define FL_COMPUTE_PANELS_H

#include <stdbool.h>
#include <stddef.h>

#include "compute/matrix.h"

enum { FL_PANEL = 32, FL_PANEL_VECTOR = 64 /* bytes */, FL_PANEL_SUMS = 4 * FL_PANEL, FL_PANEL_SCALES = 2 * FL_PANEL };

/* Bytes of a group of a panel. */
static inline size_t
fl_panels_group(bool eight)
{
	return FL_PANEL_SCALES + (size_t)FL_PANEL * FL_MATRIX_GROUP / (eight ? 1 : 2);
}

bool fl_panels_are(const struct fl_matrix *m); /* m is in panels */
size_t fl_panels_one(const struct fl_matrix *m); /* bytes of a panel of m, which may still be in rows */
size_t fl_panels_size(const struct fl_matrix *m); /* of all its panels */

/* The same matrix in panels; m INT4 or INT8. to: fl_panels_size(m) bytes on a 64-byte boundary, the caller's.
 * Threaded. */
struct fl_matrix fl_panels_pack(const struct fl_matrix *m, void *to);

/* As fl_matrix_part_f32(). */
void fl_panels_part_f32(const struct fl_matrix *m, size_t row, size_t first, size_t n, float *dst);

#endif
