/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_pre.h -- llama.cpp's names for the ways in which byte-level tokenizers cut words, tokenizer.ggml.pre. */
#ifndef FL_EXPORT_GGUF_PRE_H
#define FL_EXPORT_GGUF_PRE_H

#include <stdbool.h>
#include <stddef.h>

#include "text/tokenizer.h"

enum { FL_GGUF_PRE_NAMES = 12, FL_GGUF_PRE_PATTERNS = 6 };

struct fl_gguf_pre {
	const char *name[FL_GGUF_PRE_NAMES];	   /* all mean the same; the first is written */
	const char *pattern[FL_GGUF_PRE_PATTERNS]; /* each cuts what the one before left, as tokenizer.json has them */
	int raw; /* so many of the patterns see text as it is, the others its bytes as they are spelt; 0: all */
	bool ignore_merges;			   /* a word that is a token is taken whole */
	bool nfc; /* those who have it normalise, which llama.cpp does not */
	bool bos; /* each text begins with it where no key says */
};

/* Each lives for ever. NULL: not known. */
const struct fl_gguf_pre *fl_gguf_pre_find(const char *name, size_t len);

/* One that cuts as t does, and normalises as t does if there is such a one: llama.cpp does not, fl-import does. */
const struct fl_gguf_pre *fl_gguf_pre_of(const struct fl_tokenizer *t);

#endif
