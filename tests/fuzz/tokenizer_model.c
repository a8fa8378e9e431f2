/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a tokenizer.model, sentencepiece's or tiktoken's, which are told apart by their first byte,
 * and behind the last NUL byte a text to encode with it. Ids decode. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char config[] = "{\"added_tokens_decoder\":{"
		"\"300\":{\"content\":\"<|begin_of_text|>\",\"special\":true},"
		"\"301\":{\"content\":\"<|eot_id|>\",\"special\":true}}}";
	struct fl_err err = { 0 };
	const uint8_t *nul = size ? memrchr(data, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - data) : size;
	bool tiktoken = size && data[0] > ' ' && data[0] < 0x7f;
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = {
		[FL_TOKENIZER_MODEL] = { (const char *)data, len },
		[FL_TOKENIZER_CONFIG] = { tiktoken ? config : NULL, sizeof config - 1 } };
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
