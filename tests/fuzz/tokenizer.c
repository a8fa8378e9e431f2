/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a tokenizer.json, a NUL byte, and a text to encode with it. Ids are below the size of
 * the vocabulary and decode. */
#include "text/tokenizer.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - data) : size;
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = {
		[FL_TOKENIZER_JSON] = { (const char *)data, len } };
	struct fl_tokenizer *t = fl_tokenizer_new(file, &err);
	struct fl_ids ids = { 0 };
	struct fl_str back = { 0 };

	if (t && nul &&
	    fl_tokenizer_encode(t, (const char *)nul + 1, size - len - 1, true, &ids, &err) == 0 &&
	    fl_tokenizer_decode(t, ids.v, ids.n, &back, &err) < 0)
		abort();
	if (!t && (err.code != FL_EXIT_DATA || !*err.text))
		abort();
	fl_tokenizer_free(t);
	free(ids.v);
	fl_str_free(&back);
	return 0;
}
