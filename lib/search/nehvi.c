/* SPDX-License-Identifier: Apache-2.0 */
#include "search/nehvi.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "search/ehvi.h"
#include "search/normal.h"

struct fl_nehvi {
	struct fl_gp_draws *draws[2];
	struct fl_steps steps[FL_NEHVI_DRAWS];
};

/* Points that surely are on no frontier only cost time: that of another point is below in both
 * objectives by four standard deviations of the difference, taken as independent. Numbers of the others
 * into kept[m]. */
static size_t
prune(const struct fl_gp *const gp[2], const double *const x[2], size_t m, size_t *kept)
{
	double *mean[2], *sd[2];
	size_t n = 0;

	for (int j = 0; j < 2; j++) {
		mean[j] = fl_alloc(m, sizeof *mean[j]);
		sd[j] = fl_alloc(m, sizeof *sd[j]);
		fl_gp_predict(gp[j], x[j], m, mean[j], sd[j]);
	}
	for (size_t i = 0; i < m; i++) {
		bool beaten = false;

		for (size_t k = 0; k < m && !beaten; k++) {
			beaten = k != i;
			for (int j = 0; j < 2; j++)
				beaten &= mean[j][k] + 4 * hypot(sd[j][k], sd[j][i]) < mean[j][i];
		}
		if (!beaten)
			kept[n++] = i;
	}
	for (int j = 0; j < 2; j++) {
		free(mean[j]);
		free(sd[j]);
	}
	return n;
}

static double *
gather(const double *x, size_t dims, const size_t *row, size_t n)
{
	double *out = fl_alloc(n * dims, sizeof *out);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < dims; k++)
			out[i * dims + k] = x[row[i] * dims + k];
	return out;
}

struct fl_nehvi *
fl_nehvi_new(const struct fl_gp *const gp[2], const double *const x[2], size_t m, const double ref[2],
    uint64_t seed)
{
	struct fl_nehvi *a = fl_alloc(1, sizeof *a);
	size_t *kept = fl_alloc(m, sizeof *kept), n = prune(gp, x, m, kept);
	double *normal = fl_alloc(FL_NEHVI_DRAWS * n, sizeof *normal);

	for (int j = 0; j < 2; j++) {
		double *at = gather(x[j], fl_gp_dims(gp[j]), kept, n);

		fl_normal_points(normal, FL_NEHVI_DRAWS, n, 2 * seed + (uint64_t)j);
		a->draws[j] = fl_gp_draws_new(gp[j], at, n, normal, FL_NEHVI_DRAWS);
		free(at);
	}
	for (size_t t = 0; t < FL_NEHVI_DRAWS; t++)
		a->steps[t] = fl_steps_new(a->draws[0]->value + t * n, a->draws[1]->value + t * n, n, ref[0],
		    ref[1]);
	free(kept);
	free(normal);
	return a;
}

void
fl_nehvi_free(struct fl_nehvi *a)
{
	if (!a)
		return;
	for (int j = 0; j < 2; j++)
		fl_gp_draws_free(a->draws[j]);
	for (int t = 0; t < FL_NEHVI_DRAWS; t++)
		fl_steps_free(&a->steps[t]);
	free(a);
}

enum { TILE = 64 };

struct job {
	const struct fl_nehvi *a;
	const double *const *x;
	size_t k;
	double *gain;
};

/* The logarithm of the mean over draws, from that of each, found again as rarely as possible: where the
 * plain mean is a sound number it is the answer. */
static double
gain_at(const struct fl_nehvi *a, const double *const mean[2], const double sd[2])
{
	double sum = 0, most = -INFINITY, log_gain[FL_NEHVI_DRAWS];

	for (int t = 0; t < FL_NEHVI_DRAWS; t++)
		sum += fl_ehvi(&a->steps[t], mean[0][t], sd[0], mean[1][t], sd[1]);
	if (sum > 1e-200)
		return log(sum / FL_NEHVI_DRAWS);
	for (int t = 0; t < FL_NEHVI_DRAWS; t++) {
		log_gain[t] = fl_ehvi_log(&a->steps[t], mean[0][t], sd[0], mean[1][t], sd[1]);
		most = fmax(most, log_gain[t]);
	}
	sum = 0;
	for (int t = 0; t < FL_NEHVI_DRAWS; t++)
		sum += exp(log_gain[t] - most);
	return most + log(sum / FL_NEHVI_DRAWS);
}

static void
score_tile(void *ctx, size_t tile, int thread)
{
	struct job *job = ctx;
	const struct fl_nehvi *a = job->a;
	size_t first = tile * TILE, n = job->k - first < TILE ? job->k - first : TILE;
	double *mean[2], sd[2][TILE];

	(void)thread;
	for (int j = 0; j < 2; j++) {
		mean[j] = fl_alloc(n * FL_NEHVI_DRAWS, sizeof *mean[j]);
		fl_gp_draws_predict(a->draws[j], job->x[j] + first * fl_gp_dims(a->draws[j]->gp), n, mean[j],
		    sd[j]);
	}
	for (size_t i = 0; i < n; i++) {
		const double *const m[2] = { mean[0] + i * FL_NEHVI_DRAWS, mean[1] + i * FL_NEHVI_DRAWS };

		job->gain[first + i] = gain_at(a, m, (double[2]){ sd[0][i], sd[1][i] });
	}
	free(mean[0]);
	free(mean[1]);
}

void
fl_nehvi_log(const struct fl_nehvi *a, const double *const x[2], size_t k, double *gain)
{
	struct job job = { a, x, k, gain };

	fl_parallel((k + TILE - 1) / TILE, score_tile, &job);
}
