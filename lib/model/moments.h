/* SPDX-License-Identifier: Apache-2.0 */
/* moments.h -- second moments of activations, the large members of fl-metrics(5).
 *
 * At each of `sites` places with n activations, C = sum over positions of a' a, of which the lower triangle
 * is kept, row by row; or, of what is to be predicted from them, [across] values d, the sum of d' a. While they are
 * summed they are doubles in a temporary file, of which one site is in memory at a time: 256 MiB for n = 8192. In a
 * metrics file they are F32 and stay where they lie. */
#ifndef FL_MODEL_MOMENTS_H
#define FL_MODEL_MOMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/file.h"
#include "io/output.h"

/* Zeroed: there are none. */
struct fl_moments {
	size_t sites, n;
	size_t across; /* 0: triangles; else matrices [across, n] */
	double *sum;	  /* being summed; or NULL */
	const char *read; /* F32, at any address in file, its owner's; or NULL */
	double positions; /* that these were summed over */
	const struct fl_file *file;
};

static inline bool
fl_moments_any(const struct fl_moments *m)
{
	return m->sum || m->read;
}

size_t fl_moments_size(const struct fl_moments *m); /* elements of a site */

/* Zeros to add to, in the shape of m; moments that there are already stay. */
int fl_moments_make(struct fl_moments *m, struct fl_err *err) FL_MUST_USE;
void fl_moments_free(struct fl_moments *m);

/* a [rows, n], to a site of moments that were made. */
void fl_moments_add(struct fl_moments *m, size_t site, const float *a, size_t rows);
void fl_moments_add_across(struct fl_moments *m, size_t site, const float *d, const float *a, size_t rows);

/* Adds b, of equal sizes, as it is in a file, to a, which is then being summed. */
int fl_moments_merge(struct fl_moments *a, const struct fl_moments *b, struct fl_err *err) FL_MUST_USE;

/* The F32 of a file. What is too large for it is an error; `name` is what messages call them. */
int fl_moments_write(const struct fl_moments *m, const char *name, struct fl_output *o, struct fl_err *err)
    FL_MUST_USE;

/* Of moments that were read: where a site begins; and that it takes no memory any more. */
const char *fl_moments_site(const struct fl_moments *m, size_t site);
void fl_moments_done(const struct fl_moments *m, size_t site);

/* The least, the mean and the largest element of a site of moments that were read. */
struct fl_moments_range {
	double least, mean, most;
};

struct fl_moments_range fl_moments_range(const struct fl_moments *m, size_t site);

#endif
