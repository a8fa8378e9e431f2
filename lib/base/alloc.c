/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/log.h"

static void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fl_log_line(fmt, ap);
	va_end(ap);
}

static _Noreturn void
exhausted(size_t count, size_t size, const char *what)
{
	say("out of memory%s%s: %zu x %zu bytes", what ? " for " : "", what ? what : "", count, size);
	exit(FL_EXIT_SYSTEM);
}

void
fl_no_memory(const char *what)
{
	say("out of memory for %s", what);
	exit(FL_EXIT_SYSTEM);
}

int
fl_size_mul(size_t a, size_t b, size_t *out)
{
	return __builtin_mul_overflow(a, b, out) ? -1 : 0;
}

int
fl_size_add(size_t a, size_t b, size_t *out)
{
	return __builtin_add_overflow(a, b, out) ? -1 : 0;
}

void *
fl_alloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		exhausted(count, size, NULL);
	return p;
}

void *
fl_alloc_aligned(size_t count, size_t size, const char *what)
{
	size_t n;
	void *p;

	if (fl_size_mul(count, size, &n) < 0 || n > SIZE_MAX - 64)
		exhausted(count, size, what);
	n = (n + 63) / 64 * 64;
	p = aligned_alloc(64, n ? n : 64);
	if (!p)
		exhausted(count, size, what);
	return memset(p, 0, n);
}

void *
fl_alloc_large(size_t size, const char *what)
{
	const size_t page = 2 << 20;
	size_t align = size < page ? 64 : page, n = size / align * align;
	void *p;

	if (size > SIZE_MAX - page)
		exhausted(1, size, what);
	p = aligned_alloc(align, n < size || n == 0 ? n + align : n);
	if (!p)
		exhausted(1, size, what);
	if (align == page)
		madvise(p, n, MADV_HUGEPAGE); /* but the last, of which little may be used */
	return p;
}

void *
fl_realloc(void *old, size_t count, size_t size)
{
	size_t n;
	void *p;

	if (fl_size_mul(count, size, &n) < 0)
		exhausted(count, size, NULL);
	p = realloc(old, n ? n : 1);
	if (!p)
		exhausted(count, size, NULL);
	return p;
}

char *
fl_strndup(const char *s, size_t n)
{
	char *p = fl_alloc(n + 1, 1);

	memcpy(p, s, n);
	return p;
}

char *
fl_strdup(const char *s)
{
	return fl_strndup(s, strlen(s));
}

void *
fl_grow(void *old, size_t *cap, size_t need, size_t size)
{
	size_t n = *cap ? *cap : 16;

	if (need <= *cap)
		return old;
	while (n < need) {
		if (n > SIZE_MAX / 2)
			exhausted(need, size, NULL);
		n *= 2;
	}
	*cap = n;
	return fl_realloc(old, n, size);
}
