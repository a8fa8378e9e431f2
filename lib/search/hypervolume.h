/* SPDX-License-Identifier: Apache-2.0 */
/* hypervolume.h -- the area that points in two objectives dominate, up to a reference point: one
 * number for how good a frontier is. Smaller is better in both objectives. */
#ifndef FL_SEARCH_HYPERVOLUME_H
#define FL_SEARCH_HYPERVOLUME_H

#include <stddef.h>

/* Exact; n may be 0; points not below the reference in both, and NaNs, add nothing. */
double fl_hypervolume(const double *a, const double *b, size_t n, double ref_a, double ref_b);

/* The hypervolume of the first point, of the first two, and so on to all n, into out[n]. */
void fl_hypervolume_trace(const double *a, const double *b, size_t n, double ref_a, double ref_b,
    double *out);

/* A reference point where none is given, one objective at a time, from its values on the frontier,
 * n > 0: a tenth of their range beyond the worst, or of its size if all are equal (BoTorch's rule). */
double fl_hypervolume_reference(const double *v, size_t n);

/* ref := what a frontier of n points is asked to beat, unless no point beats ref in both objectives: then a
 * tenth of the range of frontier and ref together beyond the worst of them (BoTorch's rule). */
void fl_hypervolume_relax(const double *a, const double *b, size_t n, double ref[2]);

#endif
