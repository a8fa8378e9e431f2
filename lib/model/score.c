/* SPDX-License-Identifier: Apache-2.0 */
#include "model/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/rng.h"

const char *const fl_score_names[] = { "flash", "minitron", "mean", "static", "random", "obs", NULL };
const char *const fl_layer_score_names[] = { "flash", "bi", "angular", "loss", "random", NULL };

/* Streams of the random scores: layers draw from 0, the width from 1, the FFN of layer l from 2 + l. */
enum { STREAM_LAYERS, STREAM_WIDTH, STREAM_FFN };

static bool
is(const char *formula, const char *name)
{
	return strcmp(formula, name) == 0;
}

/* `option` is the one that asks for the formula. */
static const double *
need(const struct fl_metrics *m, enum fl_metric which, const char *option, const char *formula, struct fl_err *err)
{
	char what[64];

	snprintf(what, sizeof what, "%s %s", option, formula);
	if (fl_metrics_need(m, which, what, err) < 0)
		return NULL;
	if (m->tokens > 0 || which == FL_FFN_STATIC || which == FL_DIM_STATIC)
		return m->sum[which];
	fl_err_data(err, "%s: the metrics count no tokens", what);
	return NULL;
}

static int
random_scores(uint64_t seed, uint64_t stream, size_t n, double *out)
{
	struct fl_rng r = fl_rng_new(seed, stream);

	for (size_t i = 0; i < n; i++)
		out[i] = fl_rng_unit(&r);
	return 0;
}

int
fl_score_ffn(const struct fl_metrics *m, const char *formula, int layer, uint64_t seed, size_t n,
    double *out, struct fl_err *err)
{
	enum fl_metric which = is(formula, "minitron") ? FL_FFN_SEQ_SQ :
	    is(formula, "mean")			       ? FL_FFN_SUM_ABS :
	    is(formula, "static")		       ? FL_FFN_STATIC :
							 FL_FFN_SUM_SQ;
	const double *sum;

	if (is(formula, "obs"))
		return fl_err_data(err, "--score obs of a channel needs more than metrics");
	if (is(formula, "random"))
		return random_scores(seed, STREAM_FFN + (uint64_t)layer, n, out);
	sum = need(m, which, "--score", formula, err);
	if (!sum)
		return -1;
	sum += (size_t)layer * n;
	for (size_t j = 0; j < n; j++)
		out[j] = which == FL_FFN_SUM_SQ ? sqrt(sum[j] / (double)m->tokens) :
		    which == FL_FFN_SEQ_SQ	? sqrt(sum[j]) :
		    which == FL_FFN_SUM_ABS	? sum[j] / (double)m->tokens :
						  sum[j];
	return 0;
}

int
fl_score_width(const struct fl_metrics *m, const char *formula, uint64_t seed, size_t n, double *out,
    struct fl_err *err)
{
	bool minitron = is(formula, "minitron"), flash = is(formula, "flash") || is(formula, "obs");
	enum fl_metric which = minitron ? FL_DIM_OUT_SEQ_SQ :
	    is(formula, "mean")		? FL_DIM_SUM_ABS :
	    is(formula, "static")	? FL_DIM_STATIC :
					  FL_DIM_SUM_SQ;
	const double *sum;
	size_t sites, cols;
	double positions;

	if (is(formula, "random"))
		return random_scores(seed, STREAM_WIDTH, n, out);
	sum = need(m, which, "--score", formula, err);
	if (!sum)
		return -1;
	fl_metric_shape(m, which, &sites, &cols);
	positions = (double)m->tokens * (double)sites;
	if (minitron)
		sites--; /* the norms of the layers, not the final one */
	memset(out, 0, n * sizeof *out);
	for (size_t s = 0; s < sites; s++)
		for (size_t j = 0; j < n; j++)
			out[j] += minitron ? sqrt(sum[s * n + j]) : sum[s * n + j];
	for (size_t j = 0; j < n; j++)
		out[j] = flash ? sqrt(out[j] / positions) :
		    minitron   ? out[j] :
		    which == FL_DIM_STATIC ? sqrt(out[j]) :
					     out[j] / positions;
	return 0;
}

/* The run of `remove` layers whose input and output lie closest in angle. */
static void
least_angle(const double *angle, double tokens, int layers, int remove, bool *gone)
{
	int best = 0;

	for (int l = 0; l + remove <= layers; l++)
		if (angle[l * (layers + 1) + l + remove] <
		    angle[best * (layers + 1) + best + remove])
			best = l;
	for (int l = best; l < best + remove; l++)
		gone[l] = true;
	fl_note("layers %d to %d go: the angle between their ends is %.4f of a half turn", best, best + remove - 1,
	    angle[best * (layers + 1) + best + remove] / tokens);
}

