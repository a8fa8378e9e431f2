/* SPDX-License-Identifier: Apache-2.0 */
#include "search/crossval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "search/linalg.h"
#include "search/rank.h"
#include "search/surrogate.h"

static int *
deal(size_t n, int folds)
{
	struct fl_rng rng = fl_rng_new(0, 0x666f6c6473);
	int *fold = fl_alloc(n, sizeof *fold);

	for (size_t i = 0; i < n; i++)
		fold[i] = (int)(i % (size_t)folds);
	for (size_t i = n; i-- > 1;) {
		size_t k = (size_t)fl_rng_below(&rng, i + 1);
		int f = fold[i];

		fold[i] = fold[k];
		fold[k] = f;
	}
	return fold;
}

static double *
exponentials(const double *x, size_t n)
{
	double *out = fl_alloc(n, sizeof *out);

	for (size_t i = 0; i < n; i++)
		out[i] = exp(x[i]);
	return out;
}

static struct fl_score
judge(const double *predicted, const double *log_s, size_t n)
{
	struct fl_score s = { .cover_95 = NAN };
	double *seconds = exponentials(log_s, n), mean = 0, rest = 0, all = 0, each = 100 / (double)n;

	for (size_t i = 0; i < n; i++)
		mean += seconds[i] / (double)n;
	for (size_t i = 0; i < n; i++) {
		double off = fabs(predicted[i] / seconds[i] - 1);

		rest += pow(predicted[i] - seconds[i], 2);
		all += pow(seconds[i] - mean, 2);
		s.mape += off * each;
		s.within_5 += off <= .05 ? each : 0;
		s.within_10 += off <= .1 ? each : 0;
	}
	s.r2 = 1 - rest / all;
	s.tau = fl_rank_tau(predicted, seconds, n);
	s.rho = fl_rank_rho(predicted, seconds, n);
	free(seconds);
	return s;
}

struct fl_score
fl_crossval_surrogate(const struct fl_arch *arch, const double *log_s, size_t n, int folds)
{
	struct fl_arch *known = fl_alloc(n, sizeof *known);
	double *y = fl_alloc(n, sizeof *y), *predicted = fl_alloc(n, sizeof *predicted), covered = 0;
	int *fold = deal(n, folds);
	struct fl_score s;

	for (int f = 0; f < folds; f++) {
		struct fl_surrogate *model;
		size_t m = 0;

		for (size_t i = 0; i < n; i++)
			if (fold[i] != f) {
				known[m] = arch[i];
				y[m++] = log_s[i];
			}
		model = fl_surrogate_fit(known, y, m, true);
		for (size_t i = 0; i < n; i++) {
			double mean, sd;

			if (fold[i] != f)
				continue;
			fl_surrogate_predict(model, &arch[i], &mean, &sd);
			predicted[i] = exp(mean);
			covered += fabs(log_s[i] - mean) <= 1.959964 * sd ? 100 / (double)n : 0;
		}
		fl_surrogate_free(model);
	}
	s = judge(predicted, log_s, n);
	s.cover_95 = covered;
	free(known);
	free(y);
	free(predicted);
	free(fold);
	return s;
}

/* The coefficients b[k] of least squares over the rows of other folds, x taken from its means. What the
 * rows leave open stays small: a millionth of a millionth of the variance is added to each. */
static void
least_squares(const double *x, size_t k, const double *mean, const double *y, double mean_y, size_t n,
    const int *fold, int f, double *b)
{
	double *a = fl_alloc(k * k, sizeof *a), *l = fl_alloc(k * k, sizeof *l);

	memset(b, 0, k * sizeof *b);
	for (size_t i = 0; i < n; i++)
		for (size_t p = 0; p < k && fold[i] != f; p++) {
			double d = x[i * k + p] - mean[p];

			b[p] += d * (y[i] - mean_y);
			for (size_t q = 0; q < k; q++)
				a[p * k + q] += d * (x[i * k + q] - mean[q]);
		}
	for (size_t p = 0; p < k; p++)
		a[p * k + p] += a[p * k + p] > 0 ? 1e-12 * a[p * k + p] : 1;
	if (fl_cholesky(a, l, k) == 0)
		fl_cholesky_solve(l, k, b);
	else
		memset(b, 0, k * sizeof *b);
	free(a);
	free(l);
}

struct fl_score
fl_crossval_linear(const double *x, size_t k, const double *log_s, size_t n, int folds)
{
	double *predicted = fl_alloc(n, sizeof *predicted), *b = fl_alloc(k, sizeof *b);
	double *mean = fl_alloc(k, sizeof *mean), *seconds = exponentials(log_s, n);
	int *fold = deal(n, folds);
	struct fl_score s;

	for (int f = 0; f < folds; f++) {
		double mean_y = 0, m = 0;

		memset(mean, 0, k * sizeof *mean);
		for (size_t i = 0; i < n; i++)
			m += fold[i] != f;
		for (size_t i = 0; i < n; i++)
			if (fold[i] != f) {
				mean_y += seconds[i] / m;
				for (size_t p = 0; p < k; p++)
					mean[p] += x[i * k + p] / m;
			}
		least_squares(x, k, mean, seconds, mean_y, n, fold, f, b);
		for (size_t i = 0; i < n; i++)
			if (fold[i] == f) {
				predicted[i] = mean_y;
				for (size_t p = 0; p < k; p++)
					predicted[i] += b[p] * (x[i * k + p] - mean[p]);
			}
	}
	s = judge(predicted, log_s, n);
	free(predicted);
	free(b);
	free(mean);
	free(seconds);
	free(fold);
	return s;
}

struct fl_score
fl_crossval_shape(const struct fl_arch *arch, const double *log_s, size_t n, int folds)
{
	double(*x)[5] = fl_alloc(n, sizeof *x);
	struct fl_score s;

	for (size_t i = 0; i < n; i++) {
		x[i][0] = arch[i].layers;
		x[i][1] = arch[i].width;
		x[i][2] = arch[i].ffn;
		for (const char *c = arch[i].pattern; *c; c++)
			if (*c != 's')
				x[i][*c == 'f' ? 3 : 4]++;
	}
	s = fl_crossval_linear(*x, 5, log_s, n, folds);
	free(x);
	return s;
}
