/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a chat template. What it makes of a conversation is UTF-8, within a budget of steps and
 * memory, and its marks stand in order inside the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/template.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char chat[] = "{\"messages\": [{\"role\": \"system\", \"content\": \" be \\u00e9 \"},"
			   "{\"role\": \"user\", \"content\": \"a\", \"n\": [1, 2.5, null, {\"k\": true}]},"
			   "{\"role\": \"assistant\", \"content\": \"<think>x</think>y\"}],"
			   "\"bos_token\": \"<s>\", \"add_generation_prompt\": true, \"tools\": null}";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	struct fl_template *t = fl_template_new((const char *)data, size, "input", &err);
	struct fl_json *variables = fl_json_parse(chat, strlen(chat), "chat", &err);
	struct fl_spans marked = { 0 };
	struct fl_str out = { 0 };
	bool done = t && fl_template_render(t, variables, &out, &marked, &err) == 0;
	size_t at = 0;

	if (!done && (err.code != FL_EXIT_DATA || !*err.text))
		abort();
	if (done && fl_utf8_valid(out.data, out.len) < out.len)
		abort();
	for (size_t i = 0; done && i < marked.n; i++) {
		if (marked.v[i].to < marked.v[i].from || marked.v[i].to > out.len || marked.v[i].to < at)
			abort();
		at = marked.v[i].to;
	}
	fl_template_free(t);
	fl_json_free(variables);
	fl_str_free(&out);
	free(marked.v);
	return 0;
}
