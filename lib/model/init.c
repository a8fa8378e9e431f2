/* SPDX-License-Identifier: Apache-2.0 */
#include "model/init.h"

#include <string.h>

#include "base/digest.h"
#include "base/rng.h"
#include "compute/noise.h"

void
fl_init_values(const struct fl_weight *w, int seed, float sd, size_t first, size_t n, float *out)
{
	uint64_t name = fl_hash(w->tensor.name, strlen(w->tensor.name), (uint64_t)seed);

	if (fl_role_is_norm(w->role)) {
		for (size_t i = 0; i < n; i++)
			out[i] = 1;
		return;
	}
	for (size_t i = 0; i < n; i += FL_INIT_RUN) {
		struct fl_rng r = fl_rng_new(name, (first + i) / FL_INIT_RUN);

		fl_noise(fl_rng_u64(&r), sd, out + i, n - i < FL_INIT_RUN ? n - i : FL_INIT_RUN);
	}
}
