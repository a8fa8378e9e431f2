/* SPDX-License-Identifier: Apache-2.0 */
/* eval.h -- how well a model predicts tokens.
 *
 * The loss is the mean over predicted tokens of the negative log-likelihood, natural logarithm. The
 * same bytes at any number of threads. */
#ifndef FL_MODEL_EVAL_H
#define FL_MODEL_EVAL_H

#include "base/err.h"
#include "compute/kv.h"
#include "model/forward.h"
#include "model/weights.h"
#include "model/windows.h"
#include "text/tokenizer.h"

struct fl_loss {
	double nats;		   /* a token */
	double se;		   /* its standard error over windows; NaN if there is one only */
	long long tokens, windows; /* predicted tokens; windows that had some */
};

/* Runs all windows through the model: those of a batch together or, where keys, values and queries are rounded as
 * those of a cache of 8 bits (kv FL_KV_INT8), through such a cache one after the other. see, which returns 0 or -1 with
 * an err of its own set, is told after each run which windows its rows are of. */
typedef int fl_eval_see(void *ctx, struct fl_forward *f, const struct fl_batch *b);
int fl_eval_windows(const struct fl_model *m, const struct fl_windows *w, enum fl_kv_kind kv, const char *doing,
    fl_eval_see *see, void *ctx, struct fl_err *err) FL_MUST_USE;

int fl_eval_loss(const struct fl_model *m, const struct fl_windows *w, enum fl_kv_kind kv, struct fl_loss *out,
    struct fl_err *err) FL_MUST_USE;

/* Bytes of text that the predicted tokens stand for; special tokens stand for none. */
long long fl_eval_bytes(const struct fl_windows *w, const struct fl_tokenizer *t);

#endif
