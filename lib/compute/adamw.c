/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/adamw.h"

#include <math.h>

#include "base/parallel.h"
#include "compute/vec.h"

enum { TILE = 1 << 15 /* floats */ };

struct step {
	const struct fl_adamw *a;
	float *w, *m, *v;
	const float *g;
	float clip, rate, keep, scale_v; /* scale_v: 1 / sqrt(1 - b2^t) */
	size_t n;
};

FL_CLONES static void
update(const struct step *s, size_t first, size_t last)
{
	const float b1 = s->a->beta1, b2 = s->a->beta2, eps = s->a->eps;

	for (size_t i = first; i < last; i++) {
		float g = s->g[i] * s->clip;

		s->m[i] = b1 * s->m[i] + (1 - b1) * g;
		s->v[i] = b2 * s->v[i] + (1 - b2) * g * g;
		s->w[i] = s->keep * s->w[i] - s->rate * s->m[i] / (sqrtf(s->v[i]) * s->scale_v + eps);
	}
}

static void
update_tile(void *ctx, size_t tile, int thread)
{
	const struct step *s = ctx;
	size_t first = tile * TILE;

	(void)thread;
	update(s, first, s->n - first < TILE ? s->n : first + TILE);
}

void
fl_adamw(const struct fl_adamw *a, float *w, float *m, float *v, const float *g, float clip, size_t n)
{
	double t = (double)a->step;
	struct step s = { .a = a, .w = w, .m = m, .v = v, .g = g, .clip = clip, .n = n };

	s.rate = (float)((double)a->rate / (1 - pow((double)a->beta1, t)));
	s.keep = 1 - a->rate * a->decay;
	s.scale_v = (float)(1 / sqrt(1 - pow((double)a->beta2, t)));
	fl_parallel((n + TILE - 1) / TILE, update_tile, &s);
}

struct squares {
	const float *x;
	size_t n;
	double *sum; /* one a tile */
};

FL_CLONES static void
sum_tile(const float *x, size_t n, double *out)
{
	enum { BLOCK = 64 * FL_LANES };
	double sum = 0;

	for (size_t at = 0; at < n; at += BLOCK) {
		size_t block = n - at < BLOCK ? n - at : BLOCK;
		fl_vec lanes = { 0 }, v;

		for (size_t i = 0; i < block; i += FL_LANES) {
			fl_vec_load_part(&v, x + at + i, block - i < FL_LANES ? block - i : FL_LANES);
			lanes += v * v;
		}
		sum += (double)fl_vec_sum(&lanes);
	}
	*out = sum;
}

static void
squares_tile(void *ctx, size_t tile, int thread)
{
	const struct squares *s = ctx;
	size_t first = tile * TILE;

	(void)thread;
	sum_tile(s->x + first, s->n - first < TILE ? s->n - first : TILE, &s->sum[tile]);
}

double
fl_sum_squares(const float *x, size_t n)
{
	enum { TILES = 256 };
	double sum = 0, part[TILES];

	for (size_t at = 0; at < n; at += (size_t)TILES * TILE) {
		struct squares s = { x + at, n - at < (size_t)TILES * TILE ? n - at : (size_t)TILES * TILE, part };
		size_t tiles = (s.n + TILE - 1) / TILE;

		fl_parallel(tiles, squares_tile, &s);
		for (size_t i = 0; i < tiles; i++)
			sum += part[i];
	}
	return sum;
}
