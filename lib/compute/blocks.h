/* SPDX-License-Identifier: Apache-2.0 */
/* blocks.h -- ggml's blocks of 32 weights, Q4_0 and Q8_0.
 *
 *     Q8_0, 34 bytes: a half d, 32 signed bytes q             weight i = q[i] d
 *     Q4_0, 18 bytes: a half d, 16 bytes of two nibbles each  weight i = (nibble i - 8) d;
 *                     byte j holds nibble j low and nibble j+16 high
 *
 * A row of n weights, n a multiple of 32, is n/32 blocks. Plain arrays; nothing is allocated. */
#ifndef FL_COMPUTE_BLOCKS_H
#define FL_COMPUTE_BLOCKS_H

#include <stddef.h>

#include "base/err.h"

enum { FL_BLOCK = 32, FL_BLOCK_Q4_0 = 18, FL_BLOCK_Q8_0 = 34 };

/* By the rounding of ggml's reference quantizers, bit for bit. -1: a weight is not finite, or so large
 * that its block's d is no half; dst is then undefined. */
int fl_blocks_q4_0(void *dst, const float *w, size_t n) FL_MUST_USE;
int fl_blocks_q8_0(void *dst, const float *w, size_t n) FL_MUST_USE;

/* From groups of 32 integers of compute/quant.h, without rounding anything: from 4 bits to Q4_0 or
 * Q8_0, from 8 bits to Q8_0. packed and scale may be unaligned. -1: some scale is not a half. */
int fl_blocks_q4_0_packed(void *dst, const void *packed, const void *scale, size_t n) FL_MUST_USE;
int fl_blocks_q8_0_packed(void *dst, const void *packed, const void *scale, size_t n, int bits)
    FL_MUST_USE;

#endif
