/* SPDX-License-Identifier: Apache-2.0 */
/* rng.h -- seeded random numbers, the same on every machine.
 *
 * xoshiro256** (Blackman and Vigna, 2018), its state filled by splitmix64 from one seed. A second
 * number names an independent stream, so that each tensor or sample can have its own and the result
 * does not depend on the order in which they are drawn. */
#ifndef FL_BASE_RNG_H
#define FL_BASE_RNG_H

#include <stdint.h>

struct fl_rng {
	uint64_t s[4];
};

struct fl_rng fl_rng_new(uint64_t seed, uint64_t stream);
uint64_t fl_rng_u64(struct fl_rng *r);
double fl_rng_unit(struct fl_rng *r);			 /* in [0, 1), 53 bits */
uint64_t fl_rng_below(struct fl_rng *r, uint64_t bound); /* in [0, bound), unbiased; bound > 0 */

#endif
