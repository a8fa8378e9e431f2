/* SPDX-License-Identifier: Apache-2.0 */
/* What the loops that measure the machine count, and that they read what they are given. */
#include "test.h"

#include "base/alloc.h"
#include "compute/peak.h"
#include "measure/limits.h"

/* A turn is a number of its own of multiply-adds, and so many turns as many times that. */
static void
every_loop_does_what_it_says(void)
{
	int8_t one8[64];
	float one[16];

	memset(one8, 1, sizeof one8);
	for (size_t i = 0; i < 16; i++)
		one[i] = 1;
	for (size_t i = 0; fl_peaks[i]; i++) {
		const struct fl_peak *p = fl_peaks[i];

		if (!fl_isa_has(p->isa))
			continue;
		CHECK(p->int8(1, one8) > 0 && p->int8(1, one8) % 16 == 0);
		CHECK(p->int8(1001, one8) == 1001 * p->int8(1, one8));
		CHECK(p->f32(1, one) > 0 && p->f32(1, one) % 4 == 0);
		CHECK(p->f32(1001, one) == 1001 * p->f32(1, one));
	}
	CHECK(fl_isa_has(fl_peak_best()->isa));
}

static void
every_word_is_read(void)
{
	enum { N = 640 };
	uint32_t *x = fl_alloc(N, sizeof *x), all = 0;

	for (uint32_t i = 0; i < N; i++) {
		x[i] = i * 2654435761u;
		all ^= x[i];
	}
	CHECK(fl_peak_read(x, N) == all);
	for (size_t i = 0; i < N; i++) {
		x[i] ^= 1;
		CHECK(fl_peak_read(x, N) == (all ^ 1));
		x[i] ^= 1;
	}
	free(x);
}

static void
limits_are_found(void)
{
	struct fl_limits l = fl_limits_measure();

	CHECK(l.int8 > 0 && isfinite(l.int8));
	CHECK(l.f32 > 0 && isfinite(l.f32));
	CHECK(l.memory > 0 && isfinite(l.memory));
	CHECK_STR(l.kernels, fl_peak_best()->name);
}

int
main(void)
{
	TEST(every_loop_does_what_it_says);
	TEST(every_word_is_read);
	TEST(limits_are_found);
	return test_done();
}
