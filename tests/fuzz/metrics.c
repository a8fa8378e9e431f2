/* SPDX-License-Identifier: Apache-2.0 */
/* A metrics file is its header, a byte 0x1f, and the sums, filled up with zeros. Every score of one
 * that is read is a number, and the sum of two is read or refused. */
#include <math.h>

#include "base/alloc.h"
#include "io/safetensors.h"
#include "model/score.h"
#include "fuzz.h"

enum { MAX_DATA = 1 << 16 };

static void
make_file(struct fl_str *out, const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0x1f, size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	struct fl_err err = { 0 };
	struct fl_safetensors *s = fl_safetensors_parse((const char *)data, len, "fuzz", &err);

	for (int i = 0; i < 8; i++)
		fl_str_putc(out, (char)((uint64_t)len >> 8 * i & 0xff));
	fl_str_add(out, data, len);
	if (end)
		fl_str_add(out, end + 1, size - len - 1);
	while (s && s->data_size <= MAX_DATA && out->len - 8 - len < s->data_size)
		fl_str_putc(out, 0);
	fl_safetensors_free(s);
}

static void
check_numbers(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(x[i]))
			abort();
}

static void
score(const struct fl_metrics *m)
{
	size_t n = (size_t)(m->ffn > m->width ? m->ffn : m->width);
	double *out;

	if (n > MAX_DATA)
		return;
	out = fl_alloc(n, sizeof *out);
	for (const char *const *f = fl_score_names; *f; f++) {
		struct fl_err ffn = { 0 }, width = { 0 };

		if (fl_score_ffn(m, *f, m->layers - 1, 1, (size_t)m->ffn, out, &ffn) == 0)
			check_numbers(out, (size_t)m->ffn);
		fuzz_check(!ffn.code, &ffn);
		if (fl_score_width(m, *f, 1, (size_t)m->width, out, &width) == 0)
			check_numbers(out, (size_t)m->width);
		fuzz_check(!width.code, &width);
	}
	for (const char *const *f = fl_layer_score_names; *f; f++) {
		bool gone[FL_ARCH_LAYERS] = { 0 };
		struct fl_err err = { 0 };

		fuzz_check(fl_score_layers(m, *f, 1, m->layers, m->layers / 2, gone, &err) == 0,
			   &err);
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_metrics *m, *again;
	struct fl_str file = { 0 };
	struct fl_err err = { 0 };
	char path[FUZZ_PATH];
	int fd;

	make_file(&file, data, size);
	fuzz_open(file.data, file.len, false, &fd, path);
	m = fl_metrics_read(path, &err);
	fuzz_check(m != NULL, &err);
	if (m) {
		score(m);
		again = fl_metrics_read(path, &err);
		fuzz_check(again && fl_metrics_merge(m, again, &err) == 0, &err);
		fl_metrics_free(again);
	}
	fl_metrics_free(m);
	close(fd);
	fl_str_free(&file);
	return 0;
}
