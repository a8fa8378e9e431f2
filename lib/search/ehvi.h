/* SPDX-License-Identifier: Apache-2.0 */
/* ehvi.h -- by how much a point whose two objectives are uncertain is expected to raise the hypervolume.
 *
 * Smaller is better in both objectives. The area that a frontier leaves below its reference point is cut
 * into cells along the first objective, one below each step of the staircase; with independent normal
 * objectives the expectation over a cell is a product of two integrals in closed form. (Emmerich et al.,
 * 2011; Yang et al., 2019.) */
#ifndef FL_SEARCH_EHVI_H
#define FL_SEARCH_EHVI_H

#include <stddef.h>

/* A staircase: n points below the reference in both, a rising and b falling. */
struct fl_steps {
	size_t n;
	double *a, *b;
	double ref_a, ref_b;
};

/* The staircase of the points (a[i], b[i]), any n of them; fl_steps_free() it. */
struct fl_steps fl_steps_new(const double *a, const double *b, size_t n, double ref_a, double ref_b);
void fl_steps_free(struct fl_steps *s);

/* What the certain point (a, b) adds to the hypervolume. */
double fl_steps_gain(const struct fl_steps *s, double a, double b);

/* What the normal point of these means and standard deviations, both positive, is expected to add; and
 * the logarithm of that, finite and monotone also where it underflows. */
double fl_ehvi(const struct fl_steps *s, double mean_a, double sd_a, double mean_b, double sd_b);
double fl_ehvi_log(const struct fl_steps *s, double mean_a, double sd_a, double mean_b, double sd_b);

/* ln E[max(0, z + N)] with N standard normal; accurate for every z. */
double fl_ehvi_log_h(double z);

#endif
