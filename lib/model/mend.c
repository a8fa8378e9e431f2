/* SPDX-License-Identifier: Apache-2.0 */
#include "model/mend.h"

#include <math.h>
#include <string.h>

bool
fl_mend_finite(const struct fl_mend *m)
{
	for (size_t s = 0; s < m->n; s++) {
		struct fl_moments_range r = fl_moments_range(m->across, m->first + s);

		if (!isfinite(r.mean))
			return false;
	}
	return true;
}

void
fl_mend_row(const struct fl_mend *m, size_t i, float *x)
{
	size_t n = m->across->n;
	float more;

	memset(x, 0, n * sizeof *x);
	for (size_t s = 0; s < m->n; s++) {
		const char *row = fl_moments_site(m->across, m->first + s) + i * n * sizeof more;

		for (size_t j = 0; j < n; j++) {
			memcpy(&more, row + j * sizeof more, sizeof more);
			x[j] += more;
		}
	}
}

void
fl_mend_done(const struct fl_mend *m)
{
	for (size_t s = 0; s < m->n; s++)
		fl_moments_done(m->across, m->first + s);
}
