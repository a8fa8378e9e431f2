/* SPDX-License-Identifier: Apache-2.0 */
#include "model/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "compute/norm.h"
#include "compute/sums.h"
#include "model/forward.h"

struct calibration {
	struct fl_metrics *out;
	struct fl_batch batch;
	size_t layers, width, ffn;
	double *plain, *centered; /* [rows], cosines of one hook */
	float *last;		  /* [batch windows, L+1, D]: x_l at the last position */
	float *unit, *ones;	  /* [rows, D], [D]: what norms put out but for their weights, which are ones */
	double eps;		  /* of the norms */
	float *added;		  /* [rows, D], what a part adds to the residual stream; NULL: nobody asks */
	float *hidden[FL_REACH_MOST + 1]; /* [rows, F], of layer l at l % (reach + 1) */
};

/* Where moments are wanted. */
static void
add_moment(struct calibration *c, enum fl_moment which, int site, const float *a, size_t rows)
{
	struct fl_moments *m = &c->out->moment[which];

	if (m->sum)
		fl_moments_add(m, (size_t)site, a, rows);
}

/* A few positions may have residuals a thousand times those of others; each counts for as much as the norm
 * makes of it. */
static void
add_unit_moment(struct calibration *c, int site, const float *in, size_t rows)
{
	if (!c->out->moment[FL_DIM_MOMENT].sum)
		return;
	fl_rmsnorm(c->unit, in, rows, c->width, c->ones, c->eps);
	add_moment(c, FL_DIM_MOMENT, site, c->unit, rows);
}

/* Inputs of down_proj are wanted by the layers to come. */
static void
keep_hidden(struct calibration *c, int layer, const float *a, size_t rows)
{
	if (c->added)
		memcpy(c->hidden[layer % (c->out->reach + 1)], a, rows * c->ffn * sizeof *a);
}

/* What `layer` adds, after - before, by the hidden activations of layer `from`. */
static void
add_across(struct calibration *c, enum fl_moment which, size_t site, int from, size_t rows)
{
	if (c->out->moment[which].sum && from >= 0)
		fl_moments_add_across(&c->out->moment[which], site, c->added, c->hidden[from % (c->out->reach + 1)],
		    rows);
}

static void
find_added(struct calibration *c, const float *before, const float *after, size_t rows)
{
	for (size_t i = 0; i < rows * c->width && c->added; i++)
		c->added[i] = after[i] - before[i];
}

static void
see_norm(void *ctx, int site, const float *in, const float *out, size_t rows)
{
	struct calibration *c = ctx;
	size_t at = (size_t)site * c->width;
	double **sum = c->out->sum;

	fl_sum_columns(in, rows, c->width, c->batch.length,
	    &(struct fl_column_sums){ .sq = sum[FL_DIM_SUM_SQ] + at, .abs = sum[FL_DIM_SUM_ABS] + at });
	fl_sum_columns(out, rows, c->width, c->batch.length,
	    &(struct fl_column_sums){ .sq = sum[FL_DIM_OUT_SUM_SQ] + at,
		.seq_sq = sum[FL_DIM_OUT_SEQ_SQ] + at });
	add_unit_moment(c, site, in, rows);
	add_moment(c, FL_DIM_OUT_MOMENT, site, out, rows);
}

static void
see_heads(void *ctx, int layer, const float *a, size_t rows)
{
	struct calibration *c = ctx;
	size_t cols = (size_t)c->out->attn;

	fl_sum_columns(a, rows, cols, c->batch.length,
	    &(struct fl_column_sums){ .sq = c->out->sum[FL_ATTN_SUM_SQ] + (size_t)layer * cols });
	add_moment(c, FL_ATTN_MOMENT, layer, a, rows);
}

static void
see_ffn(void *ctx, int layer, const float *a, size_t rows)
{
	struct calibration *c = ctx;
	size_t at = (size_t)layer * c->ffn;
	double **sum = c->out->sum;

	fl_sum_columns(a, rows, c->ffn, c->batch.length,
	    &(struct fl_column_sums){ .sq = sum[FL_FFN_SUM_SQ] + at, .abs = sum[FL_FFN_SUM_ABS] + at,
		.seq_sq = sum[FL_FFN_SEQ_SQ] + at });
	add_moment(c, FL_FFN_MOMENT, layer, a, rows);
	keep_hidden(c, layer, a, rows);
}

static void
see_attn(void *ctx, int layer, const float *before, const float *after, size_t rows)
{
	struct calibration *c = ctx;

	fl_row_cosines(before, after, rows, c->width, c->plain, NULL);
	for (size_t r = 0; r < rows; r++)
		c->out->sum[FL_ATTN_COS][layer] += c->plain[r];
	find_added(c, before, after, rows);
	add_across(c, FL_ATTN_ACROSS, (size_t)layer, layer - 1, rows);
}

static void
keep_last(struct calibration *c, size_t l, const float *x)
{
	size_t length = c->batch.length, d = c->width;

	for (size_t s = 0; s < c->batch.windows; s++)
		memcpy(c->last + (s * (c->layers + 1) + l) * d, x + (s * length + length - 1) * d,
		    d * sizeof *x);
}

static void
see_layer(void *ctx, int layer, const float *before, const float *after, size_t rows)
{
	struct calibration *c = ctx;

	if (layer == 0)
		keep_last(c, 0, before);
	keep_last(c, (size_t)layer + 1, after);
	fl_row_cosines(before, after, rows, c->width, c->plain, c->centered);
	for (size_t r = 0; r < rows; r++) {
		c->out->sum[FL_LAYER_COS][layer] += c->plain[r];
		c->out->sum[FL_LAYER_COS_LN][layer] += c->centered[r];
	}
	fl_progress_add(rows * ((size_t)layer + 1) / c->layers - rows * (size_t)layer / c->layers);
	find_added(c, before, after, rows);
	for (int d = 1; d <= c->out->reach && d <= layer; d++)
		add_across(c, FL_LAYER_ACROSS, (size_t)((layer - d) * c->out->reach + d - 1), layer - d, rows);
}

