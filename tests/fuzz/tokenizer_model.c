/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a tokenizer.model, sentencepiece's or tiktoken's, which are told apart by their first byte,
 * and behind the last NUL byte a text to encode with it. Ids decode. */
#include <stdint.h>
#include <string.h>

#include "tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char config[] = "{\"added_tokens_decoder\":{"
		"\"300\":{\"content\":\"<|begin_of_text|>\",\"special\":true},"
		"\"301\":{\"content\":\"<|eot_id|>\",\"special\":true}}}";
	const char *text = (const char *)data, *nul = size ? memrchr(text, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - text) : size;
	bool tiktoken = size && data[0] > ' ' && data[0] < 0x7f;
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { [FL_TOKENIZER_MODEL] = { text, len },
		[FL_TOKENIZER_CONFIG] = { tiktoken ? config : NULL, sizeof config - 1 } };

	check_tokenizer(file, nul ? nul + 1 : NULL, nul ? size - len - 1 : 0);
	return 0;
}
