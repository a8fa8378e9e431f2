/* SPDX-License-Identifier: Apache-2.0 */
/* test.h -- a unit test program: named tests, checks, TAP on standard output.
 *
 *     static void adds(void) { CHECK(1 + 1 == 2); }
 *     int main(void) { TEST(adds); return test_done(); }
 *
 * A failing CHECK prints where and what, and the test goes on. test_skip() marks the running test as
 * skipped, with the reason. TEST's name is printed with spaces for underscores. */
#ifndef FL_TEST_H
#define FL_TEST_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static int test_count, test_failed, test_bad;
static const char *test_skipped;

#define CHECK(cond) test_check((cond), __FILE__, __LINE__, #cond, NULL)
#define CHECK_NEAR(a, b, tol) test_near((a), (b), (tol), __FILE__, __LINE__, #a)
#define CHECK_STR(a, b) test_str((a), (b), __FILE__, __LINE__, #a)
#define CHECK_OK(call, err) test_check((call) == 0, __FILE__, __LINE__, #call, (err)->text)
#define TEST(f) test_one(#f, f)

/* dir/name, until four calls later. */
static inline char *
test_path(const char *dir, const char *name)
{
	static char buf[4][256];
	static int next;

	next = (next + 1) % 4;
	snprintf(buf[next], sizeof buf[next], "%s/%s", dir, name);
	return buf[next];
}

static inline bool
test_check(bool ok, const char *file, int line, const char *what, const char *why)
{
	if (!ok) {
		printf("# %s:%d: %s%s%s\n", file, line, what, why ? ": " : "", why ? why : "");
		test_bad++;
	}
	return ok;
}

static inline bool
test_near(double a, double b, double tol, const char *file, int line, const char *what)
{
	bool ok = fabs(a - b) <= tol || a == b;

	if (!ok) {
		printf("# %s:%d: %s is %.17g, not %.17g within %g\n", file, line, what, a, b, tol);
		test_bad++;
	}
	return ok;
}

static inline bool
test_str(const char *a, const char *b, const char *file, int line, const char *what)
{
	bool ok = a && strcmp(a, b) == 0;

	if (!ok) {
		printf("# %s:%d: %s is '%s', not '%s'\n", file, line, what, a ? a : "(null)", b);
		test_bad++;
	}
	return ok;
}

static inline void
test_skip(const char *why)
{
	test_skipped = why;
}

static inline void
test_one(const char *name, void (*f)(void))
{
	test_bad = 0;
	test_skipped = NULL;
	f();
	test_count++;
	test_failed += test_bad > 0;
	printf("%sok %d - ", test_bad ? "not " : "", test_count);
	for (const char *p = name; *p; p++)
		putchar(*p == '_' ? ' ' : *p);
	if (test_skipped)
		printf(" # skip %s", test_skipped);
	putchar('\n');
	fflush(stdout);
}

static inline int
test_done(void)
{
	printf("1..%d\n", test_count);
	return test_failed > 0;
}

#endif
