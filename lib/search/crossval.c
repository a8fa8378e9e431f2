/* SPDX-License-Identifier: Apache-2.0 */
#include "search/crossval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "search/linear.h"
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

struct fl_score
fl_crossval_judge(const double *predicted, const double *log_s, size_t n)
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
fl_crossval_surrogate(const struct fl_arch *arch, const double *log_s, const double *noise, size_t n, int folds)
{
	struct fl_arch *known = fl_alloc(n, sizeof *known);
	double *y = fl_alloc(n, sizeof *y), *known_noise = fl_alloc(n, sizeof *known_noise);
	double *predicted = fl_alloc(n, sizeof *predicted), covered = 0;
	int *fold = deal(n, folds);
	struct fl_score s;

	for (int f = 0; f < folds; f++) {
		struct fl_surrogate *model;
		size_t m = 0;

		for (size_t i = 0; i < n; i++)
			if (fold[i] != f) {
				known[m] = arch[i];
				known_noise[m] = noise[i];
				y[m++] = log_s[i];
			}
		model = fl_surrogate_fit(known, y, known_noise, m, true);
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
	s = fl_crossval_judge(predicted, log_s, n);
	s.cover_95 = covered;
	free(known);
	free(y);
	free(known_noise);
	free(predicted);
	free(fold);
	return s;
}

struct fl_score
fl_crossval_linear(const double *x, size_t k, const double *log_s, size_t n, int folds)
{
	double *known = fl_alloc(n * k, sizeof *known), *y = fl_alloc(n, sizeof *y);
	double *predicted = fl_alloc(n, sizeof *predicted), *seconds = exponentials(log_s, n);
	int *fold = deal(n, folds);
	struct fl_score s;

	for (int f = 0; f < folds; f++) {
		struct fl_linear model;
		size_t m = 0;

		for (size_t i = 0; i < n; i++)
			if (fold[i] != f) {
				memcpy(known + m * k, x + i * k, k * sizeof *x);
				y[m++] = seconds[i];
			}
		fl_linear_fit(&model, known, k, y, m);
		for (size_t i = 0; i < n; i++)
			if (fold[i] == f)
				predicted[i] = fl_linear_predict(&model, x + i * k);
		fl_linear_free(&model);
	}
	s = fl_crossval_judge(predicted, log_s, n);
	free(known);
	free(y);
	free(predicted);
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
