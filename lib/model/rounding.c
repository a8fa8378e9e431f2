/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rounding.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "compute/gram.h"
#include "model/basis.h"

struct fl_rounding {
	const struct fl_passage *s;
	struct fl_quant_how how;
	float *weight;		    /* [out_cols], for how; or NULL */
	const struct fl_gptq *gptq; /* the plan's; or NULL */
};

/* The lower triangle of the moments of k's columns, in its order. */
static float *
pick_moments(const struct fl_step *t, const struct fl_keep *k)
{
	const char *all = fl_moments_site(t->moments, t->site);
	float *picked = fl_alloc(fl_gram_size(k->n), sizeof *picked), *to = picked;

	for (size_t i = 0; i < k->n; i++)
		for (size_t j = 0; j <= i; j++) {
			size_t a = k->index[i], b = k->index[j], row = a > b ? a : b, col = a > b ? b : a;

			memcpy(to++, all + (fl_gram_row(row) + col) * sizeof *to, sizeof *to);
		}
	return picked;
}

/* Moments of the stream turn with it. */
static struct fl_gptq *
new_factor(const struct fl_passage *s, struct fl_err *err)
{
	const struct fl_step *t = s->step;
	bool turned = t->side == FL_SIDE_READS || t->side == FL_SIDE_ROWS;
	float *moment = turned ? fl_basis_moment(t->basis, t->norm, err) : t->cols ? pick_moments(t, t->cols) : NULL;
	struct fl_gptq *g;

	if (turned && !moment)
		return NULL;
	g = fl_gptq_new(moment ? (const void *)moment : fl_moments_site(t->moments, t->site), s->out_cols);
	if (!g)
		fl_passage_bad_moments(s, err);
	fl_moments_done(t->moments, t->site);
	free(moment);
	return g;
}

/* Query, key and value have the same inputs, gate and up too. */
static const struct fl_gptq *
factor_of(const struct fl_passage *s, struct fl_err *err)
{
	struct fl_factor *f = s->factor;

	if (!f->gptq || f->moments != s->step->moments || f->site != s->step->site) {
		fl_gptq_free(f->gptq);
		f->moments = s->step->moments;
		f->site = s->step->site;
		f->gptq = new_factor(s, err);
	}
	return f->gptq;
}

/* From the energy of the columns that the result has. */
static float *
new_weights(const struct fl_passage *s)
{
	const struct fl_keep *k = s->step->cols;
	float *weight = fl_alloc(s->out_cols, sizeof *weight);
	double *energy = fl_alloc(s->out_cols, sizeof *energy);

	for (size_t j = 0; j < s->out_cols; j++)
		energy[j] = s->step->energy[k ? k->index[j] : j];
	fl_quant_weights(weight, energy, s->out_cols);
	free(energy);
	return weight;
}

struct fl_rounding *
fl_rounding_new(const struct fl_passage *s, struct fl_err *err)
{
	struct fl_rounding *r = fl_alloc(1, sizeof *r);

	r->s = s;
	r->how = s->step->how;
	if (s->step->moments && !(r->gptq = factor_of(s, err))) {
		fl_rounding_free(r);
		return NULL;
	}
	if (s->step->energy)
		r->how.weight = r->weight = new_weights(s);
	return r;
}

void
fl_rounding_free(struct fl_rounding *r)
{
	if (!r)
		return;
	free(r->weight);
	free(r);
}

int
fl_rounding_rows(const struct fl_rounding *r, float *x, size_t n, uint32_t *packed, uint16_t *scale)
{
	size_t cols = r->s->out_cols, at_once = r->gptq ? FL_GPTQ_ROWS : 1;
	int bits = r->s->step->bits, bad = 0;

	for (size_t i = 0, rows; i < n && !bad; i += rows) {
		uint32_t *p = packed + i * fl_quant_words(cols, bits);
		uint16_t *s = scale + i * cols / FL_MATRIX_GROUP;

		rows = fl_min(at_once, n - i);
		bad = r->gptq ? fl_gptq_rows(r->gptq, x + i * cols, rows, bits, &r->how, p, s) :
				fl_quant_row(x + i * cols, cols, bits, &r->how, p, s);
	}
	return bad;
}
