/* SPDX-License-Identifier: Apache-2.0 */
#include "model/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "compute/sums.h"
#include "io/output.h"
#include "io/safetensors.h"
#include "model/fingerprint.h"
#include "model/roles.h"

#define MAX_TOKENS (1LL << 60) /* of a file, and of a sum of files */

static const char *const names[FL_METRICS] = {
	[FL_FFN_SUM_SQ] = "ffn.sum_sq",
	[FL_FFN_SUM_ABS] = "ffn.sum_abs",
	[FL_FFN_SEQ_SQ] = "ffn.seq_sq",
	[FL_FFN_STATIC] = "ffn.static",
	[FL_DIM_SUM_SQ] = "dim.sum_sq",
	[FL_DIM_SUM_ABS] = "dim.sum_abs",
	[FL_DIM_OUT_SUM_SQ] = "dim.out_sum_sq",
	[FL_DIM_OUT_SEQ_SQ] = "dim.out_seq_sq",
	[FL_DIM_STATIC] = "dim.static",
	[FL_DIM_WEIGHT] = "dim.weight",
	[FL_ATTN_SUM_SQ] = "attn.sum_sq",
	[FL_LAYER_COS_LN] = "layer.cos_ln",
	[FL_LAYER_COS] = "layer.cos",
	[FL_ATTN_COS] = "attn.cos",
	[FL_LAST_ANGLE] = "layer.last_angle",
	[FL_LAYER_DROP_LOSS] = "layer.drop_loss",
	[FL_ATTN_DROP_LOSS] = "attn.drop_loss",
};

static const char *const moment_names[FL_MOMENTS] = {
	[FL_FFN_MOMENT] = "ffn.moment",
	[FL_DIM_MOMENT] = "dim.moment",
	[FL_DIM_OUT_MOMENT] = "dim.out_moment",
	[FL_ATTN_MOMENT] = "attn.moment",
	[FL_LAYER_ACROSS] = "layer.across_moment",
	[FL_ATTN_ACROSS] = "attn.across_moment",
};

const char *
fl_metric_name(enum fl_metric m)
{
	return names[m];
}

const char *
fl_moment_name(enum fl_moment m)
{
	return moment_names[m];
}

bool
fl_metric_is_loss(enum fl_metric m)
{
	return m == FL_LAYER_DROP_LOSS || m == FL_ATTN_DROP_LOSS;
}

void
fl_metric_shape(const struct fl_metrics *m, enum fl_metric which, size_t *rows, size_t *cols)
{
	size_t layers = (size_t)m->layers;

	switch (which) {
	case FL_FFN_SUM_SQ:
	case FL_FFN_SUM_ABS:
	case FL_FFN_SEQ_SQ:
	case FL_FFN_STATIC:
		*rows = layers;
		*cols = (size_t)m->ffn;
		return;
	case FL_DIM_SUM_SQ:
	case FL_DIM_SUM_ABS:
	case FL_DIM_OUT_SUM_SQ:
	case FL_DIM_OUT_SEQ_SQ:
	case FL_DIM_WEIGHT:
		*rows = 2 * layers + 1;
		*cols = (size_t)m->width;
		return;
	case FL_DIM_STATIC:
		*rows = 1;
		*cols = (size_t)m->width;
		return;
	case FL_ATTN_SUM_SQ:
		*rows = layers;
		*cols = (size_t)m->attn;
		return;
	case FL_LAST_ANGLE:
		*rows = *cols = layers + 1;
		return;
	case FL_LAYER_DROP_LOSS:
	case FL_ATTN_DROP_LOSS:
		*rows = *cols = layers;
		return;
	default:
		*rows = 1;
		*cols = layers;
		return;
	}
}

static size_t
count(const struct fl_metrics *m, enum fl_metric which)
{
	size_t rows, cols;

	fl_metric_shape(m, which, &rows, &cols);
	return rows * cols;
}

struct fl_metric_range
fl_metric_range(const struct fl_metrics *m, enum fl_metric which, size_t row)
{
	struct fl_metric_range r = { 0, INFINITY, 0, -INFINITY };
	size_t rows, cols;

	fl_metric_shape(m, which, &rows, &cols);
	for (size_t c = 0; c < cols; c++) {
		double x = m->sum[which][row * cols + c];

		if (fl_metric_is_loss(which) && x == 0)
			continue;
		r.n++;
		r.least = x < r.least ? x : r.least;
		r.mean += x;
		r.most = x > r.most ? x : r.most;
	}
	r.mean /= (double)r.n;
	return r;
}

