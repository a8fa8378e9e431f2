/* SPDX-License-Identifier: Apache-2.0 */
/* obs.h -- which inputs of a linear layer to remove if the others are then solved again (refit.h): Optimal Brain
 * Surgeon (Hassibi & Stork 1993), greedy, in blocks.
 *
 *     y = w a, C = sum of a' a over positions, P = (C + lambda diag C)^-1, lambda as in shrink.h
 *     removing block b costs  tr(w_:b P_bb^-1 w_:b');  then  w -= w_:b P_bb^-1 P_b:,  P -= P_:b P_bb^-1 P_b:
 *
 * The cost is what the sum of (w a - w' a)^2 grows by, but for lambda. */
#ifndef FL_COMPUTE_OBS_H
#define FL_COMPUTE_OBS_H

#include <stddef.h>
#include <stdint.h>

/* moment: F32, the lower triangle of C over `positions` as in gram.h, at any address. w [rows, n]. The `keep` of n inputs to keep,
 * ascending, into out; they go in aligned blocks of `block`, the short one at the end of an n that is no multiple
 * first; of equal costs the higher index goes. keep is a multiple of block, or n. Threaded; 16 n^2 bytes, and 4 more
 * for a moment. 0, or -1: C or w holds what is not finite, or C is not a sum of squares. */
int fl_obs_choose(const void *moment, size_t n, double positions, const float *w, size_t rows, size_t block, size_t keep,
    uint32_t *out);

#endif
