/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h -- what calibration measured, fl-metrics(5): raw sums, so that files can be added.
 *
 * Most members are arrays of doubles, the moments are larger (moments.h); which ones a file has depends on how
 * it was made. The scores that pruning ranks by are derived from them in score.h. */
#ifndef FL_MODEL_METRICS_H
#define FL_MODEL_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/err.h"
#include "model/config.h"
#include "model/moments.h"

/* L layers, F FFN channels, D residual dimensions, Q = heads * head_dim, S = 2L+1 norm sites: the
 * attention norm and the FFN norm of each layer in order (site 2l and 2l+1; the first stays 0 in a skip
 * layer), then the final norm. Sums run over positions unless they say sequences. */
enum fl_metric {
	FL_FFN_SUM_SQ,	 /* [L,F] of a^2, a the input of down_proj */
	FL_FFN_SUM_ABS,	 /* [L,F] of |a| */
	FL_FFN_SEQ_SQ,	 /* [L,F] over sequences, of the square of the mean of |a| */
	FL_FFN_STATIC,	 /* [L,F] of the weights alone: |up_j| |gate_j| |down_j| */
	FL_DIM_SUM_SQ,	 /* [S,D] of x^2, x the input of the norm */
	FL_DIM_SUM_ABS,	 /* [S,D] of |x| */
	FL_DIM_OUT_SUM_SQ, /* [S,D] of norm(x)^2 */
	FL_DIM_OUT_SEQ_SQ, /* [S,D] over sequences, of the square of the mean of |norm(x)| */
	FL_DIM_STATIC,	 /* [1,D] of squares of all weights that read or write the dimension */
	FL_DIM_WEIGHT,	 /* [S,D] the norm's weight; 0 where there is no norm */
	FL_ATTN_SUM_SQ,	 /* [L,Q] of a^2, a the input of o_proj; 0 in a skip layer */
	FL_LAYER_COS_LN, /* [1,L] of cos(LN(x_l), LN(x_l+1)) */
	FL_LAYER_COS,	 /* [1,L] of cos(x_l, x_l+1) */
	FL_ATTN_COS,	 /* [1,L] of cos(x, x + attention(x)); 0 in a skip layer */
	FL_LAST_ANGLE,	 /* [L+1,L+1] over sequences, arccos(cos(x_l, x_m)) / pi at the last token */
	FL_LAYER_DROP_LOSS, /* [L,L] row r, column l: nats a token with r layers gone and l too; as in drop.h */
	FL_ATTN_DROP_LOSS,  /* the same of attention parts */
	FL_METRICS
};

/* Of these there is the matrix of second moments. */
enum fl_moment {
	FL_FFN_MOMENT, /* L sites of F: the input of down_proj */
	FL_DIM_MOMENT, /* S sites of D: what a norm puts out but for its weight, x / rms(x) */
	FL_DIM_OUT_MOMENT, /* S sites of D: what it puts out, the input of q, k, v, of gate and up, of the head */
	FL_ATTN_MOMENT,	   /* L sites of Q: the input of o_proj; 0 in a skip layer */
	FL_LAYER_ACROSS,   /* L * reach sites of [D, F]: what layer p+d, 1 <= d <= reach, adds to the residual stream by
			    * the input of down_proj of layer p, at p * reach + d - 1; 0 where there is no such layer */
	FL_ATTN_ACROSS,	   /* L sites of [D, F]: what the attention of layer l adds by the input of down_proj of l-1;
			    * 0 in the first layer and in a skip layer */
	FL_MOMENTS
};

enum { FL_REACH_MOST = 16 };

struct fl_safetensors;

struct fl_metrics {
	int layers, ffn, width, context;
	int attn; /* Q; 0 in a file without any [L,Q] */
	int reach; /* of FL_LAYER_ACROSS, set before it is made; 0 in a file without */
	bool bos;		     /* did every sequence begin with BOS? */
	long long tokens, sequences; /* positions counted */
	char fingerprint[FL_DIGEST_LEN];
	double *sum[FL_METRICS]; /* NULL: not in this file */
	struct fl_moments moment[FL_MOMENTS];
	struct fl_safetensors *file; /* behind moments that were read; or NULL */
};

const char *fl_metric_name(enum fl_metric m);
const char *fl_moment_name(enum fl_moment m);
bool fl_metric_is_loss(enum fl_metric m); /* no sum: where it is 0 nothing was tried */
void fl_metric_shape(const struct fl_metrics *m, enum fl_metric which, size_t *rows, size_t *cols);

/* Of a row that is there: its columns, their least, mean and largest element. Of losses those alone that were tried, and
 * n may be 0. */
struct fl_metric_range {
	size_t n;
	double least, mean, most;
};

struct fl_metric_range fl_metric_range(const struct fl_metrics *m, enum fl_metric which, size_t row);

/* Sizes and fingerprint from c, no sums yet; fl_metrics_make() zeroes one into being. */
struct fl_metrics *fl_metrics_new(const struct fl_config *c);
double *fl_metrics_make(struct fl_metrics *m, enum fl_metric which);
int fl_metrics_make_moments(struct fl_metrics *m, enum fl_moment which, struct fl_err *err) FL_MUST_USE;
void fl_metrics_free(struct fl_metrics *m);

/* Moments stay in the file, and are not looked at. */
struct fl_metrics *fl_metrics_read(const char *path, struct fl_err *err) FL_MUST_USE;
int fl_metrics_write(const struct fl_metrics *m, const char *path, struct fl_err *err) FL_MUST_USE;

/* Whether m was made of the model of c, `what` in messages. With `force` it is enough that the sizes
 * agree. */
int fl_metrics_check(const struct fl_metrics *m, const struct fl_config *c, bool force, const char *what,
    struct fl_err *err) FL_MUST_USE;

/* 0 if m, which may be NULL, has these sums, or these moments, from a file; else -1 with an error that says what option
 * needs them, and how they are made. */
int fl_metrics_need(const struct fl_metrics *m, enum fl_metric which, const char *what, struct fl_err *err)
    FL_MUST_USE;
int fl_metrics_need_moment(const struct fl_metrics *m, enum fl_moment which, const char *what, struct fl_err *err)
    FL_MUST_USE;

/* -1 with that error: `what` needs `lacking`, which fl-calibrate makes with the options made_by. */
int fl_metrics_lack(const struct fl_metrics *m, const char *what, const char *lacking, const char *made_by,
    struct fl_err *err);

/* Adds b to a; different fingerprints, contexts or weights of norms are refused. Members only one has are kept. Drop
 * losses are no sums: those of b are taken where a has none, and refused where it has. Where the sums of the two do not
 * match, in context, BOS policy or members, one that has drop losses and no moments, b before a, loses its sums. */
int fl_metrics_merge(struct fl_metrics *a, struct fl_metrics *b, struct fl_err *err) FL_MUST_USE;

#endif
