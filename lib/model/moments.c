/* SPDX-License-Identifier: Apache-2.0 */
#include "model/moments.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "compute/gram.h"
#include "io/spill.h"

enum { BLOCK = 1 << 14 }; /* elements turned from one type into the other at a time */

size_t
fl_moments_size(const struct fl_moments *m)
{
	return m->across ? m->across * m->n : fl_gram_size(m->n);
}

static size_t
elements(const struct fl_moments *m)
{
	return m->sites * fl_moments_size(m);
}

int
fl_moments_make(struct fl_moments *m, struct fl_err *err)
{
	if (!fl_moments_any(m))
		m->sum = fl_spill_map(elements(m) * sizeof *m->sum, err);
	return fl_moments_any(m) ? 0 : -1;
}

void
fl_moments_free(struct fl_moments *m)
{
	if (m->sum)
		munmap(m->sum, elements(m) * sizeof *m->sum);
	*m = (struct fl_moments){ 0 };
}

void
fl_moments_add(struct fl_moments *m, size_t site, const float *a, size_t rows)
{
	size_t size = fl_moments_size(m);
	double *sum = m->sum + site * size;

	fl_gram_add(sum, a, rows, m->n);
	fl_pages_done(sum, size * sizeof *sum);
}

void
fl_moments_add_across(struct fl_moments *m, size_t site, const float *d, const float *a, size_t rows)
{
	size_t size = fl_moments_size(m);
	double *sum = m->sum + site * size;

	fl_gram_add_cross(sum, d, m->across, a, rows, m->n);
	fl_pages_done(sum, size * sizeof *sum);
}

const char *
fl_moments_site(const struct fl_moments *m, size_t site)
{
	return m->read + site * fl_moments_size(m) * sizeof(float);
}

void
fl_moments_done(const struct fl_moments *m, size_t site)
{
	fl_file_done(m->file, fl_moments_site(m, site), fl_moments_size(m) * sizeof(float));
}

/* Elements [first, first + n) of all as they are in a file, after which m is done with them. */
static void
take(const struct fl_moments *m, size_t first, float *x, size_t n)
{
	if (m->read) {
		memcpy(x, m->read + first * sizeof *x, n * sizeof *x);
		fl_file_done(m->file, m->read + first * sizeof *x, n * sizeof *x);
		return;
	}
	for (size_t i = 0; i < n; i++)
		x[i] = (float)m->sum[first + i];
	fl_pages_done(m->sum + first, n * sizeof *m->sum);
}

static void
add_all(struct fl_moments *a, const struct fl_moments *b)
{
	size_t all = elements(a);
	float x[BLOCK];

	for (size_t i = 0, n; i < all; i += n) {
		n = all - i < BLOCK ? all - i : BLOCK;
		take(b, i, x, n);
		for (size_t k = 0; k < n; k++)
			a->sum[i + k] += x[k];
		fl_pages_done(a->sum + i, n * sizeof *a->sum);
	}
}

int
fl_moments_merge(struct fl_moments *a, const struct fl_moments *b, struct fl_err *err)
{
	struct fl_moments was = *a;

	if (!a->sum) {
		*a = (struct fl_moments){ .sites = b->sites, .n = b->n, .across = b->across };
		if (fl_moments_make(a, err) < 0)
			return -1;
		if (was.read)
			add_all(a, &was);
	}
	add_all(a, b);
	return 0;
}

int
fl_moments_write(const struct fl_moments *m, const char *name, struct fl_output *o, struct fl_err *err)
{
	size_t all = elements(m);
	float x[BLOCK];

	for (size_t i = 0, n; i < all; i += n) {
		n = all - i < BLOCK ? all - i : BLOCK;
		take(m, i, x, n);
		for (size_t k = 0; k < n; k++)
			if (!isfinite(x[k]))
				return fl_err_data(err, "the sums of '%s' are not finite", name);
		if (fl_output_write(o, x, n * sizeof *x, err) < 0)
			return -1;
	}
	return 0;
}

struct fl_moments_range
fl_moments_range(const struct fl_moments *m, size_t site)
{
	size_t size = fl_moments_size(m);
	struct fl_moments_range r = { INFINITY, 0, -INFINITY };
	float x[BLOCK];

	for (size_t i = 0, n; i < size; i += n) {
		n = size - i < BLOCK ? size - i : BLOCK;
		take(m, site * size + i, x, n);
		for (size_t k = 0; k < n; k++) {
			r.least = fmin(r.least, x[k]);
			r.mean += x[k] / (double)size;
			r.most = fmax(r.most, x[k]);
		}
	}
	return r;
}
