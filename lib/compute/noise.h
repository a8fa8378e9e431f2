/* SPDX-License-Identifier: Apache-2.0 */
/* noise.h -- bell-shaped random numbers, many at a time. */
#ifndef FL_COMPUTE_NOISE_H
#define FL_COMPUTE_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* n values of mean 0 and standard deviation sd, none further than 3.47 sd from 0: a function of the
 * key and the position, in integer arithmetic and one rounding, so the same on every machine. n at
 * most 2^32; values of keys that differ in both halves are unrelated. */
void fl_noise(uint64_t key, float sd, float *out, size_t n);

#endif
