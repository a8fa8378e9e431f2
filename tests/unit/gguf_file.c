/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_file.c -- tests which GGUF files are read and which are refused. */
#include "export/gguf_file.h"

#include <unistd.h>

#include "base/str.h"
#include "test.h"

static char dir[] = "/tmp/fl-gguf-XXXXXX";

/* A file in pieces: numbers little-endian, strings with their lengths. */

static void
u32(struct fl_str *s, uint32_t v)
{
	fl_str_add(s, &v, sizeof v);
}

static void
u64(struct fl_str *s, uint64_t v)
{
	fl_str_add(s, &v, sizeof v);
}

static void
str(struct fl_str *s, const char *text)
{
	u64(s, strlen(text));
	fl_str_puts(s, text);
}

static void
head(struct fl_str *s, uint32_t version, uint64_t tensors, uint64_t keys)
{
	fl_str_puts(s, "GGUF");
	u32(s, version);
	u64(s, tensors);
	u64(s, keys);
}

static void
key(struct fl_str *s, const char *name, uint32_t type)
{
	str(s, name);
	u32(s, type);
}

static void
key_u32(struct fl_str *s, const char *name, uint32_t v)
{
	key(s, name, FL_GGUF_U32);
	u32(s, v);
}

static void
info(struct fl_str *s, const char *name, uint64_t cols, uint64_t rows, uint32_t type, uint64_t offset)
{
	str(s, name);
	u32(s, 2);
	u64(s, cols);
	u64(s, rows);
	u32(s, type);
	u64(s, offset);
}

static void
data(struct fl_str *s, size_t n)
{
	while (s->len % 32)
		fl_str_putc(s, 0);
	for (size_t i = 0; i < n; i++)
		fl_str_putc(s, (char)i);
}

static const char *
save(const char *name, struct fl_str *s)
{
	const char *path = test_path(dir, name);
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(s->data, 1, s->len, f) != s->len || fclose(f) != 0)
		abort();
	fl_str_free(s);
	return path;
}

static struct fl_gguf_file *
open_it(struct fl_str *s, struct fl_err *err)
{
	return fl_gguf_file_open(save("x.gguf", s), false, err);
}

static void
refused(struct fl_str *s, const char *why)
{
	struct fl_err err = { 0 };
	struct fl_gguf_file *g = open_it(s, &err);

	CHECK(!g && err.code == FL_EXIT_DATA && strstr(err.text, "x.gguf"));
	if (!CHECK(strstr(err.text, why) != NULL))
		printf("# not '%s' but '%s'\n", why, err.text);
	fl_gguf_file_close(g);
}

static void
good(struct fl_str *s, uint32_t version)
{
	head(s, version, 2, 8);
	key_u32(s, "a.count", 7);
	key(s, "eps", FL_GGUF_F32);
	fl_str_add(s, &(float){ 1e-5f }, 4);
	key(s, "on", FL_GGUF_BOOL);
	fl_str_putc(s, 1);
	key(s, "name", FL_GGUF_STR);
	str(s, "words");
	key(s, "list", FL_GGUF_ARRAY);
	u32(s, FL_GGUF_STR);
	u64(s, 2);
	str(s, "one");
	str(s, "");
	key(s, "numbers", FL_GGUF_ARRAY);
	u32(s, FL_GGUF_I32);
	u64(s, 2);
	u32(s, 5);
	u32(s, (uint32_t)-3);
	key(s, "big", FL_GGUF_U64);
	u64(s, UINT64_MAX);
	key(s, "half", FL_GGUF_F64);
	fl_str_add(s, &(double){ 0.5 }, 8);
	info(s, "m", 32, 3, FL_GGML_Q4_0, 0);
	info(s, "b", 4, 1, FL_GGML_F32, 64);
	data(s, 64 + 16); /* without padding behind the last */
}

