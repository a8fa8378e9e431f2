/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h -- what the targets share: the input as something to open, and as a tar with members. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "io/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_PATH = 32, FUZZ_PIPE = 32 << 10 /* more may not fit into a pipe at once */ };

/* Bytes as a file or as a pipe; *fd is to be closed by the caller, and path names it until then. */
static inline const char *
fuzz_open(const void *data, size_t size, bool as_pipe, int *fd, char path[FUZZ_PATH])
{
	int ends[2];

	if (as_pipe && size > FUZZ_PIPE)
		size = FUZZ_PIPE;
	if (as_pipe ? pipe(ends) < 0 : (ends[1] = memfd_create("input", MFD_CLOEXEC)) < 0)
		abort();
	if (write(ends[1], data, size) != (ssize_t)size)
		abort();
	*fd = as_pipe ? ends[0] : ends[1];
	if (as_pipe)
		close(ends[1]);
	snprintf(path, FUZZ_PATH, "/dev/fd/%d", *fd);
	return path;
}

/* Bad input is called so, with a reason; nothing else may go wrong. */
static inline void
fuzz_check(bool ok, const struct fl_err *err)
{
	if (ok ? err->code != FL_EXIT_OK : err->code != FL_EXIT_DATA || !*err->text)
		abort();
}

static inline int
fuzz_push(void *ctx, const void *data, size_t n, struct fl_err *err)
{
	(void)err;
	fl_str_add(ctx, data, n);
	return 0;
}

/* Adds a member; one of weights gets the length of its header, which ends at the first byte 0x1f.
 */
static inline void
fuzz_member(struct fl_tar_writer *w, const char *name, const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0x1f, size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	struct fl_str s = { 0 };
	struct fl_err err = { 0 };

	if (fl_str_ends(name, ".safetensors")) {
		for (int i = 0; i < 8; i++)
			fl_str_putc(&s, (char)((uint64_t)len >> 8 * i & 0xff));
		fl_str_add(&s, data, len);
		if (end)
			fl_str_add(&s, end + 1, size - len - 1);
	} else {
		fl_str_add(&s, data, size);
	}
	if (fl_tar_begin(w, name, s.len, &err) < 0 || fl_tar_put(w, s.data, s.len, &err) < 0)
		abort();
	fl_str_free(&s);
}

#endif
