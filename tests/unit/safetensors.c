/* SPDX-License-Identifier: Apache-2.0 */
#include "io/safetensors.h"

#include <unistd.h>

#include "test.h"

/* A header as the format's own documentation shows it. */
static const char good[] = "{\"__metadata__\":{\"format\":\"pt\"},"
			   "\"b\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[6,22]},"
			   "\"a\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[0,6]}}   ";

static void
tensors_come_in_the_order_of_their_data(void)
{
	struct fl_err err = { 0 };
	struct fl_safetensors *s = fl_safetensors_parse(good, strlen(good), "x", &err);

	CHECK_STR(err.text, "");
	CHECK(s->n == 2 && s->data_size == 22);
	CHECK_STR(s->tensor[0].name, "a");
	CHECK(s->tensor[0].dtype == FL_BF16 && s->tensor[0].size == 6);
	CHECK_STR(s->tensor[1].name, "b");
	CHECK(s->offset[1] == 6 && s->tensor[1].ndim == 2);
	CHECK_STR(fl_json_str(fl_json_get(s->metadata, "format")), "pt");
	CHECK(fl_safetensors_find(s, "b", NULL) == &s->tensor[1]);
	CHECK(!fl_safetensors_find(s, "c", NULL));
	fl_safetensors_free(s);
}

/* The part of a tensor's description that follows its dtype, and what is said about it. */
static void
refuses(const char *header, const char *message)
{
	struct fl_err err = { 0 };
	struct fl_safetensors *s = fl_safetensors_parse(header, strlen(header), "x", &err);

	CHECK(!s);
	CHECK(err.code == FL_EXIT_DATA);
	CHECK_STR(err.text, message);
	fl_safetensors_free(s);
}

static void
what_does_not_add_up_is_refused_by_name(void)
{
#define T(dtype, shape, offsets)                                                                   \
	"{\"w\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
	refuses("", "'x' is not a safetensors file");
	refuses("[]", "'x' is not a safetensors file");
	refuses(T("F8_E4M3", "[2]", "[0,2]"), "'x': tensor 'w' has unsupported dtype 'F8_E4M3'");
	refuses(T("F32", "[-1]", "[0,4]"), "'x': tensor 'w' has an unsupported shape");
	refuses(T("F32", "[1.5]", "[0,4]"), "'x': tensor 'w' has an unsupported shape");
	refuses(T("F32", "[1,1,1,1,1]", "[0,4]"), "'x': tensor 'w' has an unsupported shape");
	refuses(T("F32", "[4611686018427387904,4]", "[0,0]"), "'x': tensor 'w' has an unsupported shape");
	refuses(T("F32", "[2]", "[0,4]"), "'x': tensor 'w' has 4 bytes of data, its shape needs 8");
	refuses(T("F32", "[2]", "[8,0]"), "'x': tensor 'w' has bad data_offsets");
	refuses(T("F32", "[2]", "[-8,0]"), "'x': tensor 'w' has bad data_offsets");
	refuses(T("F32", "[2]", "[0]"), "'x': tensor 'w' has bad data_offsets");
	refuses(T("F32", "[2]", "[4,12]"), "'x': tensor 'w' begins at 4, not at 0");
	refuses("{\"w\":3}", "'x': tensor 'w' has no dtype");
	refuses("{\"\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}",
	    "'x': a tensor has no name");
	refuses("{\"__metadata__\":{\"n\":1}}", "'x': 'n' in __metadata__ is not a string");
	refuses("{\"__metadata__\":[]}", "'x': __metadata__ is not an object");
#undef T
}

static void
gaps_overlaps_duplicates_and_nuls_are_refused(void)
{
	static const char *const bad[] = {
		"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
		"\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[3,7]}}",
		"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
		"\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[5,9]}}",
		"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
		"\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
		"{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fl_err err = { 0 };
		struct fl_safetensors *s = fl_safetensors_parse(bad[i], strlen(bad[i]), "x", &err);

		CHECK(!s && err.code == FL_EXIT_DATA);
		fl_safetensors_free(s);
	}
}

static void
empty_tensors_and_scalars_have_a_place(void)
{
	static const char text[] = "{\"w\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
				   "\"none\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[0,0]},"
				   "\"one\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[2,3]}}";
	struct fl_err err = { 0 };
	struct fl_safetensors *s = fl_safetensors_parse(text, strlen(text), "x", &err);

	CHECK_STR(err.text, "");
	CHECK(s && s->n == 3 && s->data_size == 3 && s->tensor[2].ndim == 0);
	fl_safetensors_free(s);
}

/* Writes the first n bytes of a file with two tensors; returns its whole size. */
static size_t
write_file(const char *path, size_t n)
{
	uint64_t shape[2] = { 3, 1 };
	struct fl_tensor t[2];
	struct fl_str out = { 0 };
	FILE *f = fopen(path, "wb");
	size_t size;

	fl_tensor_init(&t[0], "first", FL_F32, 2, shape);
	fl_tensor_init(&t[1], "second", FL_I64, 0, NULL);
	fl_safetensors_header(&out, t, 2, NULL);
	CHECK(out.len % 8 == 0);
	fl_str_add(&out, "abcdefghijklABCDEFGH", 20);
	size = out.len;
	fwrite(out.data, 1, n < size ? n : size, f);
	if (n > size)
		fputc(0, f);
	fclose(f);
	fl_str_free(&out);
	return size;
}

static void
what_is_written_reads_back_and_a_cut_anywhere_is_seen(void)
{
	char path[] = "/tmp/fl-safetensors-XXXXXX";
	size_t size = (close(mkstemp(path)), write_file(path, SIZE_MAX - 1));
	struct fl_safetensors *s;
	const void *data;

	for (size_t n = 0; n <= size + 1; n++) {
		struct fl_err err = { 0 };

		write_file(path, n);
		s = fl_safetensors_open(path, &err);
		CHECK(n == size ? s != NULL : !s && err.code == FL_EXIT_DATA);
		if (s) {
			CHECK(fl_safetensors_find(s, "second", &data)->dtype == FL_I64);
			CHECK(memcmp(data, "ABCDEFGH", 8) == 0);
		}
		fl_safetensors_free(s);
	}
	unlink(path);
}

int
main(void)
{
	TEST(tensors_come_in_the_order_of_their_data);
	TEST(what_does_not_add_up_is_refused_by_name);
	TEST(gaps_overlaps_duplicates_and_nuls_are_refused);
	TEST(empty_tensors_and_scalars_have_a_place);
	TEST(what_is_written_reads_back_and_a_cut_anywhere_is_seen);
	return test_done();
}
