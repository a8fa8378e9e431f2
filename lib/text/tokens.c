/* SPDX-License-Identifier: Apache-2.0 */
#include "text/tokens.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"

struct fl_tokens *
fl_tokens_open(const char *path, size_t vocab, struct fl_err *err)
{
	const char *name = fl_input_name(path);
	struct fl_tokens *t = fl_alloc(1, sizeof *t);

	if (fl_file_open(&t->file, path, SIZE_MAX / 4, err) < 0)
		goto fail;
	t->id = (const void *)t->file.data;
	t->n = t->file.size / sizeof *t->id;
	if (t->file.size % sizeof *t->id) {
		fl_err_data(err, "'%s' is no token file: its %zu bytes are no multiple of 4", name,
		    t->file.size);
		goto fail;
	}
	for (size_t i = 0; i < t->n && vocab > 0; i++)
		if (t->id[i] >= vocab) {
			fl_err_data(err, "token %zu of '%s' is %u, beyond the vocabulary of %zu", i, name,
			    t->id[i], vocab);
			goto fail;
		}
	return t;
fail:
	fl_tokens_close(t);
	return NULL;
}

void
fl_tokens_close(struct fl_tokens *t)
{
	if (!t)
		return;
	fl_file_close(&t->file);
	free(t);
}
