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
config(const char *family, const char *pattern, enum fl_rope_kind rope)
{
	struct fl_config c = { .layers = (int)strlen(pattern), .window = strchr(pattern, 'w') ? 8 : 0, .head_dim = 64 };

	c.family = fl_family_find(family);
	memcpy(c.pattern, pattern, strlen(pattern));
	c.rope = (struct fl_rope){ .kind = rope, .theta = 10000, .factor = 4, .original = 4096, .beta_fast = 32,
		.beta_slow = 1, .truncate = true, .attention = 1 };
	return c;
}

/* The architecture chosen is arch, or none if that is NULL, with the same answer before anything is read. */
static void
chooses(const struct fl_config *c, const char *arch)
{
	struct fl_err err = { 0 };
	const struct fl_gguf_form *f = fl_gguf_form_choose(c, &err);

	CHECK_STR(f ? f->arch : "", arch ? arch : "");
	CHECK(f || err.code == FL_EXIT_NO);
	CHECK((fl_export_check("gguf", c, &(struct fl_export_opts){ 0 }, &err) == 0) == (f != NULL));
}

/* The table of reference section 5.2: which architecture computes the same. */
static void
each_hybrid_has_its_architecture(void)
{
	static const struct {
		const char *family, *pattern;
		enum fl_rope_kind rope;
		const char *arch; /* NULL: none */
	} cases[] = {
		{ "llama", "ff", FL_ROPE_PLAIN, "llama" }, { "llama", "ff", FL_ROPE_LLAMA3, "llama" },
		{ "llama", "sf", FL_ROPE_PLAIN, "deci" }, { "llama", "fs", FL_ROPE_LLAMA3, "deci" },
		{ "llama", "fw", FL_ROPE_PLAIN, "step35" }, { "llama", "sw", FL_ROPE_PLAIN, "step35" },
		{ "llama", "fw", FL_ROPE_LLAMA3, "granite_swa" }, { "llama", "sw", FL_ROPE_LLAMA3, "granite_swa" },
		{ "qwen3", "ff", FL_ROPE_PLAIN, "qwen3" }, { "qwen3", "fs", FL_ROPE_PLAIN, "step35" },
		{ "qwen3", "ww", FL_ROPE_PLAIN, "step35" }, { "qwen3", "ff", FL_ROPE_LLAMA3, NULL },
		{ "qwen3", "fw", FL_ROPE_LLAMA3, NULL },
		{ "llama", "ff", FL_ROPE_LINEAR, "llama" }, { "llama", "sf", FL_ROPE_YARN, "deci" },
		{ "llama", "fw", FL_ROPE_YARN, "granite_swa" }, { "qwen3", "ff", FL_ROPE_YARN, "qwen3" },
		{ "qwen3", "fs", FL_ROPE_LINEAR, "step35" }, { "qwen3", "fw", FL_ROPE_YARN, NULL },
		{ "llama", "ff", FL_ROPE_DYNAMIC, NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fl_config c = config(cases[i].family, cases[i].pattern, cases[i].rope);

		chooses(&c, cases[i].arch);
	}
}

static void
yarn_with_numbers_that_llama_cpp_does_not_read_is_refused(void)
{
	struct fl_config c = config("llama", "ff", FL_ROPE_YARN), fast = c, slow = c, whole = c, tiny = c;

	fast.rope.beta_fast = 16;
	slow.rope.beta_slow = 2;
	whole.rope.truncate = false;
	tiny.rope.original = 1; /* turns less than once: the last dimension that blends is before the first */
	chooses(&c, "llama");
	chooses(&fast, NULL);
	chooses(&slow, NULL);
	chooses(&whole, NULL);
	chooses(&tiny, NULL);
}

int
main(void)
{
	TEST(the_container_is_laid_out_as_described);
	TEST(each_hybrid_has_its_architecture);
	TEST(yarn_with_numbers_that_llama_cpp_does_not_read_is_refused);
	return test_done();
}
