/* SPDX-License-Identifier: Apache-2.0 */
/* logits.h -- what a model says after every token, as a file to be compared with what another program says. */
#ifndef FL_MODEL_LOGITS_H
#define FL_MODEL_LOGITS_H

#include "base/err.h"
#include "compute/kv.h"
#include "io/output.h"
#include "model/weights.h"
#include "model/windows.h"

/* A safetensors file, `output` as fl_output_open() takes it: one row a token, window after window;
 * `ids` I64 [rows], `logits` F32 [rows, vocab], and `context` in the metadata. kv: as fl_eval_windows() has
 * it. Written but not yet committed; NULL with err set. */
struct fl_output *fl_logits_write(const struct fl_model *m, const struct fl_windows *w, enum fl_kv_kind kv,
    const char *output, struct fl_err *err) FL_MUST_USE;

#endif
