/* SPDX-License-Identifier: Apache-2.0 */
#include "export/gguf.h"

#include <unistd.h>

#include "base/str.h"
#include "export/export.h"
#include "export/gguf_impl.h"
#include "test.h"

/* Everything the container can hold, byte by byte as ggml's gguf.h describes it. */
static const char expected[] =
	"GGUF" "\3\0\0\0" "\2\0\0\0\0\0\0\0" "\7\0\0\0\0\0\0\0"
	"\24\0\0\0\0\0\0\0" "general.architecture" "\10\0\0\0" "\1\0\0\0\0\0\0\0" "x"
	"\3\0\0\0\0\0\0\0" "x.a" "\4\0\0\0" "\2\1\0\0"
	"\1\0\0\0\0\0\0\0" "b" "\6\0\0\0" "\0\0\200\77"
	"\1\0\0\0\0\0\0\0" "c" "\7\0\0\0" "\1"
	"\1\0\0\0\0\0\0\0" "d" "\11\0\0\0" "\5\0\0\0" "\2\0\0\0\0\0\0\0" "\377\377\377\377" "\6\0\0\0"
	"\1\0\0\0\0\0\0\0" "e" "\11\0\0\0" "\10\0\0\0" "\1\0\0\0\0\0\0\0" "\2\0\0\0\0\0\0\0" "yz"
	"\1\0\0\0\0\0\0\0" "f" "\11\0\0\0" "\7\0\0\0" "\0\0\0\0\0\0\0\0"
	"\1\0\0\0\0\0\0\0" "v" "\1\0\0\0" "\3\0\0\0\0\0\0\0" "\0\0\0\0" "\0\0\0\0\0\0\0\0"
	"\1\0\0\0\0\0\0\0" "m" "\2\0\0\0" "\40\0\0\0\0\0\0\0" "\2\0\0\0\0\0\0\0" "\2\0\0\0"
	"\40\0\0\0\0\0\0\0";

static void
the_container_is_laid_out_as_described(void)
{
	static const float v[3] = { 1, 2, 3 };
	static const char m[36] = "36 bytes are two blocks of 32 nibble";
	char path[] = "/tmp/fl-gguf-XXXXXX", *got;
	int fd = mkstemp(path);
	struct fl_err err = { 0 };
	struct fl_gguf *g = fl_gguf_new("x");
	struct fl_output *out = fl_output_open(path, &err);
	size_t head = sizeof expected - 1, start = (head + 31) / 32 * 32, len = 0;

	fl_gguf_u32(g, ".a", 258);
	fl_gguf_f32(g, "b", 1);
	fl_gguf_bool(g, "c", true);
	fl_gguf_array(g, "d", FL_GGUF_I32, 2);
	fl_gguf_item_u32(g, (uint32_t)-1);
	fl_gguf_item_u32(g, 6);
	fl_gguf_array(g, "e", FL_GGUF_STR, 1);
	fl_gguf_item_str(g, "yz", 2);
	fl_gguf_array(g, "f", FL_GGUF_BOOL, 0);
	fl_gguf_tensor(g, "v", FL_GGML_F32, 3, 0);
	fl_gguf_tensor(g, "m", FL_GGML_Q4_0, 32, 2);
	CHECK(out && fl_gguf_begin(g, out, &err) == 0);
	CHECK(fl_gguf_put(g, v, 5, &err) == 0 && fl_gguf_put(g, (const char *)v + 5, 7, &err) == 0);
	CHECK(!fl_gguf_complete(g) && fl_gguf_put(g, m, 36, &err) == 0 && fl_gguf_complete(g));
	CHECK_OK(fl_output_commit(out, &err), &err);
	fl_gguf_free(g);

	got = fl_slurp(path, 4096, &len, &err);
	if (CHECK(got && len == start + 32 + 64)) {
		CHECK(memcmp(got, expected, head) == 0);
		CHECK(memcmp(got + start, v, sizeof v) == 0 && memcmp(got + start + 32, m, 36) == 0);
		CHECK(got[len - 1] == 0);
	}
	free(got);
	close(fd);
	unlink(path);
}

static struct fl_config
config(const char *family, const char *pattern, bool scaled)
{
	struct fl_config c = { .layers = (int)strlen(pattern), .window = strchr(pattern, 'w') ? 8 : 0 };

	c.family = fl_family_find(family);
	memcpy(c.pattern, pattern, strlen(pattern));
	c.rope.kind = scaled ? FL_ROPE_LLAMA3 : FL_ROPE_PLAIN;
	return c;
}

/* The table of reference section 5.2: which architecture computes the same. */
static void
each_hybrid_has_its_architecture(void)
{
	static const struct {
		const char *family, *pattern;
		bool scaled;
		const char *arch; /* NULL: none */
	} cases[] = {
		{ "llama", "ff", false, "llama" }, { "llama", "ff", true, "llama" },
		{ "llama", "sf", false, "deci" }, { "llama", "fs", true, "deci" },
		{ "llama", "fw", false, "step35" }, { "llama", "sw", false, "step35" },
		{ "llama", "fw", true, "granite_swa" }, { "llama", "sw", true, "granite_swa" },
		{ "qwen3", "ff", false, "qwen3" }, { "qwen3", "fs", false, "step35" },
		{ "qwen3", "ww", false, "step35" }, { "qwen3", "ff", true, NULL },
		{ "qwen3", "fw", true, NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fl_config c = config(cases[i].family, cases[i].pattern, cases[i].scaled);
		struct fl_err err = { 0 };
		const struct fl_gguf_form *f = fl_gguf_form_choose(&c, &err);

		if (cases[i].arch) {
			CHECK_STR(f ? f->arch : NULL, cases[i].arch);
			CHECK(fl_export_check("gguf", &c, &(struct fl_export_opts){ 0 }, &err) == 0);
		} else {
			CHECK(!f && err.code == FL_EXIT_NO);
			CHECK(fl_export_check("gguf", &c, &(struct fl_export_opts){ 0 }, &err) < 0);
		}
	}
}

int
main(void)
{
	TEST(the_container_is_laid_out_as_described);
	TEST(each_hybrid_has_its_architecture);
	return test_done();
}