static void
keys_and_tensors_are_found_by_name(void)
{
	for (uint32_t version = 2; version <= 3; version++) {
		struct fl_str s = { 0 };
		struct fl_err err = { 0 };
		struct fl_gguf_file *g;
		const char *text;
		size_t len;

		good(&s, version);
		if (!CHECK((g = open_it(&s, &err)) != NULL))
			continue;
		CHECK(fl_gguf_keys_int(g->keys, "a.count", -1) == 7 && fl_gguf_keys_int(g->keys, "on", -1) == 1);
		CHECK(fl_gguf_keys_real(g->keys, "eps", 0) == 1e-5 && fl_gguf_keys_int(g->keys, "eps", -1) == -1);
		CHECK(fl_gguf_keys_int(g->keys, "half", -1) == -1 && fl_gguf_keys_real(g->keys, "half", 0) == 0.5);
		CHECK(fl_gguf_keys_int(g->keys, "big", -1) == -1 && fl_gguf_keys_int(g->keys, "list", -2) == -2);
		CHECK(fl_gguf_keys_int(g->keys, "absent", -3) == -3 && !fl_gguf_keys_has(g->keys, "absent"));
		CHECK((text = fl_gguf_keys_str(g->keys, "name", &len)) && len == 5 && memcmp(text, "words", 5) == 0);
		CHECK(!fl_gguf_keys_str(g->keys, "a.count", &len) && !fl_gguf_keys_str(g->keys, "list", &len));
		CHECK(fl_gguf_keys_strings(g->keys, "list") == 2 && fl_gguf_keys_strings(g->keys, "name") == 0);
		CHECK((text = fl_gguf_keys_string(g->keys, "list", 0, &len)) && len == 3 && memcmp(text, "one", 3) == 0);
		CHECK(fl_gguf_keys_string(g->keys, "list", 1, &len) && len == 0);
		CHECK(fl_gguf_keys_numbers(g->keys, "numbers") == 2 && fl_gguf_keys_number(g->keys, "numbers", 1) == -3);
		CHECK(g->tensors == 2 && strcmp(g->tensor[0].name, "b") == 0);
		CHECK(!fl_gguf_file_tensor(g, "c"));
		CHECK(memcmp(fl_gguf_file_tensor(g, "m")->data, "\0\1\2", 3) == 0);
		CHECK(*(const unsigned char *)fl_gguf_file_tensor(g, "b")->data == 64);
		CHECK(fl_gguf_file_tensor(g, "m")->rows == 3 && fl_gguf_file_tensor(g, "m")->cols == 32);
		fl_gguf_file_close(g);
	}
}

static void
a_file_cut_at_any_byte_is_refused(void)
{
	struct fl_str whole = { 0 };

	good(&whole, 3);
	for (size_t n = 1; n < whole.len; n++) {
		struct fl_str s = { 0 };

		fl_str_add(&s, whole.data, n);
		refused(&s, n < 4 ? "the file ends" : "");
	}
	fl_str_free(&whole);
}

static void
other_versions_and_byte_orders_are_refused(void)
{
	static const struct {
		uint32_t version;
		const char *why;
	} cases[] = { { 0, "version 0" }, { 1, "version 1" }, { 4, "version 4" }, { 0x03000000, "big-endian" } };
	struct fl_str s = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		head(&s, cases[i].version, 0, 0);
		refused(&s, cases[i].why);
	}
	fl_str_puts(&s, "GGML and more than a header's bytes");
	refused(&s, "no GGUF file");
}

static void
bad_keys_are_refused(void)
{
	struct fl_str s = { 0 };

	head(&s, 3, 0, UINT64_MAX);
	refused(&s, "keys are more than");
	head(&s, 3, 0, 1);
	key_u32(&s, "", 1);
	refused(&s, "the name of a key");
	head(&s, 3, 0, 2);
	key_u32(&s, "x", 1);
	key_u32(&s, "x", 2);
	refused(&s, "'x' stands there twice");
	head(&s, 3, 0, 1);
	key(&s, "x", 13);
	refused(&s, "unknown type 13");
	head(&s, 3, 0, 1);
	key(&s, "x", FL_GGUF_ARRAY);
	u32(&s, FL_GGUF_ARRAY);
	u64(&s, 1);
	refused(&s, "unknown type 9");
	for (uint32_t type = FL_GGUF_I32; type <= FL_GGUF_STR; type += FL_GGUF_STR - FL_GGUF_I32) {
		head(&s, 3, 0, 1);
		key(&s, "x", FL_GGUF_ARRAY);
		u32(&s, type);
		u64(&s, (uint64_t)1 << 62);
		refused(&s, "more items than the file has bytes");
	}
	head(&s, 3, 0, 1);
	key(&s, "x", FL_GGUF_STR);
	u64(&s, UINT64_MAX - 7);
	refused(&s, "the file ends");
	for (uint32_t align = 0; align < 100; align += 12) {
		head(&s, 3, 0, 1);
		key_u32(&s, "general.alignment", align);
		refused(&s, "general.alignment");
	}
}

static void
one_tensor(const char *name, uint32_t dims, const uint64_t *size, uint32_t type, uint64_t offset, const char *why)
{
	struct fl_str s = { 0 };

	head(&s, 3, 1, 0);
	str(&s, name);
	u32(&s, dims);
	for (uint32_t i = 0; i < dims && i < 5; i++)
		u64(&s, size[i]);
	u32(&s, type);
	u64(&s, offset);
	data(&s, 256);
	refused(&s, why);
}