struct fl_metrics *
fl_metrics_new(const struct fl_config *c)
{
	struct fl_metrics *m = fl_alloc(1, sizeof *m);

	m->layers = c->layers;
	m->ffn = c->ffn;
	m->width = c->width;
	m->attn = c->heads * c->head_dim;
	fl_config_fingerprint(c, m->fingerprint);
	return m;
}

double *
fl_metrics_make(struct fl_metrics *m, enum fl_metric which)
{
	if (!m->sum[which])
		m->sum[which] = fl_alloc(count(m, which), sizeof(double));
	return m->sum[which];
}

/* Places, and how many activations each. */
static struct fl_moments
moment_shape(const struct fl_metrics *m, enum fl_moment which)
{
	size_t layers = (size_t)m->layers, width = (size_t)m->width, ffn = (size_t)m->ffn;

	switch (which) {
	case FL_DIM_MOMENT:
	case FL_DIM_OUT_MOMENT:
		return (struct fl_moments){ .sites = 2 * layers + 1, .n = width };
	case FL_ATTN_MOMENT:
		return (struct fl_moments){ .sites = layers, .n = (size_t)m->attn };
	case FL_LAYER_ACROSS:
		return (struct fl_moments){ .sites = layers * (size_t)m->reach, .n = ffn, .across = width };
	case FL_ATTN_ACROSS:
		return (struct fl_moments){ .sites = layers, .n = ffn, .across = width };
	default:
		return (struct fl_moments){ .sites = layers, .n = ffn };
	}
}

int
fl_metrics_make_moments(struct fl_metrics *m, enum fl_moment which, struct fl_err *err)
{
	if (!fl_moments_any(&m->moment[which]))
		m->moment[which] = moment_shape(m, which);
	return fl_moments_make(&m->moment[which], err);
}

void
fl_metrics_free(struct fl_metrics *m)
{
	if (!m)
		return;
	for (int i = 0; i < FL_METRICS; i++)
		free(m->sum[i]);
	for (int i = 0; i < FL_MOMENTS; i++)
		fl_moments_free(&m->moment[i]);
	fl_safetensors_free(m->file);
	free(m);
}

/* Reading -------------------------------------------------------------------------------------- */

static int
read_number(const struct fl_safetensors *s, const char *path, const char *key, long long min,
    long long max, long long *out, struct fl_err *err)
{
	const char *text = fl_json_str(fl_json_get(s->metadata, key));

	if (!text || fl_num_int(text, min, max, out) < 0)
		return fl_err_data(err, "'%s' is no metrics file: its '%s' is missing or out of range",
		    path, key);
	return 0;
}

static int
read_head(struct fl_metrics *m, const struct fl_safetensors *s, const char *path, struct fl_err *err)
{
	const char *print = fl_json_str(fl_json_get(s->metadata, "fingerprint"));
	long long layers, ffn, width, context, bos, attn = 0, reach = 0;

	if (!print || strlen(print) != FL_DIGEST_LEN - 1)
		return fl_err_data(err, "'%s' is no metrics file: it has no fingerprint", path);
	if (read_number(s, path, "layers", 1, FL_ARCH_LAYERS, &layers, err) < 0 ||
	    read_number(s, path, "ffn", 1, 1 << 24, &ffn, err) < 0 ||
	    read_number(s, path, "width", 1, 1 << 24, &width, err) < 0 ||
	    (fl_json_get(s->metadata, "attn") &&
		read_number(s, path, "attn", 1, 1 << 24, &attn, err) < 0) ||
	    (fl_json_get(s->metadata, "reach") &&
		read_number(s, path, "reach", 1, FL_REACH_MOST, &reach, err) < 0) ||
	    read_number(s, path, "context", 0, 1 << 30, &context, err) < 0 ||
	    read_number(s, path, "bos", 0, 1, &bos, err) < 0 ||
	    read_number(s, path, "tokens", 0, MAX_TOKENS, &m->tokens, err) < 0 ||
	    read_number(s, path, "sequences", 0, MAX_TOKENS, &m->sequences, err) < 0)
		return -1;
	memcpy(m->fingerprint, print, FL_DIGEST_LEN);
	m->layers = (int)layers;
	m->ffn = (int)ffn;
	m->width = (int)width;
	m->attn = (int)attn;
	m->reach = (int)reach;
	m->context = (int)context;
	m->bos = bos;
	return 0;
}

