/* SPDX-License-Identifier: Apache-2.0 */
/* gp.h -- Gaussian-process regression: a smooth function of many features from few noisy values.
 *
 *     y(x) = c + sum over linear features of b_k z_k + f(x) + noise
 *
 * with z_k the feature standardised over the observations, b_k normal with variance w, f of covariance
 * v exp(-1/2 sum (x_k - x'_k)^2 / l^2), c normal with the variance of y about its mean. Features share a
 * length-scale l where the form says so. One feature may be a prior mean, in units of y, that stands in
 * the place of y's mean. w, v, the length-scales and the noise are those of largest posterior density
 * (MAP). Priors are log-normal; in units of the variance of y, (log mean, log deviation) are (-4, 1) for
 * the noise, which is at least 1e-4, and, as in BoTorch since 0.12, (sqrt 2 + ln(scales) / 2, sqrt 3) for l;
 * for v, which is 1 there, and w they are (0, 3), whose mode is almost nothing: a part that the
 * observations do not ask for stays away.
 * Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), chapters 2 and 5.
 *
 * A model is immutable and may be used by several threads. Features should span about [0, 1]. */
#ifndef FL_SEARCH_GP_H
#define FL_SEARCH_GP_H

#include <stdbool.h>
#include <stddef.h>

struct fl_gp_form {
	size_t dims;
	const int *scale; /* [dims] the number of the feature's length-scale; -1: f does not know it */
	int scales;
	const bool *linear; /* [dims] the feature is in the linear part */
	int offset;	    /* the feature that is the prior mean; -1 for the mean of y */
};

struct fl_gp;

/* Fits n > 0 observations, x[n][dims] and y[n], all finite; what the form points to must live as long as
 * the model. noise[n] is what is known of the noise's standard deviation, point by point, 0 for nothing;
 * NULL if nothing is known of any. Never fails: at worst the priors' modes are taken. */
struct fl_gp *fl_gp_fit(const struct fl_gp_form *form, const double *x, const double *y,
    const double *noise, size_t n);
void fl_gp_free(struct fl_gp *g);
size_t fl_gp_dims(const struct fl_gp *g);

/* The posterior of the noiseless function at x[m][dims]: mean[m], sd[m], in units of y. */
void fl_gp_predict(const struct fl_gp *g, const double *x, size_t m, double *mean, double *sd);

/* The standard deviation of the noise of a new observation, what is not known point by point. */
double fl_gp_noise(const struct fl_gp *g);

/* Each observation as predicted from all others (hyperparameters from all): mean[n], and the standard deviation sd[n] of
 * the observation, noise included. */
void fl_gp_leave_one_out(const struct fl_gp *g, double *mean, double *sd);

/* Draws -------------------------------------------------------------------------------------------
 *
 * `draws` functions from the posterior, known at m points at[m][dims]. Elsewhere each is still normal:
 * its mean differs from draw to draw, its standard deviation does not. */
struct fl_gp_draws {
	size_t m, draws;
	double *value; /* [draws][m] of each function at each point */
	double *l, *x; /* private: of observations and points together, the Cholesky factor and features */
	double *root;  /* [rows][draws] what the factor is multiplied with */
	const struct fl_gp *gp;
};

/* normal[draws][m] are standard normal numbers. Nothing was said of at twice: equal points have equal
 * values, up to the jitter that their covariance needs. */
struct fl_gp_draws *fl_gp_draws_new(const struct fl_gp *g, const double *at, size_t m,
    const double *normal, size_t draws);
void fl_gp_draws_free(struct fl_gp_draws *d);

/* At x[k][dims]: mean[k][draws], sd[k]. */
void fl_gp_draws_predict(const struct fl_gp_draws *d, const double *x, size_t k, double *mean, double *sd);

#endif
