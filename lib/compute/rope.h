/* SPDX-License-Identifier: Apache-2.0 */
/* rope.h -- rotary position embedding (Su et al., 2021), in the half-split layout of Hugging Face:
 * elements i and i + dim/2 of a head are turned by the angle position * frequency[i]. */
#ifndef FL_COMPUTE_ROPE_H
#define FL_COMPUTE_ROPE_H

#include <stdbool.h>
#include <stddef.h>

/* freq[i] = theta^(-2i/dim), i < dim/2. */
void fl_rope_frequencies(double *freq, size_t dim, double theta);

/* The scaling of Llama 3.1: wavelengths above original/low are stretched by factor, those below
 * original/high left alone, between them a blend. In place, n frequencies. */
void fl_rope_llama3(double *freq, size_t n, double factor, double low, double high, double original);

/* NTK scaling (bloc97, emozilla): the theta of a sequence of `length` tokens, `factor` times theta at the length
 * 2 context; no shorter than the context. dim > 2. */
double fl_rope_dynamic_theta(double theta, size_t dim, double factor, double length, double context);

/* YaRN (Peng et al., 2023): dimensions below low keep their frequency, those above high are stretched by factor,
 * between them a blend. */
struct fl_rope_ramp {
	double low, high;
};

/* From the dimension that turns beta_fast times within the original context to the one that turns beta_slow times;
 * truncate: to whole dimensions. */
struct fl_rope_ramp fl_rope_yarn_ramp(size_t dim, double theta, double original, double beta_fast, double beta_slow,
    bool truncate);
void fl_rope_yarn(double *freq, size_t n, double factor, struct fl_rope_ramp ramp);

/* What YaRN multiplies queries and keys by: 0.1 mscale ln(factor) + 1, or 1 where factor <= 1. */
double fl_rope_mscale(double factor, double mscale);

/* Cosine and sine, times scale, of every position < positions: table [positions, 2, n]. */
void fl_rope_table(float *table, const double *freq, size_t n, size_t positions, double scale);

/* Turns, and scales, x [rows, heads, dim] in place; row r is at position first + r % length. */
void fl_rope(float *x, size_t rows, size_t heads, size_t dim, const float *table, size_t first,
    size_t length);

/* Turns them the other way, scaled alike: the backward of fl_rope(), its transpose. */
void fl_rope_back(float *x, size_t rows, size_t heads, size_t dim, const float *table, size_t first,
    size_t length);

#endif
