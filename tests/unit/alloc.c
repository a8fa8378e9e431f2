/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void
sizes_that_overflow_are_seen(void)
{
	size_t out = 7;

	CHECK(fl_size_mul(SIZE_MAX, 2, &out) == -1 && fl_size_mul(SIZE_MAX, 1, &out) == 0 && out == SIZE_MAX);
	CHECK(fl_size_add(SIZE_MAX, 1, &out) == -1 && fl_size_add(1, 2, &out) == 0 && out == 3);
}

static void
large_memory_begins_where_large_pages_do(void)
{
	static const size_t sizes[] = { 0, 1, 100, 2 << 20, (2 << 20) + 1, (6 << 20) - 1 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *p = fl_alloc_large(sizes[i], "a test");

		CHECK((uintptr_t)p % (sizes[i] < 2 << 20 ? 64 : 2 << 20) == 0);
		memset(p, 1, sizes[i]);
		free(p);
	}
}

static void
memory_comes_zeroed_and_aligned(void)
{
	char *p = fl_alloc(3, 5), *q = fl_alloc_aligned(1, 1, "a test"), *none = fl_alloc(0, 8);

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

/* What is said when a child runs out of memory, and it exits as it should. */
static void
exhaust(void (*allocate)(void), const char *says)
{
	char text[200] = "";
	int fd[2], status = 0;
	pid_t child;

	if (!CHECK(pipe(fd) == 0))
		return;
	child = fork();
	if (child == 0) {
		dup2(fd[1], STDERR_FILENO);
		allocate();
	}
	waitpid(child, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == FL_EXIT_SYSTEM);
	CHECK(read(fd[0], text, sizeof text - 1) > 0);
	CHECK(strstr(text, says) != NULL);
	close(fd[0]);
	close(fd[1]);
}

static void
take_weights(void)
{
	fl_alloc_aligned(SIZE_MAX, 4, "the weights");
}

static void
take_elsewhere(void)
{
	fl_no_memory("a tar reader");
}

static void
exhaustion_says_what_the_memory_was_for(void)
{
	exhaust(take_weights, "out of memory for the weights: 18446744073709551615 x 4 bytes\n");
	exhaust(take_elsewhere, "out of memory for a tar reader\n");
}

int
main(void)
{
	TEST(sizes_that_overflow_are_seen);
	TEST(memory_comes_zeroed_and_aligned);
	TEST(large_memory_begins_where_large_pages_do);
	TEST(a_growing_block_keeps_its_contents);
	TEST(exhaustion_says_what_the_memory_was_for);
	return test_done();
}
