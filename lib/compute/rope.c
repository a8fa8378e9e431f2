/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/rope.h"

#include <math.h>

#include "base/parallel.h"
#include "compute/vec.h"

enum { TILE = 1 << 14 /* floats a tile */ };

static const double pi = 3.14159265358979323846;

void
fl_rope_frequencies(double *freq, size_t dim, double theta)
{
	for (size_t i = 0; i < dim / 2; i++)
		freq[i] = pow(theta, -2.0 * (double)i / (double)dim);
}

void
fl_rope_llama3(double *freq, size_t n, double factor, double low, double high, double original)
{
	for (size_t i = 0; i < n; i++) {
		double turns = original * freq[i] / (2 * pi); /* within the original context */
		double keep = (turns - low) / (high - low);

		keep = fmin(fmax(keep, 0), 1);
		freq[i] *= keep + (1 - keep) / factor;
	}
}

double
fl_rope_dynamic_theta(double theta, size_t dim, double factor, double length, double context)
{
	double stretch = factor * fmax(length, context) / context - (factor - 1);

	return theta * pow(stretch, (double)dim / ((double)dim - 2));
}

/* The dimension, a fraction of one too, that turns so often within the original context. */
static double
turning_dimension(double turns, size_t dim, double theta, double original)
{
	return (double)dim * log(original / (turns * 2 * pi)) / (2 * log(theta));
}

struct fl_rope_ramp
fl_rope_yarn_ramp(size_t dim, double theta, double original, double beta_fast, double beta_slow, bool truncate)
{
	double low = turning_dimension(beta_fast, dim, theta, original);
	double high = turning_dimension(beta_slow, dim, theta, original);

	return (struct fl_rope_ramp){ fmax(truncate ? floor(low) : low, 0),
		fmin(truncate ? ceil(high) : high, (double)dim - 1) };
}

void
fl_rope_yarn(double *freq, size_t n, double factor, struct fl_rope_ramp ramp)
{
	double width = ramp.high == ramp.low ? 0.001 : ramp.high - ramp.low; /* below zero where low is above high */

	for (size_t i = 0; i < n; i++) {
		double stretched = fmin(fmax(((double)i - ramp.low) / width, 0), 1);

		freq[i] *= 1 - stretched + stretched / factor;
	}
}

double
fl_rope_mscale(double factor, double mscale)
{
	return factor <= 1 ? 1 : 0.1 * mscale * log(factor) + 1;
}

void
fl_rope_table(float *table, const double *freq, size_t n, size_t positions, double scale)
{
	for (size_t p = 0; p < positions; p++, table += 2 * n)
		for (size_t i = 0; i < n; i++) {
			table[i] = (float)(scale * cos((double)p * freq[i]));
			table[n + i] = (float)(scale * sin((double)p * freq[i]));
		}
}

struct job {
	float *x;
	size_t rows, heads, dim, first, length, tile_rows;
	const float *table;
	bool back;
};

FL_CLONES static void
rotate(float *restrict x, const float *restrict cosine, const float *restrict sine, float sign, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float a = x[i], b = x[n + i], s = sign * sine[i];

		x[i] = a * cosine[i] - b * s;
		x[n + i] = b * cosine[i] + a * s;
	}
}

static void
rope_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t last = (tile + 1) * j->tile_rows, n = j->dim / 2;

	(void)thread;
	for (size_t r = tile * j->tile_rows; r < last && r < j->rows; r++) {
		const float *table = j->table + (j->first + r % j->length) * 2 * n;

		for (size_t h = 0; h < j->heads; h++)
			rotate(j->x + (r * j->heads + h) * j->dim, table, table + n, j->back ? -1 : 1, n);
	}
}

static void
run(struct job *j)
{
	j->tile_rows = (TILE + j->heads * j->dim - 1) / (j->heads * j->dim);
	fl_parallel((j->rows + j->tile_rows - 1) / j->tile_rows, rope_tile, j);
}

void
fl_rope(float *x, size_t rows, size_t heads, size_t dim, const float *table, size_t first,
    size_t length)
{
	run(&(struct job){ x, rows, heads, dim, first, length, 0, table, false });
}

void
fl_rope_back(float *x, size_t rows, size_t heads, size_t dim, const float *table, size_t first,
    size_t length)
{
	run(&(struct job){ x, rows, heads, dim, first, length, 0, table, true });
}