/* All else are squares, magnitudes and angles. */
static bool
may_be_negative(enum fl_metric which)
{
	return which == FL_LAYER_COS_LN || which == FL_LAYER_COS || which == FL_ATTN_COS || which == FL_DIM_WEIGHT;
}

static int
read_member(struct fl_metrics *m, enum fl_metric which, const struct fl_safetensors *s,
    const char *path, struct fl_err *err)
{
	const void *data;
	const struct fl_tensor *t = fl_safetensors_find(s, names[which], &data);
	size_t rows, cols;
	double *sum;

	if (!t)
		return 0;
	fl_metric_shape(m, which, &rows, &cols);
	if (cols == 0 || t->dtype != FL_F64 || t->ndim != 2 || t->shape[0] != rows || t->shape[1] != cols)
		return fl_err_data(err, "'%s': '%s' is not F64 [%zu, %zu]", path, names[which], rows, cols);
	sum = fl_metrics_make(m, which);
	memcpy(sum, data, t->size);
	fl_file_done(&s->file, data, t->size);
	if (!fl_sums_finite(sum, rows * cols))
		return fl_err_data(err, "'%s': '%s' holds a value that is not finite", path, names[which]);
	for (size_t i = 0; i < rows * cols && !may_be_negative(which); i++)
		if (sum[i] < 0)
			return fl_err_data(err, "'%s': '%s' holds a negative value", path, names[which]);
	return 0;
}

static int
read_moments(struct fl_metrics *m, enum fl_moment which, struct fl_safetensors *s, const char *path,
    struct fl_err *err)
{
	const void *data;
	const struct fl_tensor *t = fl_safetensors_find(s, moment_names[which], &data);
	struct fl_moments k = moment_shape(m, which);
	size_t size = fl_moments_size(&k);

	if (!t)
		return 0;
	if (k.n == 0 || k.sites == 0 || t->dtype != FL_F32 || t->ndim != 2 || t->shape[0] != k.sites ||
	    t->shape[1] != size)
		return fl_err_data(err, "'%s': '%s' is not F32 [%zu, %zu]", path, moment_names[which], k.sites, size);
	k.read = data;
	k.file = &s->file;
	k.positions = (double)m->tokens;
	m->moment[which] = k;
	return 0;
}

