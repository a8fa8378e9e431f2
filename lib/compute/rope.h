/* SPDX-License-Identifier: Apache-2.0 */
/* rope.h -- rotary position embedding (Su et al., 2021), in the half-split layout of Hugging Face:
 * elements i and i + dim/2 of a head are turned by the angle position * frequency[i]. */
#ifndef FL_COMPUTE_ROPE_H
#define FL_COMPUTE_ROPE_H

#include <stddef.h>

/* freq[i] = theta^(-2i/dim), i < dim/2. */
void fl_rope_frequencies(double *freq, size_t dim, double theta);

/* The scaling of Llama 3.1: wavelengths above original/low are stretched by factor, those below
 * original/high left alone, between them a blend. In place, n frequencies. */
void fl_rope_llama3(double *freq, size_t n, double factor, double low, double high, double original);

/* Cosine and sine of every position < positions: table [positions, 2, n]. */
void fl_rope_table(float *table, const double *freq, size_t n, size_t positions);

/* Turns x [rows, heads, dim] in place; row r is at position first + r % length. */
void fl_rope(float *x, size_t rows, size_t heads, size_t dim, const float *table, size_t first,
    size_t length);

/* Turns them back: the backward of fl_rope(), since a rotation's transpose is its inverse. */
void fl_rope_back(float *x, size_t rows, size_t heads, size_t dim, const float *table, size_t first,
    size_t length);

#endif
