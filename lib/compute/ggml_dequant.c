/* SPDX-License-Identifier: Apache-2.0 */
/* ggml_dequant.c -- computes the weights that blocks stand for. The bytes of a block are, where d and m are halves, q
 * is one weight's number, and sc and mn are those of a sub-block:
 *
 *     Q4_0     d, nibbles[16]                                            d (q - 8)
 *     Q4_1     d, m, nibbles[16]                                         d q + m
 *     Q5_0     d, fifth bits[4], nibbles[16]                             d (q - 16)
 *     Q5_1     d, m, fifth bits[4], nibbles[16]                          d q + m
 *     Q8_0     d, signed bytes[32]                                       d q
 *     IQ4_NL   d, nibbles[16]                                            d T[q]
 *     Q2_K     sc and mn[16], crumbs[64], d, m                           d sc q - m mn
 *     Q3_K     third bits[32], crumbs[64], sc[12], d                     d sc (q - 4)
 *     Q4_K     d, m, sc and mn[12], nibbles[128]                         d sc q - m mn
 *     Q5_K     d, m, sc and mn[12], fifth bits[32], nibbles[128]         d sc q - m mn
 *     Q6_K     nibbles[128], upper bits[64], sc[16], d                   d sc (q - 32)
 *     IQ4_XS   d, upper bits of sc[2], their nibbles[4], nibbles[128]    d sc T[q]
 *
 * Of 16 bytes of nibbles the low ones come first, then the high ones. */
#include "compute/ggml_dequant.h"

#include <stdint.h>
#include <string.h>

#include "base/dtype.h"

static const int8_t table[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

static float
half(const uint8_t *p)
{
	uint16_t h;

	memcpy(&h, p, sizeof h);
	return fl_f16_to_f32(h);
}

/* Returns element i of the 2 * n nibbles of n bytes. */
static int
nibble(const uint8_t *p, int i, int n)
{
	return i < n ? p[i] & 15 : p[i - n] >> 4;
}

static int
bit(const uint8_t *p, int i)
{
	return p[i / 8] >> i % 8 & 1;
}

void
fl_ggml_dequant_q4_0(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 32, p += 18) {
		float d = half(p);

		for (int i = 0; i < 32; i++)
			*dst++ = d * (float)(nibble(p + 2, i, 16) - 8);
	}
}

void
fl_ggml_dequant_q4_1(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 32, p += 20) {
		float d = half(p), m = half(p + 2);

		for (int i = 0; i < 32; i++)
			*dst++ = d * (float)nibble(p + 4, i, 16) + m;
	}
}

void
fl_ggml_dequant_q5_0(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 32, p += 22) {
		float d = half(p);

		for (int i = 0; i < 32; i++)
			*dst++ = d * (float)((nibble(p + 6, i, 16) | bit(p + 2, i) << 4) - 16);
	}
}

void
fl_ggml_dequant_q5_1(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 32, p += 24) {
		float d = half(p), m = half(p + 2);

		for (int i = 0; i < 32; i++)
			*dst++ = d * (float)(nibble(p + 8, i, 16) | bit(p + 4, i) << 4) + m;
	}
}

void
fl_ggml_dequant_q8_0(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 32, p += 34) {
		float d = half(p);

		for (int i = 0; i < 32; i++)
			*dst++ = d * (float)(int8_t)p[2 + i];
	}
}

void
fl_ggml_dequant_iq4_nl(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 32, p += 18) {
		float d = half(p);

		for (int i = 0; i < 32; i++)
			*dst++ = d * (float)table[nibble(p + 2, i, 16)];
	}
}

/* Returns element i of 64 bytes of two-bit numbers: each half of 32 bytes has its lowest bits first. */
static int
crumb(const uint8_t *p, int i)
{
	return p[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

void
fl_ggml_dequant_q2_k(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 256, p += 84) {
		float d = half(p + 80), m = half(p + 82);

		for (int j = 0; j < 16; j++) {
			float sc = d * (float)(p[j] & 15), mn = m * (float)(p[j] >> 4);

			for (int i = 16 * j; i < 16 * j + 16; i++)
				*dst++ = sc * (float)crumb(p + 16, i) - mn;
		}
	}
}

/* Returns the six-bit scale of sub-block j of 16 in Q3_K. */
static int
scale3(const uint8_t *s, int j)
{
	int low = j < 8 ? s[j] & 15 : s[j - 8] >> 4;

	return (low | (s[8 + j % 4] >> j / 4 * 2 & 3) << 4) - 32;
}

void
fl_ggml_dequant_q3_k(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 256, p += 110) {
		float d = half(p + 108);

		for (int j = 0; j < 16; j++) {
			float sc = d * (float)scale3(p + 96, j);

			for (int i = 16 * j; i < 16 * j + 16; i++)
				*dst++ = sc * (float)(crumb(p + 32, i) - (p[i % 32] >> i / 32 & 1 ? 0 : 4));
		}
	}
}

/* Finds the six-bit scale and minimum of sub-block j of 8 in Q4_K and Q5_K. */
static void
scale_min(const uint8_t *s, int j, int *sc, int *mn)
{
	if (j < 4) {
		*sc = s[j] & 63;
		*mn = s[j + 4] & 63;
	} else {
		*sc = (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
		*mn = s[j + 4] >> 4 | s[j] >> 6 << 4;
	}
}

/* Q4_K and Q5_K have nibbles[128] at p, and Q5_K a fifth bit of each in fifth[32], which is NULL for Q4_K. */
static void
dequant_k(float *dst, const uint8_t *head, const uint8_t *fifth, const uint8_t *p)
{
	float d = half(head), m = half(head + 2);

	for (int j = 0; j < 8; j++) {
		int a, b;
		float sc, mn;

		scale_min(head + 4, j, &a, &b);
		sc = d * (float)a;
		mn = m * (float)b;
		for (int i = 0; i < 32; i++) {
			int q = p[j / 2 * 32 + i] >> j % 2 * 4 & 15;

			*dst++ = sc * (float)(fifth ? q | (fifth[i] >> j & 1) << 4 : q) - mn;
		}
	}
}

void
fl_ggml_dequant_q4_k(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 256, p += 144, dst += 256)
		dequant_k(dst, p, NULL, p + 16);
}

void
fl_ggml_dequant_q5_k(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 256, p += 176, dst += 256)
		dequant_k(dst, p, p + 16, p + 48);
}

void
fl_ggml_dequant_q6_k(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 256, p += 210) {
		float d = half(p + 208);

		for (int i = 0; i < 256; i++) {
			int in = i % 128, low = nibble(p + i / 128 * 64, in, 64);
			int high = p[128 + i / 128 * 32 + in % 32] >> in / 32 * 2 & 3;

			*dst++ = d * (float)(int8_t)p[192 + i / 16] * (float)((low | high << 4) - 32);
		}
	}
}

void
fl_ggml_dequant_iq4_xs(float *dst, const void *src, size_t n)
{
	for (const uint8_t *p = src; n > 0; n -= 256, p += 136) {
		float d = half(p);

		for (int j = 0; j < 8; j++) {
			int low = p[4 + j / 2] >> j % 2 * 4 & 15, high = (p[2] | p[3] << 8) >> 2 * j & 3;
			float sc = d * (float)((low | high << 4) - 32);

			for (int i = 0; i < 32; i++)
				*dst++ = sc * (float)table[nibble(p + 8 + 16 * j, i, 16)];
		}
	}
}
