/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_cursor.c -- takes the numbers and strings of a GGUF header one after the other. */
#include "export/gguf_cursor.h"

#include <string.h>

#include "base/alloc.h"

enum { LONGEST = 1 << 30 }; /* bytes of a string, as llama.cpp has it */

const void *
fl_gguf_cursor_take(struct fl_gguf_cursor *c, uint64_t n)
{
	const char *p = c->p;

	if (n > (uint64_t)(c->end - c->p)) {
		fl_err_data(c->err, "the file ends at byte %zu, in its header", (size_t)(c->end - c->begin));
		return NULL;
	}
	c->p += n;
	return p;
}

int
fl_gguf_cursor_u32(struct fl_gguf_cursor *c, uint32_t *v)
{
	const void *p = fl_gguf_cursor_take(c, sizeof *v);

	if (p)
		memcpy(v, p, sizeof *v);
	return p ? 0 : -1;
}

int
fl_gguf_cursor_u64(struct fl_gguf_cursor *c, uint64_t *v)
{
	const void *p = fl_gguf_cursor_take(c, sizeof *v);

	if (p)
		memcpy(v, p, sizeof *v);
	return p ? 0 : -1;
}

const char *
fl_gguf_cursor_str(struct fl_gguf_cursor *c, uint64_t *len)
{
	const char *p = fl_gguf_cursor_u64(c, len) < 0 ? NULL : fl_gguf_cursor_take(c, *len);

	if (p && *len > LONGEST) {
		fl_err_data(c->err, "a string in the header has %llu bytes, more than 2^30", (unsigned long long)*len);
		p = NULL;
	}
	return p;
}

char *
fl_gguf_cursor_name(struct fl_gguf_cursor *c, uint64_t max, const char *what)
{
	uint64_t len;
	const char *p = fl_gguf_cursor_str(c, &len);

	if (p && (len == 0 || len > max || memchr(p, '\0', len))) {
		fl_err_data(c->err, "the name of %s is empty, longer than %llu bytes or holds a NUL", what,
		    (unsigned long long)max);
		p = NULL;
	}
	return p ? fl_strndup(p, len) : NULL;
}
