/* SPDX-License-Identifier: Apache-2.0 */
/* Members of an archive, in any order, under names of every kind: read to a clean end or refused.
 *
 * The first byte says whether it is a file or a pipe, plain or compressed. Then members follow,
 * each ended by a byte 0x1e: the first byte says its name, the rest is what it holds. */
#include "base/alloc.h"
#include "base/log.h"
#include "io/checkpoint.h"
#include "io/zst.h"
#include "drain.h"
#include "fuzz.h"

static const char *const names[] = {
	"config.json",
	"model.safetensors",
	"model-00001-of-00002.safetensors",
	"model-00002-of-00002.safetensors",
	"model.safetensors.index.json",
	"tokenizer.json",
	"README.md",
	"fl-history.jsonl",
	"dir/config.json",
	"dir/model.safetensors",
	"dir/README.md",
	"./config.json",
	"../README.md",
	"/README.md",
	".git/config",
	"pytorch_model.bin",
	"model-00001-of-99999.safetensors",
	"model-00000-of-00002.safetensors",
	"dir//./LICENSE",
	"dir/",
	"model-00001-of-00003.safetensors",
	"weights.safetensors",
};
enum { NAMES = sizeof names / sizeof *names };

static void
add_members(struct fl_tar_writer *w, const uint8_t *p, size_t size)
{
	while (size > 0) {
		const uint8_t *end = memchr(p, 0x1e, size);
		size_t n = end ? (size_t)(end - p) : size;

		if (n > 0)
			fuzz_member(w, names[p[0] % NAMES], p + 1, n - 1);
		n += end != NULL;
		p += n;
		size -= n;
	}
}

static void
compress(struct fl_str *s)
{
	struct fl_str packed = { 0 };
	struct fl_zst *z = fl_zst_new(fuzz_push, &packed);
	struct fl_err err = { 0 };

	if (fl_zst_put(z, s->data, s->len, &err) < 0 || fl_zst_finish(z, &err) < 0)
		abort();
	fl_zst_free(z);
	fl_str_free(s);
	*s = packed;
}

static void
read_checkpoint(const char *path)
{
	struct fl_err err = { 0 };
	struct fl_reader *r = fl_reader_open(path, &err);

	fuzz_check(r && fuzz_drain(r, &err) == 0, &err);
	fl_reader_close(r);
}

static void
read_tokenizer(const char *path)
{
	static const char *const wanted[] = { "tokenizer.json", "config.json" };
	struct fl_str text[2] = { { 0 } };
	struct fl_err err = { 0 };

	fuzz_check(fl_checkpoint_members(path, wanted, 2, text, &err) == 0, &err);
	fl_str_free(&text[0]);
	fl_str_free(&text[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str out = { 0 };
	struct fl_tar_writer *w = fl_tar_writer_open(fuzz_push, &out);
	struct fl_err err = { 0 };
	char path[FUZZ_PATH];
	int how = size ? data[0] : 0, fd;

	fl_log_init("fuzz", -1);
	add_members(w, data + (size > 0), size - (size > 0));
	if (fl_tar_finish(w, &err) < 0)
		abort();
	fl_tar_writer_close(w);
	if (how & 1)
		compress(&out);
	fuzz_open(out.data, out.len, how & 2, &fd, path);
	(how & 4 ? read_tokenizer : read_checkpoint)(path);
	close(fd);
	fl_str_free(&out);
	return 0;
}
