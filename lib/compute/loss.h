/* SPDX-License-Identifier: Apache-2.0 */
/* loss.h -- what a row of logits says about the token that came. */
#ifndef FL_COMPUTE_LOSS_H
#define FL_COMPUTE_LOSS_H

#include <stddef.h>

/* -log softmax(z)[target] of n logits, within 1e-6; NaN if a logit is. */
double fl_cross_entropy(const float *z, size_t n, size_t target);

#endif
