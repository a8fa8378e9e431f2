/* SPDX-License-Identifier: Apache-2.0 */
#include "search/suggest.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "search/sobol.h"

static uint64_t
gcd(uint64_t a, uint64_t b)
{
	return b ? gcd(b, a % b) : a;
}

/* Goes through the whole space by number, in strides of the golden section so that neighbours are
 * far apart. Whatever is known, known->n + n steps meet n new ones if there are as many. */
static void
walk(const struct fl_space *space, uint64_t seed, size_t until, struct fl_archset *known)
{
	uint64_t count = (uint64_t)fl_space_count(space), at = seed % count;
	uint64_t stride = (uint64_t)((double)count * 0.6180339887498949);
	char text[FL_ARCH_LEN];
	struct fl_arch a;

	while (gcd(stride, count) != 1)
		stride++;
	for (uint64_t i = 0; i < count && known->n < until; i++) {
		fl_space_nth(space, at, &a);
		fl_archset_add(known, fl_arch_format(&a, text));
		at = (at + stride) % count;
	}
}

/* In a nearly exhausted space most points of the sequence are known already, so there is a limit of
 * draws, after which the space is walked instead. More than 2^53 architectures cannot be numbered,
 * nor exhausted by any table: one of their at most 512 depths always has new ones. */
size_t
fl_suggest_sobol(const struct fl_space *space, uint64_t seed, size_t n, struct fl_archset *known)
{
	int dims = fl_space_dims(space);
	struct fl_sobol *sobol = fl_sobol_new(dims, true, seed);
	double *u = fl_alloc((size_t)dims, sizeof *u);
	bool endless = fl_space_count(space) > 0x1p53;
	size_t before = known->n, until = before + n, limit = 1024 + 8 * until;
	char text[FL_ARCH_LEN];
	struct fl_arch a;

	for (size_t i = 0; known->n < until && (endless || i < limit); i++) {
		fl_sobol_next(sobol, u);
		fl_space_draw(space, u, &a);
		fl_archset_add(known, fl_arch_format(&a, text));
	}
	if (known->n < until)
		walk(space, seed, until, known);
	free(u);
	fl_sobol_free(sobol);
	return known->n - before;
}