static void
bad_tensors_are_refused(void)
{
	static const uint64_t small[] = { 32, 1, 1, 1, 1 }, wraps[] = { (uint64_t)1 << 33, (uint64_t)1 << 33, 1 },
			      negative[] = { UINT64_MAX, 1 }, odd[] = { 33, 1 }, more[] = { 64, 2 },
			      huge[] = { (uint64_t)1 << 61, 1 }, no_bytes[] = { (uint64_t)1 << 62, 1 };
	char name[65] = { 0 };
	struct fl_str s = { 0 };

	memset(name, 'n', 64);
	one_tensor(name, 1, small, FL_GGML_F32, 0, "the name of a tensor");
	one_tensor("", 1, small, FL_GGML_F32, 0, "the name of a tensor");
	one_tensor("t", 5, small, FL_GGML_F32, 0, "5 dimensions");
	one_tensor("t", UINT32_MAX, small, FL_GGML_F32, 0, "dimensions");
	one_tensor("t", 3, wraps, FL_GGML_F32, 0, "too large");
	one_tensor("t", 2, negative, FL_GGML_F32, 0, "too large");
	one_tensor("t", 2, huge, FL_GGML_F32, 0, "too large");
	one_tensor("t", 2, no_bytes, FL_GGML_F32, 0, "too large"); /* 2^64, or 0 */
	one_tensor("t", 1, small, 4, 0, "type ? (4)");
	one_tensor("t", 1, small, 21, 0, "type IQ3_S (21)");
	one_tensor("t", 1, small, 99, 0, "type ? (99)");
	one_tensor("t", 1, odd, FL_GGML_Q4_0, 0, "no whole blocks of Q4_0");
	one_tensor("t", 1, small, FL_GGML_Q4_K, 0, "no whole blocks of Q4_K");
	one_tensor("t", 1, small, FL_GGML_F32, 32, "does not lie behind");
	one_tensor("t", 2, more, FL_GGML_F32, 0, "the file ends");
	head(&s, 3, 2, 0);
	info(&s, "t", 32, 1, FL_GGML_F32, 0);
	info(&s, "t", 32, 1, FL_GGML_F32, 128);
	data(&s, 256);
	refused(&s, "'t' stands there twice");
	head(&s, 3, 2, 0); /* they overlap */
	info(&s, "t", 32, 1, FL_GGML_F32, 0);
	info(&s, "u", 32, 1, FL_GGML_F32, 64);
	data(&s, 256);
	refused(&s, "'u' does not lie behind");
	head(&s, 3, UINT64_MAX, 0);
	refused(&s, "tensors are more than");
}

/* Part i of n, with the tensor "tI". */
static void
make_part(const char *name, uint32_t i, uint32_t n)
{
	char tensor[] = { 't', (char)('0' + i), '\0' };
	struct fl_str s = { 0 };

	head(&s, 3, 1, 3);
	key_u32(&s, "split.no", i);
	key_u32(&s, "split.count", n);
	key_u32(&s, "part", i);
	info(&s, tensor, 32, 1, FL_GGML_F32, 0);
	data(&s, 128);
	save(name, &s);
}

static void
a_split_model_is_read_as_one(void)
{
	struct fl_err err = { 0 };
	struct fl_gguf_file *g;
	char first[64];

	snprintf(first, sizeof first, "%s/m-00001-of-00003.gguf", dir);
	make_part("m-00001-of-00003.gguf", 0, 3);
	make_part("m-00002-of-00003.gguf", 1, 3);
	CHECK(!fl_gguf_file_open(first, false, &err) && err.code == FL_EXIT_SYSTEM && strstr(err.text, "m-00003-of-00003"));
	make_part("m-00003-of-00003.gguf", 1, 3);
	err = (struct fl_err){ 0 };
	CHECK(!fl_gguf_file_open(first, false, &err) && strstr(err.text, "not part 3"));
	make_part("m-00003-of-00003.gguf", 2, 3);
	err = (struct fl_err){ 0 };
	g = fl_gguf_file_open(first, false, &err);
	if (CHECK_OK(g ? 0 : -1, &err)) {
		CHECK(g->tensors == 3 && fl_gguf_file_tensor(g, "t2") && fl_gguf_keys_int(g->keys, "part", -1) == 0);
		fl_gguf_file_done(g, fl_gguf_file_tensor(g, "t2"));
	}
	fl_gguf_file_close(g);
	CHECK(!fl_gguf_file_open(test_path(dir, "m-00002-of-00003.gguf"), false, &err) && strstr(err.text, "give the first"));
	err = (struct fl_err){ 0 };
	make_part("other.gguf", 0, 3);
	CHECK(!fl_gguf_file_open(test_path(dir, "other.gguf"), false, &err) && strstr(err.text, "-00001-of-00003.gguf"));
}

int
main(void)
{
	char clean[64];

	if (!mkdtemp(dir))
		return 1;
	TEST(keys_and_tensors_are_found_by_name);
	TEST(a_file_cut_at_any_byte_is_refused);
	TEST(other_versions_and_byte_orders_are_refused);
	TEST(bad_keys_are_refused);
	TEST(bad_tensors_are_refused);
	TEST(a_split_model_is_read_as_one);
	snprintf(clean, sizeof clean, "rm -r %s", dir);
	return system(clean) != 0 || test_done();
}
