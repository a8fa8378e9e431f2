/* SPDX-License-Identifier: Apache-2.0 */
/* loss.h -- what a row of logits says about the token that came, and what the logits should change.
 *
 * z [n] logits. A gradient replaces the logits by that of what is minimised, times `scale`. Losses are in
 * nats. */
#ifndef FL_COMPUTE_LOSS_H
#define FL_COMPUTE_LOSS_H

#include <stddef.h>
#include <stdint.h>

/* -log softmax(z)[target] of n logits, within 1e-6; NaN if a logit is. */
double fl_cross_entropy(const float *z, size_t n, size_t target);

/* dz = scale (softmax(z) - onehot(target)). */
double fl_cross_entropy_grad(float *z, size_t n, size_t target, float scale);

/* Distillation (Hinton et al., 2015):
 *
 *     (1 - mix) cross-entropy + mix T^2 KL(teacher || student),  both of softmax(logits / T)
 *
 * The T^2 keeps the two gradients of one size at any temperature. Both functions return the cross-entropy
 * and set *kl to KL(teacher || student). */
struct fl_distill {
	float mix, temperature;
};

/* The teacher's logits [m], m at most n; they are overwritten. The tokens behind them have probability 0. */
double fl_distill_grad(float *z, size_t n, float *teacher, size_t m, size_t target,
    const struct fl_distill *d, float scale, double *kl);

/* The k likeliest tokens of a teacher at the temperature of the loss: what it has left for all others
 * is one class more, in the student as well. Those that the student does not have, n and above, are left
 * out, and the probabilities of the others divided by what these have together. */
struct fl_top {
	size_t k;
	const uint32_t *id;
	const float *p; /* probabilities, their sum at most 1 */
};

double fl_distill_top_grad(float *z, size_t n, const struct fl_top *top, size_t target,
    const struct fl_distill *d, float scale, double *kl);

/* The index of the largest, the first among equals; n if one is no number. n > 0. */
size_t fl_likeliest(const float *z, size_t n);

/* log sum e^(z/T), within 1e-6 relative. */
double fl_log_sum_exp(const float *z, size_t n, float temperature);

#endif
