/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdint.h>

#include "test.h"

static void
sizes_that_overflow_are_seen(void)
{
	size_t out = 7;

	CHECK(fl_size_mul(SIZE_MAX, 2, &out) == -1 && fl_size_mul(SIZE_MAX, 1, &out) == 0 && out == SIZE_MAX);
	CHECK(fl_size_add(SIZE_MAX, 1, &out) == -1 && fl_size_add(1, 2, &out) == 0 && out == 3);
}

static void
memory_comes_zeroed_and_aligned(void)
{
	char *p = fl_alloc(3, 5), *q = fl_alloc_aligned(1, 1), *none = fl_alloc(0, 8);

	for (int i = 0; i < 15; i++)
		CHECK(p[i] == 0);
	CHECK((uintptr_t)q % 64 == 0 && *q == 0 && none);
	free(p);
	free(q);
	free(none);
}

static void
a_growing_block_keeps_its_contents(void)
{
	size_t cap = 0;
	int *v = NULL;

	for (size_t i = 0; i < 1000; i++) {
		v = fl_grow(v, &cap, i + 1, sizeof *v);
		v[i] = (int)i;
	}
	CHECK(cap == 1024);
	for (int i = 0; i < 1000; i++)
		CHECK(v[i] == i);
	free(v);
}

int
main(void)
{
	TEST(sizes_that_overflow_are_seen);
	TEST(memory_comes_zeroed_and_aligned);
	TEST(a_growing_block_keeps_its_contents);
	return test_done();
}
