/* SPDX-License-Identifier: Apache-2.0 */
/* A GGUF file that is read has a configuration, weights and a tokenizer, or a reason why not, and every row of every
 * tensor can be dequantized. */
#include <stdlib.h>

#include "base/log.h"
#include "export/gguf_import_impl.h"
#include "fuzz.h"

enum { MOST = 1 << 16 /* elements that are dequantized of a tensor */ };

static void
dequantize(const struct fl_gguf_file *g)
{
	for (size_t i = 0; i < g->tensors; i++) {
		const struct fl_gguf_stored *t = &g->tensor[i];
		uint64_t rows = t->cols && t->rows > MOST / t->cols ? MOST / t->cols : t->rows;
		float *x = rows ? malloc(t->cols * sizeof *x + 1) : NULL;

		for (uint64_t r = 0; x && r < rows; r++)
			fl_gguf_import_row(t, r, x);
		free(x);
	}
}

static void
import(const struct fl_gguf_file *g)
{
	size_t len = 0;
	const char *arch = fl_gguf_keys_str(g->keys, "general.architecture", &len);
	struct fl_err err = { 0 }, why = { 0 };
	struct fl_gguf_source s = { .file = g, .form = arch ? fl_gguf_form_find(arch, len) : NULL, .err = &err };
	struct fl_config c = { 0 };
	struct fl_gguf_tokenizer t;
	struct fl_gguf_weights *w;

	fuzz_check(fl_gguf_import_tokenizer(g, NULL, &t, &why) == 0, &why);
	fl_gguf_import_tokenizer_free(&t);
	if (s.form && fl_gguf_import_config(&s, &c) == 0) {
		w = fl_gguf_import_weights(&s, &c, FL_DTYPES);
		fuzz_check(w != NULL, &err);
		fl_gguf_import_weights_free(w);
	} else if (s.form) {
		fuzz_check(false, &err);
	}
	fl_config_free(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	struct fl_gguf_file *g;
	char path[FUZZ_PATH];
	int fd;

	fl_log_init("fuzz", -1);
	g = fl_gguf_file_open(fuzz_open(data, size, false, &fd, path), false, &err);
	fuzz_check(g != NULL || err.code == FL_EXIT_SYSTEM, &err);
	if (g) {
		dequantize(g);
		import(g);
	}
	fl_gguf_file_close(g);
	close(fd);
	return 0;
}
