/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a tokenizer.json, a NUL byte, and a text to encode with it. Ids are below the size of
 * the vocabulary and decode. */
#include "tokenizer.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *nul = size ? memchr(text, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - text) : size;
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { [FL_TOKENIZER_JSON] = { text, len } };

	check_tokenizer(file, nul ? nul + 1 : NULL, nul ? size - len - 1 : 0);
	return 0;
}
