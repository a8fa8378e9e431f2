/* SPDX-License-Identifier: Apache-2.0 */
/* backward.h -- from the gradient of the logits to that of every weight.
 *
 * The model is one of fl_model_f32(), and so is `grad`, over an array of the same size: each gradient
 * stands where its weight does. Gradients are added to what is there. The same bytes at any number
 * of threads. */
#ifndef FL_MODEL_BACKWARD_H
#define FL_MODEL_BACKWARD_H

#include "model/forward.h"

struct fl_backward;

/* f is a fl_forward_new_kept() and, like grad, must outlive b. */
struct fl_backward *fl_backward_new(struct fl_forward *f, const struct fl_model *grad);
void fl_backward_free(struct fl_backward *b); /* NULL is fine */

/* Bytes of its own buffers for so many rows. */
size_t fl_backward_bytes(const struct fl_config *c, size_t rows);

/* After fl_forward_batch() over ids: calls `loss` for blocks of rows as fl_forward_logits() does, which
 * is to replace the logits by the gradient of what is minimised; then goes back through all layers. */
void fl_backward_batch(struct fl_backward *b, const uint32_t *ids,
    void (*loss)(void *ctx, size_t first, size_t n, float *logits), void *ctx);

#endif