int
fl_score_least(const double *loss, int n)
{
	int least = -1;

	for (int l = 0; l < n; l++)
		if (loss[l] > 0 && (least < 0 || loss[l] <= loss[least]))
			least = l;
	return least;
}

int
fl_score_order(const struct fl_metrics *m, enum fl_metric which, int *out)
{
	const double *loss = m->sum[which];
	int n = 0;

	for (; n < m->layers; n++, loss += m->layers) {
		out[n] = fl_score_least(loss, m->layers);
		if (out[n] < 0)
			break;
		for (int i = 0; i < n; i++)
			if (out[i] == out[n])
				return -1;
	}
	return n;
}

int
fl_score_drops(const struct fl_metrics *m, enum fl_metric which, int remove, const char *what, bool *gone,
    struct fl_err *err)
{
	int order[FL_ARCH_LAYERS], n = m && m->sum[which] ? fl_score_order(m, which, order) : 0;
	char lacking[64], made_by[64];

	snprintf(lacking, sizeof lacking, "'%s' of %d rounds", fl_metric_name(which), remove);
	snprintf(made_by, sizeof made_by, "--drop-%s %d", which == FL_ATTN_DROP_LOSS ? "attention" : "layers", remove);
	if (n < remove)
		return fl_metrics_lack(m, what, lacking, made_by, err);
	for (int r = 0; r < remove; r++) {
		gone[order[r]] = true;
		fl_note("%s %d goes: the loss without it and those before is %.4f nats",
		    which == FL_ATTN_DROP_LOSS ? "the attention of layer" : "layer", order[r],
		    m->sum[which][r * m->layers + order[r]]);
	}
	return 0;
}

const char *
fl_score_layers_usual(const struct fl_metrics *m, int remove)
{
	int order[FL_ARCH_LAYERS];

	return m && m->sum[FL_LAYER_DROP_LOSS] && fl_score_order(m, FL_LAYER_DROP_LOSS, order) >= remove ? "loss" : "flash";
}

int
fl_score_layers(const struct fl_metrics *m, const char *formula, uint64_t seed, int layers,
    int remove, bool *gone, struct fl_err *err)
{
	double score[FL_ARCH_LAYERS];
	const double *sum;

	if (is(formula, "loss"))
		return fl_score_drops(m, FL_LAYER_DROP_LOSS, remove, "--layer-score loss", gone, err);
	if (is(formula, "random")) {
		random_scores(seed, STREAM_LAYERS, (size_t)layers, score);
	} else {
		enum fl_metric which = is(formula, "angular") ? FL_LAST_ANGLE :
		    is(formula, "bi")			      ? FL_LAYER_COS :
								FL_LAYER_COS_LN;

		sum = need(m, which, "--layer-score", formula, err);
		if (!sum)
			return -1;
		if (which == FL_LAST_ANGLE) {
			least_angle(sum, (double)m->sequences, layers, remove, gone);
			return 0;
		}
		for (int l = 0; l < layers; l++)
			score[l] = 1 - sum[l] / (double)m->tokens;
	}
	for (; remove > 0; remove--) {
		int worst = -1; /* of equal ones the last goes: ties keep the lower index */

		for (int l = 0; l < layers; l++)
			if (!gone[l] && (worst < 0 || score[l] <= score[worst]))
				worst = l;
		gone[worst] = true;
		fl_note("layer %d goes: its score by %s is %.4f", worst, formula, score[worst]);
	}
	return 0;
}

struct block {
	double worth;
	size_t index;
	bool whole;
};

/* Best first: whole blocks before the short one, then worth, then the lower index. */
static int
by_worth(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	if (x->whole != y->whole)
		return x->whole ? -1 : 1;
	if (x->worth != y->worth)
		return x->worth > y->worth ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static int
by_index(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

int
fl_select(const double *score, size_t n, size_t keep, size_t block, uint32_t *out)
{
	size_t blocks = (n + block - 1) / block, kept = keep / block, k = 0;
	struct block *b;

	if (keep == n) {
		for (size_t i = 0; i < n; i++)
			out[i] = (uint32_t)i;
		return 0;
	}
	if (keep > n || keep % block)
		return -1;
	b = fl_alloc(blocks, sizeof *b);
	for (size_t i = 0; i < n; i++) {
		b[i / block].index = i / block;
		b[i / block].worth += score[i] * score[i];
		b[i / block].whole = (i / block + 1) * block <= n;
	}
	qsort(b, blocks, sizeof *b, by_worth);
	qsort(b, kept, sizeof *b, by_index);
	for (size_t i = 0; i < kept; i++)
		for (size_t j = 0; j < block; j++)
			out[k++] = (uint32_t)(b[i].index * block + j);
	free(b);
	return 0;
}
