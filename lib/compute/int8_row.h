/* SPDX-License-Identifier: Apache-2.0 */
/* int8_row.h -- the scale and the zero point with which a row of floats becomes bytes, as 8-bit runtimes choose
 * them: with [low, high] the range of the row and 0,
 *
 *     s = (high - low) / 255      z = clip(round(-128 - low / s))      x ~ s (clip(round(x / s) + z) - z)
 *
 * (ExecuTorch's choose_qparams_per_token_asymmetric.) */
#ifndef FL_COMPUTE_INT8_ROW_H
#define FL_COMPUTE_INT8_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False, scale 1 and zero -128, where x[n] is nothing but zeros, or next to it, or not finite. */
bool fl_int8_range(const float *x, size_t n, float *scale, float *zero);

/* q[n] := clip(round(x / scale) + zero), halves to even; of a NaN -128. */
void fl_int8_round(int8_t *q, const float *x, size_t n, float scale, float zero);

/* What is left of x: out[n] := scale (q - zero). out may be x. */
void fl_int8_round_trip(float *out, const float *x, size_t n, float scale, float zero);

#endif