/* Angles between all pairs of x_0 .. x_L of one sequence, in units of pi. */
static void
add_angles(struct calibration *c, const float *x)
{
	size_t n = c->layers + 1;
	double *sum = c->out->sum[FL_LAST_ANGLE], cosine;

	for (size_t l = 0; l < n; l++)
		for (size_t m = l + 1; m < n; m++) {
			fl_row_cosines(x + l * c->width, x + m * c->width, 1, c->width, &cosine, NULL);
			cosine = acos(cosine) / acos(-1);
			sum[l * n + m] += cosine;
			sum[m * n + l] += cosine;
		}
}

static int
not_finite(const struct calibration *c, const char *model, enum fl_metric m, size_t layer,
    struct fl_err *err)
{
	if (layer == c->layers)
		return fl_err_data(err, "'%s': '%s' is not finite at the final norm", model,
		    fl_metric_name(m));
	return fl_err_data(err, "'%s': '%s' is not finite in layer %zu", model, fl_metric_name(m), layer);
}

/* In the order in which activations flow: the first place found is where it began. Not the cosines,
 * which are 0 there. */
static int
check_finite(const struct calibration *c, const char *model, struct fl_err *err)
{
	static const enum fl_metric dim[] = { FL_DIM_SUM_SQ, FL_DIM_OUT_SEQ_SQ };

	for (size_t site = 0; site <= 2 * c->layers; site++) {
		size_t l = site / 2;

		for (int i = 0; i < 2; i++)
			if (!fl_sums_finite(c->out->sum[dim[i]] + site * c->width, c->width))
				return not_finite(c, model, dim[i], l, err);
		if (site % 2 && !fl_sums_finite(c->out->sum[FL_FFN_SUM_SQ] + l * c->ffn, c->ffn))
			return not_finite(c, model, FL_FFN_SUM_SQ, l, err);
	}
	return 0;
}

static void
make_sums(struct fl_metrics *m)
{
	static const enum fl_metric all[] = { FL_FFN_SUM_SQ, FL_FFN_SUM_ABS, FL_FFN_SEQ_SQ, FL_DIM_SUM_SQ,
		FL_DIM_SUM_ABS, FL_DIM_OUT_SUM_SQ, FL_DIM_OUT_SEQ_SQ, FL_ATTN_SUM_SQ, FL_LAYER_COS_LN,
		FL_LAYER_COS, FL_ATTN_COS, FL_LAST_ANGLE };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fl_metrics_make(m, all[i]);
}

static void
make_across(struct calibration *c, size_t rows)
{
	if (!c->out->moment[FL_LAYER_ACROSS].sum && !c->out->moment[FL_ATTN_ACROSS].sum)
		return;
	c->added = fl_alloc_aligned(rows, c->width * sizeof *c->added, "the activations");
	for (int d = 0; d <= c->out->reach; d++)
		c->hidden[d] = fl_alloc_aligned(rows, c->ffn * sizeof **c->hidden, "the activations");
}

size_t
fl_calibrate_count(const struct fl_windows *w, size_t limit)
{
	size_t count = fl_windows_count(w);

	if (count > 1 && fl_windows_at(w, count - 1).length < w->context)
		count--;
	return limit && limit < count ? limit : count;
}

int
fl_calibrate(const struct fl_model *m, const struct fl_windows *w, size_t count,
    struct fl_metrics *out, struct fl_err *err)
{
	size_t rows = fl_windows_rows(w), layers = (size_t)m->config.layers;
	struct calibration c = { .out = out, .layers = layers, .width = (size_t)m->config.width,
		.ffn = (size_t)m->config.ffn, .eps = m->config.norm_eps };
	struct fl_hooks hooks = { &c, see_norm, see_heads, see_ffn, see_attn, see_layer };
	struct fl_forward *f = fl_forward_new(m, rows, 0, &hooks);
	int bad = 0;

	c.plain = fl_alloc(rows, sizeof(double));
	c.centered = fl_alloc(rows, sizeof(double));
	c.last = fl_alloc(rows / w->context * (layers + 1) * c.width, sizeof(float));
	c.unit = fl_alloc(rows * c.width, sizeof(float));
	c.ones = fl_alloc(c.width, sizeof(float));
	for (size_t j = 0; j < c.width; j++)
		c.ones[j] = 1;
	make_across(&c, rows);
	make_sums(out);
	fl_calibrate_norms(m, out);
	out->context = (int)w->context;
	out->bos = w->bos >= 0;
	fl_progress_begin("calibrating", "tokens", count * w->context);
	while (!bad && fl_windows_next(w, count, &c.batch)) {
		bad = fl_forward_batch(f, c.batch.id, c.batch.windows, c.batch.length, err);
		for (size_t s = 0; !bad && s < c.batch.windows; s++)
			add_angles(&c, c.last + s * (layers + 1) * c.width);
		if (!bad)
			bad = check_finite(&c, fl_model_name(m), err);
		out->sequences += (long long)c.batch.windows;
		out->tokens += (long long)(c.batch.windows * c.batch.length);
	}
	fl_progress_end();
	fl_batch_free(&c.batch);
	fl_forward_free(f);
	free(c.plain);
	free(c.centered);
	free(c.last);
	free(c.unit);
	free(c.ones);
	free(c.added);
	for (int d = 0; d <= out->reach; d++)
		free(c.hidden[d]);
	return bad;
}
