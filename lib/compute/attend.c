/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/attend.h"

const struct fl_attend *const fl_attends[] = {
	&fl_attend_portable,
#ifdef __x86_64__
	&fl_attend_avx2,
	&fl_attend_avx512,
#endif
#ifdef __aarch64__
	&fl_attend_neon,
#endif
	NULL,
};

const struct fl_attend *
fl_attend_best(void)
{
	const struct fl_attend *best = fl_attends[0];

	for (size_t i = 0; fl_attends[i]; i++)
		if (fl_isa_has(fl_attends[i]->isa))
			best = fl_attends[i];
	return best;
}