static bool
is_known(const char *name)
{
	for (int i = 0; i < FL_METRICS; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	for (int i = 0; i < FL_MOMENTS; i++)
		if (strcmp(moment_names[i], name) == 0)
			return true;
	return false;
}

static int
check_known(const struct fl_safetensors *s, const char *path, struct fl_err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (!is_known(s->tensor[i].name))
			return fl_err_data(err, "'%s': '%s' is not known as a metric", path, s->tensor[i].name);
	return 0;
}

struct fl_metrics *
fl_metrics_read(const char *path, struct fl_err *err)
{
	struct fl_safetensors *s = fl_safetensors_open(path, err);
	struct fl_metrics *m;
	int bad;

	if (!s)
		return NULL;
	m = fl_alloc(1, sizeof *m);
	path = fl_input_name(path);
	bad = read_head(m, s, path, err) < 0 || check_known(s, path, err) < 0;
	for (enum fl_metric i = 0; i < FL_METRICS && !bad; i++)
		bad = read_member(m, i, s, path, err);
	for (enum fl_moment i = 0; i < FL_MOMENTS && !bad; i++)
		bad = read_moments(m, i, s, path, err);
	m->file = s;
	if (!bad)
		return m;
	fl_metrics_free(m);
	return NULL;
}

/* Writing -------------------------------------------------------------------------------------- */

static void
put_number(struct fl_json *o, const char *key, long long n)
{
	struct fl_str s = { 0 };

	fl_str_printf(&s, "%lld", n);
	fl_json_set(o, key, fl_json_new_str(s.data));
	fl_str_free(&s);
}

static void
make_header(const struct fl_metrics *m, struct fl_str *header)
{
	struct fl_tensor t[FL_METRICS + FL_MOMENTS];
	struct fl_json *meta = fl_json_new_object();
	size_t n = 0, rows, cols;

	fl_json_set(meta, "format", fl_json_new_str("fl-metrics"));
	fl_json_set(meta, "fingerprint", fl_json_new_str(m->fingerprint));
	put_number(meta, "layers", m->layers);
	put_number(meta, "ffn", m->ffn);
	put_number(meta, "width", m->width);
	if (m->attn)
		put_number(meta, "attn", m->attn);
	if (m->reach)
		put_number(meta, "reach", m->reach);
	put_number(meta, "context", m->context);
	put_number(meta, "bos", m->bos);
	put_number(meta, "tokens", m->tokens);
	put_number(meta, "sequences", m->sequences);
	for (enum fl_metric i = 0; i < FL_METRICS; i++) {
		if (!m->sum[i])
			continue;
		fl_metric_shape(m, i, &rows, &cols);
		if (fl_tensor_init(&t[n++], names[i], FL_F64, 2, (uint64_t[]){ rows, cols }) < 0)
			fl_bug("metric '%s' has a shape out of range", names[i]);
	}
	for (enum fl_moment i = 0; i < FL_MOMENTS; i++) {
		const struct fl_moments *k = &m->moment[i];

		if (fl_moments_any(k) && fl_tensor_init(&t[n++], moment_names[i], FL_F32, 2,
					     (uint64_t[]){ k->sites, fl_moments_size(k) }) < 0)
			fl_bug("'%s' have a shape out of range", moment_names[i]);
	}
	fl_safetensors_header(header, t, n, meta);
	fl_json_free(meta);
}

int
fl_metrics_write(const struct fl_metrics *m, const char *path, struct fl_err *err)
{
	struct fl_output *o = fl_output_open(path, err);
	struct fl_str header = { 0 };
	int bad;

	if (!o)
		return -1;
	make_header(m, &header);
	bad = fl_output_write(o, header.data, header.len, err);
	fl_str_free(&header);
	for (enum fl_metric i = 0; i < FL_METRICS && !bad; i++)
		if (m->sum[i])
			bad = fl_output_write(o, m->sum[i], count(m, i) * sizeof(double), err);
	for (enum fl_moment i = 0; i < FL_MOMENTS && !bad; i++)
		if (fl_moments_any(&m->moment[i]))
			bad = fl_moments_write(&m->moment[i], moment_names[i], o, err);
	return fl_output_end(o, bad, err);
}

int
fl_metrics_check(const struct fl_metrics *m, const struct fl_config *c, bool force, const char *what,
    struct fl_err *err)
{
	char hex[FL_DIGEST_LEN];

	if (m->layers != c->layers || m->ffn != c->ffn || m->width != c->width)
		return fl_err_data(err,
		    "the metrics are of a model with %d layers, width %d and ffn %d, not of '%s'", m->layers,
		    m->width, m->ffn, what);
	if (m->attn && m->attn != c->heads * c->head_dim)
		return fl_err_data(err,
		    "the metrics are of a model whose heads have %d dimensions together, not of '%s'", m->attn,
		    what);
	if (force || strcmp(m->fingerprint, fl_config_fingerprint(c, hex)) == 0)
		return 0;
	return fl_err_data(err, "the metrics are of another model than '%s' (--force takes them)", what);
}

int
fl_metrics_lack(const struct fl_metrics *m, const char *what, const char *lacking, const char *made_by, struct fl_err *err)
{
	if (!m)
		return fl_err_usage(err, "%s needs metrics: make them with fl-calibrate %s, and give them with -m", what,
		    made_by);
	return fl_err_data(err, "%s needs %s, which the metrics do not have: make metrics with fl-calibrate %s", what,
	    lacking, made_by);
}

int
fl_metrics_need(const struct fl_metrics *m, enum fl_metric which, const char *what, struct fl_err *err)
{
	char lacking[64];
	bool weights_alone = which == FL_FFN_STATIC || which == FL_DIM_STATIC;

	if (m && m->sum[which])
		return 0;
	snprintf(lacking, sizeof lacking, "'%s'", names[which]);
	return fl_metrics_lack(m, what, lacking, weights_alone ? "--static" : "-t tokens", err);
}

int
fl_metrics_need_moment(const struct fl_metrics *m, enum fl_moment which, const char *what, struct fl_err *err)
{
	char lacking[64];

	if (m && m->moment[which].read)
		return 0;
	snprintf(lacking, sizeof lacking, "'%s'", moment_names[which]);
	return fl_metrics_lack(m, what, lacking, "--moments", err);
}

static int
merge_moments(struct fl_metrics *a, const struct fl_metrics *b, enum fl_moment i, struct fl_err *err)
{
	bool has = fl_moments_any(&b->moment[i]);

	if (a->tokens && b->tokens && fl_moments_any(&a->moment[i]) != has)
		return fl_err_data(err, "only one of the metrics has '%s'", moment_names[i]);
	return has ? fl_moments_merge(&a->moment[i], &b->moment[i], err) : 0;
}

/* Of the weights alone: the same in all files. */
static bool
is_sum(enum fl_metric i)
{
	return i != FL_FFN_STATIC && i != FL_DIM_STATIC && i != FL_DIM_WEIGHT && !fl_metric_is_loss(i);
}

static int
merge_member(struct fl_metrics *a, const struct fl_metrics *b, enum fl_metric i, struct fl_err *err)
{
	bool had = a->sum[i], has = b->sum[i];
	size_t n = count(a, i);

	if (is_sum(i) && a->tokens && b->tokens && had != has)
		return fl_err_data(err, "only one of the metrics has '%s'", names[i]);
	if (fl_metric_is_loss(i) && had && has)
		return fl_err_data(err, "'%s' is no sum: only one of the metrics may have it", names[i]);
	if (i == FL_DIM_WEIGHT && had && has && memcmp(a->sum[i], b->sum[i], n * sizeof(double)) != 0)
		return fl_err_data(err, "the metrics are of models whose norms have different weights");
	if (!has || (had && !is_sum(i)))
		return 0;
	fl_metrics_make(a, i);
	for (size_t k = 0; k < n; k++)
		a->sum[i][k] += b->sum[i][k];
	if (!fl_sums_finite(a->sum[i], n))
		return fl_err_data(err, "the sums of '%s' are not finite", names[i]);
	return 0;
}

/* True if sums of both would be over the same kind of sequences, and of the same things. */
static bool
sums_match(const struct fl_metrics *a, const struct fl_metrics *b)
{
	bool match = a->context == b->context && a->bos == b->bos;

	for (enum fl_metric i = 0; i < FL_METRICS && match; i++)
		match = !is_sum(i) || !a->sum[i] == !b->sum[i];
	for (enum fl_moment i = 0; i < FL_MOMENTS && match; i++)
		match = fl_moments_any(&a->moment[i]) == fl_moments_any(&b->moment[i]);
	return match;
}

/* True if m is there for its losses, and may do without its sums: moments would be lost with them. */
static bool
can_lose_sums(const struct fl_metrics *m)
{
	for (enum fl_moment i = 0; i < FL_MOMENTS; i++)
		if (fl_moments_any(&m->moment[i]))
			return false;
	return m->sum[FL_LAYER_DROP_LOSS] || m->sum[FL_ATTN_DROP_LOSS];
}

static void
remove_sums(struct fl_metrics *m)
{
	fl_note("sums of %lld tokens do not match the others: only the losses beside them are merged", m->tokens);
	m->tokens = m->sequences = 0;
	for (enum fl_metric i = 0; i < FL_METRICS; i++)
		if (is_sum(i)) {
			free(m->sum[i]);
			m->sum[i] = NULL;
		}
}

int
fl_metrics_merge(struct fl_metrics *a, struct fl_metrics *b, struct fl_err *err)
{
	if (strcmp(a->fingerprint, b->fingerprint) != 0 || a->layers != b->layers || a->ffn != b->ffn ||
	    a->width != b->width || (a->attn && b->attn && a->attn != b->attn))
		return fl_err_data(err, "the metrics are of different models: %s and %s", a->fingerprint,
		    b->fingerprint);
	if (a->tokens && b->tokens && !sums_match(a, b) && (can_lose_sums(b) || can_lose_sums(a)))
		remove_sums(can_lose_sums(b) ? b : a);
	if (a->tokens > MAX_TOKENS - b->tokens || a->sequences > MAX_TOKENS - b->sequences)
		return fl_err_data(err, "the metrics count too many tokens");
	if (a->tokens && b->tokens && (a->context != b->context || a->bos != b->bos))
		return fl_err_data(err, "the metrics were taken with different contexts or BOS policies");
	if (!a->tokens) {
		a->context = b->context;
		a->bos = b->bos;
	}
	if (!a->attn)
		a->attn = b->attn;
	if (a->reach && b->reach && a->reach != b->reach)
		return fl_err_data(err, "'%s' of the metrics reach %d layers and %d", moment_names[FL_LAYER_ACROSS],
		    a->reach, b->reach);
	if (!a->reach)
		a->reach = b->reach;
	for (enum fl_metric i = 0; i < FL_METRICS; i++)
		if (merge_member(a, b, i, err) < 0)
			return -1;
	for (enum fl_moment i = 0; i < FL_MOMENTS; i++)
		if (merge_moments(a, b, i, err) < 0)
			return -1;
	a->tokens += b->tokens;
	a->sequences += b->sequences;
	return 0;
}
