/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/peak.h"

#include "compute/vec.h"

const struct fl_peak *const fl_peaks[] = {
	&fl_peak_portable,
#ifdef __x86_64__
	&fl_peak_avx2,
	&fl_peak_avx512,
	&fl_peak_avx512vnni,
#endif
#ifdef __aarch64__
	&fl_peak_dotprod,
	&fl_peak_i8mm,
#endif
	NULL,
};

const struct fl_peak *
fl_peak_best(void)
{
	const struct fl_peak *best = fl_peaks[0];

	for (size_t i = 0; fl_peaks[i]; i++)
		if (fl_isa_has(fl_peaks[i]->isa))
			best = fl_peaks[i];
	return best;
}

/* --- plain C: dot products of what is in the first-level cache --- */

enum { CHAINS = 4 };

static uint64_t
int8(size_t turns, const int8_t *one)
{
	int32_t sum[64] = { 0 };
	uint64_t all = 0;

	for (size_t t = 0; t < turns; t++)
		for (size_t i = 0; i < 64; i++)
			sum[i] += one[i] * one[(i + t) % 64];
	for (size_t i = 0; i < 64; i++)
		all += (uint64_t)sum[i];
	return all;
}

static uint64_t
f32(size_t turns, const float *one)
{
	fl_vec sum[CHAINS] = { 0 }, x;
	double all = 0;

	fl_vec_load(&x, one);
	for (size_t t = 0; t < turns; t++)
		for (size_t i = 0; i < CHAINS; i++)
			sum[i] += x * one[(t + i) % FL_LANES];
	for (size_t i = 0; i < CHAINS; i++)
		all += fl_vec_sum(&sum[i]);
	return (uint64_t)all;
}

const struct fl_peak fl_peak_portable = { .name = "portable", .isa = FL_ISA_ANY, .int8 = int8, .f32 = f32 };

/* --- reading --- */

enum { AHEAD = 2048 /* bytes */ };

FL_CLONES static uint32_t
read_all(const uint32_t *x, size_t n)
{
	fl_ivec sum[4] = { 0 };
	uint32_t all = 0;

	for (size_t i = 0; i < n; i += 4 * FL_LANES)
		for (size_t k = 0; k < 4; k++) {
			fl_ivec v;

			__builtin_prefetch((const char *)(x + i + k * FL_LANES) + AHEAD);
			memcpy(&v, x + i + k * FL_LANES, sizeof v);
			sum[k] ^= v;
		}
	sum[0] ^= sum[1] ^ sum[2] ^ sum[3];
	for (size_t i = 0; i < FL_LANES; i++)
		all ^= (uint32_t)sum[0][i];
	return all;
}

uint32_t
fl_peak_read(const uint32_t *x, size_t n)
{
	return read_all(x, n);
}
