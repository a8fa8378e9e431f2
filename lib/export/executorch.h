/* SPDX-License-Identifier: Apache-2.0 */
/* executorch.h -- a model as ExecuTorch's own exporter takes it: a directory of model.pth, params.json,
 * export.yaml and the tokenizer. See executorch.c. */
#ifndef FL_EXPORT_EXECUTORCH_H
#define FL_EXPORT_EXECUTORCH_H

#include "export/export.h"

int fl_executorch_check(const struct fl_config *c, const struct fl_export_opts *o, struct fl_err *err)
    FL_MUST_USE;
int fl_executorch_write(struct fl_reader *in, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err) FL_MUST_USE;

#endif
