/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a tar: whole or in small pieces, it has the same members, or both are refused. */
#include "fuzz.h"

struct pieces {
	const uint8_t *p;
	size_t left, size;
};

static int
pull(void *ctx, const void **data, size_t *n, struct fl_err *err)
{
	struct pieces *s = ctx;

	(void)err;
	*n = s->left < s->size ? s->left : s->size;
	*data = s->p;
	s->p += *n;
	s->left -= *n;
	return 0;
}

/* Everything that is in the tar, as far as it can be read; whether that was to its end. */
static bool
read_all(const uint8_t *data, size_t size, size_t piece, struct fl_str *out)
{
	struct pieces s = { data, size, piece };
	struct fl_tar *t = fl_tar_open(pull, &s, "fuzz");
	struct fl_tar_member m;
	struct fl_err err = { 0 };
	const void *p;
	size_t n;
	int got, bad = 0;

	while ((got = fl_tar_next(t, &m, &err)) > 0) {
		uint64_t left = m.size;

		fl_str_printf(out, "\n%s %d %llu: ", m.name, m.directory,
			      (unsigned long long)m.size);
		while (!m.directory && (bad = fl_tar_data(t, &p, &n, &err)) == 0 && n > 0) {
			if (n > left)
				abort();
			left -= n;
			fl_str_add(out, p, n);
		}
		if (bad)
			break;
		if (left > 0 && !m.directory)
			abort();
	}
	fuzz_check(got == 0, &err);
	fl_tar_close(t);
	return got == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str whole = { 0 }, pieces = { 0 };
	bool ok = read_all(data, size, size ? size : 1, &whole);

	if (read_all(data, size, 1 + size % 700, &pieces) != ok)
		abort();
	if (ok && whole.len > 0 &&
	    (whole.len != pieces.len || memcmp(whole.data, pieces.data, whole.len) != 0))
		abort();
	fl_str_free(&whole);
	fl_str_free(&pieces);
	return 0;
}

/* Mutations */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static void
set_checksum(uint8_t *header)
{
	unsigned sum = 0;
	char text[8];

	memset(header + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += header[i];
	snprintf(text, sizeof text, "%06o", sum);
	memcpy(header + 148, text, 7);
}

/* Without its checksum right, a header is seen by nobody. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	char octal[13] = { 0 };

	size = LLVMFuzzerMutate(data, size, max);
	for (size_t at = 0; seed % 16 && at + 512 <= size;) {
		memcpy(octal, data + at + 124, 12);
		if (data[at])
			set_checksum(data + at);
		at += 512 + (strtoull(octal, NULL, 8) % (1 << 20) + 511) / 512 * 512;
	}
	return size;
}
