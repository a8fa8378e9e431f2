/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte is the size of the vocabulary, the rest a token file: ids that are let in are
 * below it. From a file and from a pipe it is the same. */
#include "text/tokens.h"
#include "fuzz.h"

static size_t
read_tokens(const uint8_t *data, size_t size, size_t vocab, bool as_pipe)
{
	struct fl_err err = { 0 };
	char path[FUZZ_PATH];
	struct fl_tokens *t;
	size_t n = SIZE_MAX;
	int fd;

	t = fl_tokens_open(fuzz_open(data, size, as_pipe, &fd, path), vocab, &err);
	fuzz_check(t != NULL, &err);
	if (t)
		n = t->n;
	for (size_t i = 0; t && i < n; i++)
		if (vocab && t->id[i] >= vocab)
			abort();
	fl_tokens_close(t);
	close(fd);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > FUZZ_PIPE)
		return 0;
	if (read_tokens(data + 1, size - 1, data[0], false) !=
	    read_tokens(data + 1, size - 1, data[0], true))
		abort();
	return 0;
}
