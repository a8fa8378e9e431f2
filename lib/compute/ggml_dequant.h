/* SPDX-License-Identifier: Apache-2.0 */
/* ggml_dequant.h -- the numbers that ggml's blocks of quantized weights stand for.
 *
 * Each takes n weights, a multiple of the block's (32, or 256 of the K and XS types), from src, which may be
 * unaligned, and gives f32, bit for bit as dequantize_row_*() of ggml-quants.c do. That needs products and
 * sums to be rounded one by one: this file is compiled without contraction. Scales are not looked at: a NaN or
 * an infinity comes out as such. */
#ifndef FL_COMPUTE_GGML_DEQUANT_H
#define FL_COMPUTE_GGML_DEQUANT_H

#include <stddef.h>

typedef void fl_ggml_dequant(float *dst, const void *src, size_t n);

fl_ggml_dequant fl_ggml_dequant_q4_0, fl_ggml_dequant_q4_1, fl_ggml_dequant_q5_0, fl_ggml_dequant_q5_1,
    fl_ggml_dequant_q8_0, fl_ggml_dequant_q2_k, fl_ggml_dequant_q3_k, fl_ggml_dequant_q4_k, fl_ggml_dequant_q5_k,
    fl_ggml_dequant_q6_k, fl_ggml_dequant_iq4_nl, fl_ggml_dequant_iq4_xs;

#endif
