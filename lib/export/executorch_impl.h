/* SPDX-License-Identifier: Apache-2.0 */
/* executorch_impl.h -- the parts of that target.
 *
 *     executorch.c		what it cannot express, params.json, export.yaml, the directory
 *     executorch_tensors.c	every tensor of model.pth, and its data */
#ifndef FL_EXPORT_EXECUTORCH_IMPL_H
#define FL_EXPORT_EXECUTORCH_IMPL_H

#include "io/output.h"
#include "model/weights.h"

/* model.pth, a ZIP of torch.save. What a quantized matrix cannot be written as is class FL_EXIT_NO. */
int fl_executorch_weights(const struct fl_model *m, struct fl_output *out, struct fl_err *err) FL_MUST_USE;

#endif
