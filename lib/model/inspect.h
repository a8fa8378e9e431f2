/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.h -- what a checkpoint holds, and whether it is whole. */
#ifndef FL_MODEL_INSPECT_H
#define FL_MODEL_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dtype.h"
#include "base/err.h"
#include "base/str.h"
#include "io/checkpoint.h"
#include "model/config.h"
#include "text/tokenizer.h"

enum fl_group { FL_IN_EMBED, FL_IN_ATTENTION, FL_IN_FFN, FL_IN_NORMS, FL_IN_HEAD, FL_GROUPS };

struct fl_inspection {
	struct fl_str tokenizer[FL_TOKENIZER_FILES]; /* its files, those that are there */
	uint64_t tensors, bytes;
	uint64_t group_bytes[FL_GROUPS];
	uint64_t dtype_bytes[FL_DTYPES];
};

/* Reads to the verified end: every tensor the config implies is there once, in the right shape. With
 * `values` all weights and scales are read too and must be finite. *out is to be freed in any case. */
int fl_inspect(struct fl_reader *r, const struct fl_config *c, bool values, struct fl_inspection *out,
    struct fl_err *err) FL_MUST_USE;

void fl_inspection_free(struct fl_inspection *in);

const char *fl_group_name(enum fl_group g);

#endif
