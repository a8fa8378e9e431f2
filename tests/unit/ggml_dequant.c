/* SPDX-License-Identifier: Apache-2.0 */
/* ggml_dequant.c -- holds what blocks of every type stand for against the package gguf. */
#include "compute/ggml_dequant.h"

#include "base/str.h"
#include "test.h"

static const struct {
	const char *name;
	fl_ggml_dequant *f;
} types[] = {
	{ "Q4_0", fl_ggml_dequant_q4_0 },	{ "Q4_1", fl_ggml_dequant_q4_1 }, { "Q5_0", fl_ggml_dequant_q5_0 },
	{ "Q5_1", fl_ggml_dequant_q5_1 },	{ "Q8_0", fl_ggml_dequant_q8_0 }, { "Q2_K", fl_ggml_dequant_q2_k },
	{ "Q3_K", fl_ggml_dequant_q3_k },	{ "Q4_K", fl_ggml_dequant_q4_k }, { "Q5_K", fl_ggml_dequant_q5_k },
	{ "Q6_K", fl_ggml_dequant_q6_k },	{ "IQ4_NL", fl_ggml_dequant_iq4_nl },
	{ "IQ4_XS", fl_ggml_dequant_iq4_xs },
};
enum { TYPES = sizeof types / sizeof *types };

static fl_ggml_dequant *
find(const char *name)
{
	for (size_t i = 0; i < TYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].f;
	return NULL;
}

/* Bytes from hexadecimal; how many. */
static size_t
unhex(const char *text, unsigned char *out)
{
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++) {
		char byte[3] = { text[2 * i], text[2 * i + 1], '\0' };

		out[i] = (unsigned char)strtoul(byte, NULL, 16);
	}
	return n;
}

/* See tests/interop/gguf_blocks.py. */
static void
every_type_gives_the_bits_that_the_package_gguf_gives(void)
{
	struct fl_err err = { 0 };
	size_t len;
	char *text = fl_slurp("tests/data/gguf/blocks.txt", 1 << 20, &len, &err), *save;
	static unsigned char blocks[512], want[4096], got[4096];
	int n = 0;

	if (!CHECK_OK(text ? 0 : -1, &err))
		return;
	for (char *name = strtok_r(text, " \n", &save); name; name = strtok_r(NULL, " \n", &save), n++) {
		size_t size;

		unhex(strtok_r(NULL, " \n", &save), blocks + 1);
		size = unhex(strtok_r(NULL, " \n", &save), want);
		find(name)((float *)got, blocks + 1, size / sizeof(float));
		if (!CHECK(memcmp(got, want, size) == 0))
			printf("# %s\n", name);
	}
	CHECK(n == TYPES);
	free(text);
}

int
main(void)
{
	TEST(every_type_gives_the_bits_that_the_package_gguf_gives);
	return test_done();
}
