/* SPDX-License-Identifier: Apache-2.0 */
/* A counter goes through a mixer of 32 bits (two multiplications and three shifts, the constants
 * those of C. Wellons' lowbias32): each lane of a vector works for itself. */
#include "compute/noise.h"

#include "compute/vec.h"

FL_INLINE uint32_t
mix(uint32_t x)
{
	x = (x ^ x >> 16) * 0x7feb352du;
	x = (x ^ x >> 15) * 0x846ca68bu;
	return x ^ x >> 16;
}

/* The sum of four uniform 16-bit numbers is near enough to normal, and exact everywhere. Its
 * variance is 4 (2^32 - 1) / 12. */
FL_CLONES static void
noise(uint32_t low, uint32_t high, float scale, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t a = mix(low + (uint32_t)i), b = mix(high + (uint32_t)i);
		uint32_t sum = (a & 0xffff) + (a >> 16) + (b & 0xffff) + (b >> 16);

		out[i] = (float)((int32_t)sum - 2 * 65535) * scale;
	}
}

void
fl_noise(uint64_t key, float sd, float *out, size_t n)
{
	noise((uint32_t)key, (uint32_t)(key >> 32), sd * (1.7320508f / 65536), out, n);
}
