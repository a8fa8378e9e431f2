/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/blocks.h"

#include "base/dtype.h"
#include "compute/matrix.h"
#include "compute/quant.h"
#include "test.h"

/* quantize() of the PyPI package gguf 0.19.0 on make_weights(). */
static const unsigned char q4_0[] = {
	0x40, 0x2e, 0xe0, 0x46, 0xac, 0xf2, 0x58, 0xbd, 0x13, 0x79, 0xdf, 0x35, 0x8b, 0xe0, 0x46, 0xac,
	0xf2, 0x68, 0x46, 0x86, 0x74, 0x0f, 0xb9, 0x53, 0xfd, 0x97, 0x31, 0xeb, 0x85, 0x2f, 0xca, 0x64,
	0x0e, 0xa8, 0x42, 0xfd, 0x00, 0x80, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88,
	0x88, 0x88, 0x88, 0x88, 0x88, 0x88,
};
static const unsigned char q8_0[] = {
	0x4d, 0x1e, 0x81, 0xdf, 0x3d, 0x9a, 0xf8, 0x56, 0xb4, 0x12, 0x70, 0xcd, 0x2b, 0x89, 0xe7, 0x45,
	0xa2, 0x00, 0x5e, 0xbb, 0x19, 0x77, 0xd5, 0x33, 0x90, 0xee, 0x4c, 0xaa, 0x08, 0x66, 0xc3, 0x21,
	0x7f, 0xdc, 0x65, 0x00, 0x3c, 0x96, 0xf6, 0x56, 0xb0, 0x10, 0x6f, 0xca, 0x29, 0x84, 0xe3, 0x43,
	0x9e, 0xfd, 0x5d, 0xb7, 0x17, 0x77, 0xd1, 0x31, 0x8b, 0xeb, 0x4b, 0xa5, 0x05, 0x65, 0xbf, 0x1f,
	0x7f, 0xd9, 0x39, 0x93, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

enum { N = 96 };

static void
make_weights(float w[N])
{
	for (int i = 0; i < N; i++)
		w[i] = (float)(i * 37 % 101 - 50) / 64 * (i < 32 ? 1 : i < 64 ? 1e-3f : 0);
}

static void
rounding_is_that_of_the_reference(void)
{
	unsigned char four[sizeof q4_0], eight[sizeof q8_0];
	float w[N];

	make_weights(w);
	/* The third block's zeros keep a sign through w * 0, which must not matter. */
	CHECK(fl_blocks_q4_0(four, w, N) == 0);
	CHECK(memcmp(four, q4_0, sizeof four) == 0);
	CHECK(fl_blocks_q8_0(eight, w, N) == 0);
	CHECK(memcmp(eight, q8_0, sizeof eight) == 0);
}

static float
half(const unsigned char *p)
{
	return fl_f16_to_f32((uint16_t)(p[0] | p[1] << 8));
}

/* Weight i of a row of blocks, by the layout of the header. */
static float
value(const unsigned char *p, int bits, int i)
{
	int j = i % 32;

	p += i / 32 * (bits == 4 ? FL_BLOCK_Q4_0 : FL_BLOCK_Q8_0);
	if (bits == 8)
		return half(p) * (float)(signed char)p[2 + j];
	return half(p) * (float)((p[2 + j % 16] >> (j < 16 ? 0 : 4) & 15) - 8);
}

static void
packed_integers_become_blocks_without_rounding(void)
{
	unsigned char blocks[sizeof q8_0];
	uint32_t packed[N / 4];
	uint16_t scale[N / 32];
	struct fl_matrix m;
	float w[N], back[N];
	int wrong = 0;

	make_weights(w);
	for (int i = 0; i < N; i++)
		w[i] *= 64; /* so that the second block's scale, too, is a half */
	for (int bits = 4; bits <= 8; bits += 4) {
		fl_quant_row(w, N, bits, &(struct fl_quant_how){ 0 }, packed, scale);
		m = (struct fl_matrix){ bits == 4 ? FL_MATRIX_INT4 : FL_MATRIX_INT8, 1, N, packed, scale };
		fl_matrix_rows_f32(&m, 0, 1, back);
		CHECK(fl_blocks_q8_0_packed(blocks, packed, scale, N, bits) == 0);
		for (int i = 0; i < N; i++)
			wrong += value(blocks, 8, i) != back[i];
		if (bits != 4)
			continue;
		CHECK(fl_blocks_q4_0_packed(blocks, packed, scale, N) == 0);
		for (int i = 0; i < N; i++)
			wrong += value(blocks, 4, i) != back[i];
	}
	CHECK(wrong == 0);
}

static int
repack_one(float s, uint32_t words)
{
	uint32_t packed[4] = { words, words, words, words };
	uint16_t scale = fl_f32_to_bf16(s);
	unsigned char block[FL_BLOCK_Q4_0];

	return fl_blocks_q4_0_packed(block, packed, &scale, 32);
}

static void
a_scale_that_is_no_half_is_refused(void)
{
	CHECK(repack_one(65280, 0) == 0);
	CHECK(repack_one(65536, 0) < 0);
	CHECK(repack_one(0x1.fep-17f, 0) == 0);
	CHECK(repack_one(0x1.02p-18f, 0) < 0);
	CHECK(repack_one(0x1p-24f, 0) == 0);
	CHECK(repack_one(0x1p-25f, 0) < 0);
	CHECK(repack_one(INFINITY, 0) < 0);
	CHECK(repack_one(-0.5f, 0) == 0);
}

static void
a_group_of_zeros_needs_no_scale(void)
{
	CHECK(repack_one(0x1p-100f, 0x88888888u) == 0);
}

static void
weights_out_of_range_are_refused(void)
{
	unsigned char blocks[FL_BLOCK_Q8_0];
	float w[32] = { 0 };

	w[7] = 8.4e6f; /* 127 times the largest half, and more */
	CHECK(fl_blocks_q8_0(blocks, w, 32) < 0);
	CHECK(fl_blocks_q4_0(blocks, w, 32) < 0);
	w[7] = NAN;
	w[9] = 1;
	CHECK(fl_blocks_q8_0(blocks, w, 32) < 0);
	CHECK(fl_blocks_q4_0(blocks, w, 32) < 0);
	w[7] = 1e-42f; /* whose inverse is infinite */
	w[9] = 0;
	CHECK(fl_blocks_q8_0(blocks, w, 32) == 0 && value(blocks, 8, 7) == 0);
	CHECK(fl_blocks_q4_0(blocks, w, 32) == 0 && value(blocks, 4, 7) == 0);
}

int
main(void)
{
	TEST(rounding_is_that_of_the_reference);
	TEST(packed_integers_become_blocks_without_rounding);
	TEST(a_scale_that_is_no_half_is_refused);
	TEST(a_group_of_zeros_needs_no_scale);
	TEST(weights_out_of_range_are_refused);
	return test_done();
}
