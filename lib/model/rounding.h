/* SPDX-License-Identifier: Apache-2.0 */
/* rounding.h -- the rows of a matrix put into few bits on their way through a plan.
 *
 * Of passage.c alone. The factor of gptq (compute/gptq.h) is kept in the plan from one matrix to the next. */
#ifndef FL_MODEL_ROUNDING_H
#define FL_MODEL_ROUNDING_H

#include <stddef.h>
#include <stdint.h>

#include "model/passage.h"

struct fl_rounding;

/* Of a step FL_STEP_QUANTIZE. NULL with err set: moments that cannot be used. */
struct fl_rounding *fl_rounding_new(const struct fl_passage *s, struct fl_err *err) FL_MUST_USE;
void fl_rounding_free(struct fl_rounding *r); /* NULL is fine */

/* x [n, s->out_cols], which may be changed, into packed and scale as fl_quant_row() has them. 0, or -1 if a weight is
 * not finite. By several threads at a time. */
int fl_rounding_rows(const struct fl_rounding *r, float *x, size_t n, uint32_t *packed, uint16_t *scale);

#endif
