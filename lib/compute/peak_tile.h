/* SPDX-License-Identifier: Apache-2.0 */
/* peak_tile.h -- the loops of peak.h around an instruction; included by a file that defined before
 *
 *     TARGET			the attribute that allows its instructions
 *     ivec, fvec		vectors of 32-bit integers and of floats
 *     DOT(sum, a, b)		adds the products of bytes to sum
 *     FMA(sum, a, b)		adds the products of floats to sum
 *     HIDE(x)			hides from the compiler what is in the vector x: sums that are all the same it would do
 *				once, and so an instruction whose operands do not change */
#include <string.h>

#include "compute/peak.h"

enum { CHAINS = 12 /* sums at a time: more than two ports times five cycles, and with a and b 14 registers */ };

TARGET static uint64_t
int8(size_t turns, const int8_t *one)
{
	ivec sum[CHAINS] = { 0 }, a, b;
	uint64_t all = 0;

	memcpy(&a, one, sizeof a);
	memcpy(&b, one, sizeof b);
	for (size_t i = 0; i < CHAINS; i++)
		HIDE(sum[i]);
	for (size_t t = 0; t < turns; t++)
		_Pragma("GCC unroll 16")
		for (size_t i = 0; i < CHAINS; i++)
			DOT(sum[i], a, b);
	for (size_t i = 0; i < CHAINS; i++)
		for (size_t k = 0; k < sizeof a / sizeof sum[i][k]; k++)
			all += (uint64_t)sum[i][k];
	return all;
}

TARGET static uint64_t
f32(size_t turns, const float *one)
{
	fvec sum[CHAINS] = { 0 }, a, b;
	double all = 0;

	memcpy(&a, one, sizeof a);
	memcpy(&b, one, sizeof b);
	for (size_t i = 0; i < CHAINS; i++)
		HIDE(sum[i]);
	for (size_t t = 0; t < turns; t++)
		_Pragma("GCC unroll 16")
		for (size_t i = 0; i < CHAINS; i++)
			FMA(sum[i], a, b);
	for (size_t i = 0; i < CHAINS; i++)
		for (size_t k = 0; k < sizeof a / sizeof sum[i][k]; k++)
			all += (double)sum[i][k];
	return (uint64_t)all;
}
