/* SPDX-License-Identifier: Apache-2.0 */
/* A config.json, a byte 0x1e, the header of the weights, a byte 0x1f, and their data, which is
 * filled up with zeros: a model that loads also runs, in any of the forms weights are stored in. */
#include "base/log.h"
#include "io/safetensors.h"
#include "model/forward.h"
#include "model/inspect.h"
#include "fuzz.h"

enum { MAX_DATA = 1 << 16 };

/* data_size bytes of data behind the header in `text`, where it has one of a size to be tried. */
static void
fill_up(struct fl_str *weights, const uint8_t *text, size_t len)
{
	struct fl_err err = { 0 };
	const uint8_t *end = len ? memchr(text, 0x1f, len) : NULL;
	size_t header = end ? (size_t)(end - text) : len;
	struct fl_safetensors *s = fl_safetensors_parse((const char *)text, header, "fuzz", &err);

	fl_str_add(weights, text, len);
	if (!end)
		fl_str_putc(weights, 0x1f);
	while (s && s->data_size <= MAX_DATA && weights->len - header - 1 < s->data_size)
		fl_str_putc(weights, 0);
	fl_safetensors_free(s);
}

static void
make_tar(struct fl_str *tar, const uint8_t *data, size_t size)
{
	struct fl_tar_writer *w = fl_tar_writer_open(fuzz_push, tar);
	const uint8_t *end = size ? memchr(data, 0x1e, size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	struct fl_str weights = { 0 };
	struct fl_err err = { 0 };

	fuzz_member(w, "config.json", data, len);
	if (end)
		fill_up(&weights, end + 1, size - len - 1);
	fuzz_member(w, "model.safetensors", (const uint8_t *)weights.data, weights.len);
	if (fl_tar_finish(w, &err) < 0)
		abort();
	fl_tar_writer_close(w);
	fl_str_free(&weights);
}

static void
inspect(const char *path)
{
	struct fl_err err = { 0 };
	struct fl_inspection found = { 0 };
	struct fl_config c = { 0 };
	struct fl_reader *r = fl_config_open(path, &c, &err);

	fuzz_check(r && fl_inspect(r, &c, true, &found, &err) == 0, &err);
	fl_inspection_free(&found);
	fl_reader_close(r);
	fl_config_free(&c);
}

static void
run(const char *path)
{
	static const uint32_t ids[] = { 0, 1, 0, 2 };
	struct fl_err err = { 0 };
	struct fl_model *m = fl_model_open(path, &err);
	struct fl_forward *f;

	fuzz_check(m != NULL, &err);
	if (!m)
		return;
	f = fl_forward_new(m, 2, 8, NULL);
	fuzz_check(fl_forward_append(f, ids, m->config.vocab < 3 ? 1 : 4, &err) == 0, &err);
	fl_forward_last(f);
	fl_forward_free(f);
	fl_model_free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str tar = { 0 };
	char path[FUZZ_PATH];
	int fd;

	fl_log_init("fuzz", -1);
	make_tar(&tar, data, size);
	inspect(fuzz_open(tar.data, tar.len, false, &fd, path));
	run(path);
	close(fd);
	fl_str_free(&tar);
	return 0;
}
