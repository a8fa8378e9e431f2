/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a text, NUL, merges.txt, NUL, and a tokenizer_config.json; the vocabulary is that of bytes
 * and of five words. Ids decode. */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "text/bytelevel.h"
#include "text/utf8.h"
#include "tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_vocab(struct fl_str *out)
{
	static const char *const word[] = { "th", "the", "\xc4\xa0the", "\xc4\xa0t", "<|endoftext|>" };
	struct fl_json *v = fl_json_new_object();

	for (int b = 0; b < 256; b++) {
		char c[5] = { 0 };

		fl_utf8_put(c, fl_bytelevel_char((unsigned char)b));
		fl_json_set(v, c, fl_json_new_int(b));
	}
	for (int i = 0; i < 5; i++)
		fl_json_set(v, word[i], fl_json_new_int(256 + i));
	fl_json_write(out, v, 0);
	fl_json_free(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size;
	const char *merges = size ? memchr(text, 0, size) : NULL;
	const char *config = merges ? memchr(merges + 1, 0, (size_t)(end - merges - 1)) : NULL;
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { { 0 } };
	struct fl_str vocab = { 0 };

	if (!config)
		return 0;
	write_vocab(&vocab);
	file[FL_TOKENIZER_VOCAB] = (struct fl_tokenizer_text){ vocab.data, vocab.len };
	file[FL_TOKENIZER_MERGES] = (struct fl_tokenizer_text){ merges + 1, (size_t)(config - merges - 1) };
	file[FL_TOKENIZER_CONFIG] = (struct fl_tokenizer_text){ config + 1, (size_t)(end - config - 1) };
	check_tokenizer(file, text, (size_t)(merges - text));
	fl_str_free(&vocab);
	return 0;
}
