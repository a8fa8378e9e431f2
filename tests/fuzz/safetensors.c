/* SPDX-License-Identifier: Apache-2.0 */
/* A header that parses describes tensors that tile its data section, and the one written from them
 * parses to the same. The length in front is the input's own size. */
#include "io/safetensors.h"
#include "fuzz.h"

static void
check_same(const struct fl_safetensors *a, const struct fl_safetensors *b)
{
	uint64_t at = 0;

	if (!b || a->n != b->n || a->data_size != b->data_size)
		abort();
	for (size_t i = 0; i < a->n; i++) {
		const struct fl_tensor *x = &a->tensor[i], *y = &b->tensor[i];

		if (a->offset[i] != at || b->offset[i] != at || strcmp(x->name, y->name) != 0 ||
		    x->dtype != y->dtype || x->ndim != y->ndim || x->size != y->size ||
		    memcmp(x->shape, y->shape, sizeof x->shape) != 0)
			abort();
		at += x->size;
	}
	if (at != a->data_size)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	struct fl_safetensors *s = fl_safetensors_parse((const char *)data, size, "input", &err), *again;
	struct fl_str out = { 0 };

	if (!s) {
		if (err.code != FL_EXIT_DATA || !*err.text)
			abort();
		return 0;
	}
	fl_safetensors_header(&out, s->tensor, s->n, s->metadata);
	if (fl_safetensors_length(out.data) != out.len - 8 || out.len % 8)
		abort();
	again = fl_safetensors_parse(out.data + 8, out.len - 8, "output", &err);
	check_same(s, again);
	fl_safetensors_free(s);
	fl_safetensors_free(again);
	fl_str_free(&out);
	return 0;
}
