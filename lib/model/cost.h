/* SPDX-License-Identifier: Apache-2.0 */
/* cost.h -- floating-point operations of a forward pass on paper, from the configuration alone.
 *
 * A multiply-add counts as two. Counted are the linear layers, of attention the scores and the weighted
 * sum of values within the mask, and the head where logits are wanted; norms, activations, rotations and
 * the softmax are not: they are a few operations an element where the others are hundreds. */
#ifndef FL_MODEL_COST_H
#define FL_MODEL_COST_H

#include <stddef.h>
#include <stdint.h>

#include "model/config.h"

/* The parts: the linear layers of one token, the attention of tokens first .. last-1 of a sequence, the head of
 * one. */
uint64_t fl_cost_linear(const struct fl_config *c);
uint64_t fl_cost_attention(const struct fl_config *c, size_t first, size_t last);
uint64_t fl_cost_head(const struct fl_config *c);

/* A prompt of n tokens into an empty cache, with the logits of the last. */
uint64_t fl_cost_prefill(const struct fl_config *c, size_t n);

/* One token more after `depth` others, with its logits. */
uint64_t fl_cost_decode(const struct fl_config *c, size_t depth);

#endif
