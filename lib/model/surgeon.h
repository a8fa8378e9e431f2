/* SPDX-License-Identifier: Apache-2.0 */
/* surgeon.h -- which FFN channels stay, by what their removal does to the output of down_proj (compute/obs.h).
 *
 * Unlike the scores of score.h that needs weights, which a stream brings too late to tell what rows of gate and up
 * to keep; so they are read from the checkpoint beforehand, which must be a file or a directory. */
#ifndef FL_MODEL_SURGEON_H
#define FL_MODEL_SURGEON_H

#include <stdbool.h>

#include "base/err.h"
#include "model/config.h"
#include "model/metrics.h"
#include "model/plan.h"

/* `keep` channels of every layer that is not gone, in blocks, into ffn [layers], whose indices are the caller's to
 * free. The metrics have FL_FFN_MOMENT. path NULL or "-", standard input, is refused. */
int fl_surgeon_choose(const char *path, const struct fl_config *in, const struct fl_metrics *m, const bool *gone, int block,
    int keep, struct fl_keep *ffn, struct fl_err *err) FL_MUST_USE;

#endif
