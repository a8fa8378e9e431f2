/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import.h -- a checkpoint out of a GGUF file: what llama.cpp runs, in Hugging Face's names and layout.
 *
 * Weights are dequantized, rows of q and k go back where RoPE turns halves, architectures that stand for layers
 * without attention (gguf_form.c) become such layers again, and keys become config.json, tokenizer.json,
 * tokenizer_config.json and generation_config.json. What would compute something else than llama.cpp does is
 * refused by name (class DATA), and so is a tensor that is not understood. */
#ifndef FL_EXPORT_GGUF_IMPORT_H
#define FL_EXPORT_GGUF_IMPORT_H

#include <stdbool.h>

#include "base/dtype.h"
#include "base/err.h"
#include "base/json.h"
#include "model/plan.h"

struct fl_gguf_import_opts {
	/* Of all weights; FL_DTYPES: as they are stored, f32 where they are quantized. Vectors, which GGUF has in f32
	 * only, become what all matrices are where that is exact. */
	enum fl_dtype dtype;
	const char *pre;    /* how words are cut, in place of what the file says; NULL: as it says */
	bool no_tokenizer, tokenizer_only; /* leave it out, or write nothing else, whatever the architecture */
};

/* Imports path; NULL and "-" are standard input. Nothing is left of the output on failure. */
int fl_gguf_import(const char *path, const struct fl_gguf_import_opts *o, const struct fl_sink *sink,
    const struct fl_json *arguments, struct fl_err *err) FL_MUST_USE;

#endif
