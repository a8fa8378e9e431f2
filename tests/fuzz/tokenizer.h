/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.h -- what holds for a tokenizer made of any files: a refusal is one of the input, and says
 * what; ids of a text decode. */
#ifndef FL_FUZZ_TOKENIZER_H
#define FL_FUZZ_TOKENIZER_H

#include <stdlib.h>

#include "text/tokenizer.h"

/* text NULL: none to encode. */
static inline void
check_tokenizer(const struct fl_tokenizer_text file[FL_TOKENIZER_FILES], const char *text, size_t len)
{
	struct fl_err err = { 0 };
	struct fl_tokenizer *t = fl_tokenizer_new(file, &err);
	struct fl_ids ids = { 0 };
	struct fl_str back = { 0 };

	if (!t && (err.code != FL_EXIT_DATA || !*err.text))
		abort();
	if (t && text && fl_tokenizer_encode(t, text, len, true, &ids, &err) == 0 &&
	    fl_tokenizer_decode(t, ids.v, ids.n, &back, &err) < 0)
		abort();
	fl_tokenizer_free(t);
	free(ids.v);
	fl_str_free(&back);
}

#endif
