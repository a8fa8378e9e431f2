/* SPDX-License-Identifier: Apache-2.0 */
/* crossval.h -- how well a time is predicted from what it was not learnt from: cross-validation.
 *
 * Rows are dealt at random, always alike, into `folds` of as many each; each fold is predicted from the others.
 * As many folds as rows leave one out at a time. */
#ifndef FL_SEARCH_CROSSVAL_H
#define FL_SEARCH_CROSSVAL_H

#include <stddef.h>

#include "base/arch.h"

struct fl_score {
	double r2;		  /* of the times; 1 is perfect */
	double mape;		  /* mean absolute relative error, percent */
	double within_5, within_10; /* percent of rows whose relative error is no larger than so many percent */
	double tau, rho;	  /* Kendall's tau-b and Spearman's rho with the truth */
	double cover_95;	  /* percent of rows in the 95 % interval; NaN where the model has none */
};

/* Of predicted[n] seconds where log_s[n] are the logarithms of the true ones; cover_95 is NaN. */
struct fl_score fl_crossval_judge(const double *predicted, const double *log_s, size_t n);

/* Of the model of search/surrogate.h: n >= 20 rows, 2 <= folds, log_s[n] the logarithms of their seconds, noise[n]
 * as there. */
struct fl_score fl_crossval_surrogate(const struct fl_arch *arch, const double *log_s, const double *noise, size_t n,
    int folds);

/* Of linear regression of the seconds on x[n][k]; on layers, width, ffn and the numbers of full and of window
 * layers. */
struct fl_score fl_crossval_linear(const double *x, size_t k, const double *log_s, size_t n, int folds);
struct fl_score fl_crossval_shape(const struct fl_arch *arch, const double *log_s, size_t n, int folds);

#endif
