/* SPDX-License-Identifier: Apache-2.0 */
/* eval.h -- how well a model predicts tokens.
 *
 * The loss is the mean over predicted tokens of the negative log-likelihood, natural logarithm. The
 * same bytes at any number of threads. */
#ifndef FL_MODEL_EVAL_H
#define FL_MODEL_EVAL_H

#include "base/err.h"
#include "compute/kv.h"
#include "model/weights.h"
#include "model/windows.h"
#include "text/tokenizer.h"

struct fl_loss {
	double nats;		   /* a token */
	double se;		   /* its standard error over windows; NaN if there is one only */
	long long tokens, windows; /* predicted tokens; windows that had some */
};

/* kv FL_KV_INT8: keys, values and queries are rounded as those of a cache of 8 bits. */
int fl_eval_loss(const struct fl_model *m, const struct fl_windows *w, enum fl_kv_kind kv, struct fl_loss *out,
    struct fl_err *err) FL_MUST_USE;

/* Bytes of text that the predicted tokens stand for; special tokens stand for none. */
long long fl_eval_bytes(const struct fl_windows *w, const struct fl_tokenizer *t);

#endif
