/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of the weights alone. A residual dimension is a column of what reads the stream (the
 * embedding and the head, q, k, v, gate, up, the gains of the norms) and a row of what writes it
 * (o and its bias, down; the embedding is one tensor, counted once). */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "compute/sums.h"
#include "model/calibrate.h"
#include "model/roles.h"

/* Adds the sums of squares of the rows and of the columns; either may be NULL. */
static void
add_squares(const struct fl_matrix *m, double *rows, double *cols)
{
	enum { BLOCK = 256 };
	float *x;

	if (!m->data)
		return;
	x = fl_alloc(BLOCK * m->cols, sizeof *x);
	for (size_t first = 0; first < m->rows; first += BLOCK) {
		size_t n = m->rows - first < BLOCK ? m->rows - first : BLOCK;

		fl_matrix_rows_f32(m, first, n, x);
		if (rows)
			fl_sum_rows_sq(x, n, m->cols, rows + first);
		if (cols)
			fl_sum_columns(x, n, m->cols, n, &(struct fl_column_sums){ .sq = cols });
	}
	free(x);
}

static void
add_vector(const float *x, size_t n, double *out)
{
	for (size_t i = 0; x && i < n; i++)
		out[i] += (double)x[i] * (double)x[i];
}

/* A weight and what its squares add to: a matrix's rows and columns, or a vector's members. */
struct part {
	enum fl_role role;
	const struct fl_matrix *matrix; /* NULL: */
	const float *vector;
	double *rows, *cols;
};

static int
add_part(const struct fl_model *m, const struct part *p, int layer, struct fl_err *err)
{
	size_t rows = p->matrix ? p->matrix->rows : 0, cols = p->matrix ? p->matrix->cols : 0;
	char *name;

	if (p->matrix) {
		add_squares(p->matrix, p->rows, p->cols);
	} else {
		cols = (size_t)m->config.width;
		add_vector(p->vector, cols, p->cols);
	}
	if ((!p->rows || fl_sums_finite(p->rows, rows)) && (!p->cols || fl_sums_finite(p->cols, cols)))
		return 0;
	name = fl_weight_name(p->role, layer,
	    fl_weight_bits(&m->config, p->role, layer) ? FL_PART_SCALE : FL_PART_WEIGHT);
	fl_err_data(err, "'%s': '%s' holds a value that is not finite", fl_model_name(m), name);
	free(name);
	return -1;
}

/* |up_j| |gate_j| |down_j| of the channels, and the layer's part of the dimensions. */
static int
add_layer(const struct fl_model *m, int l, double *channel, double *dim, struct fl_err *err)
{
	const struct fl_layer *layer = &m->layer[l];
	size_t ffn = (size_t)m->config.ffn;
	double *gate = fl_alloc(3 * ffn, sizeof *gate), *up = gate + ffn, *down = up + ffn;
	const struct part part[] = {
		{ FL_ATTN_NORM, NULL, layer->attn_norm, NULL, dim },
		{ FL_Q, &layer->q, NULL, NULL, dim },
		{ FL_K, &layer->k, NULL, NULL, dim },
		{ FL_V, &layer->v, NULL, NULL, dim },
		{ FL_O, &layer->o, NULL, dim, NULL },
		{ FL_O_BIAS, NULL, layer->o_bias, NULL, dim },
		{ FL_FFN_NORM, NULL, layer->ffn_norm, NULL, dim },
		{ FL_GATE, &layer->gate, NULL, gate, dim },
		{ FL_UP, &layer->up, NULL, up, dim },
		{ FL_DOWN, &layer->down, NULL, dim, down },
	};
	int bad = 0;

	for (size_t i = 0; !bad && i < sizeof part / sizeof *part; i++)
		bad = add_part(m, &part[i], l, err);
	for (size_t j = 0; j < ffn; j++)
		channel[j] = sqrt(gate[j]) * sqrt(up[j]) * sqrt(down[j]);
	free(gate);
	return bad;
}

void
fl_calibrate_norms(const struct fl_model *m, struct fl_metrics *out)
{
	size_t n = (size_t)m->config.width, layers = (size_t)m->config.layers;
	double *to = fl_metrics_make(out, FL_DIM_WEIGHT);

	for (size_t site = 0; site <= 2 * layers; site++) {
		const struct fl_layer *l = &m->layer[site / 2];
		const float *w = site == 2 * layers ? m->final_norm : site % 2 ? l->ffn_norm : l->attn_norm;

		for (size_t j = 0; j < n; j++)
			to[site * n + j] = w ? w[j] : 0;
	}
}

int
fl_calibrate_static(const struct fl_model *m, struct fl_metrics *out, struct fl_err *err)
{
	double *channel = fl_metrics_make(out, FL_FFN_STATIC);
	double *dim = fl_metrics_make(out, FL_DIM_STATIC);
	const struct part embed = { FL_EMBED, &m->embed, NULL, NULL, dim },
			  norm = { FL_FINAL_NORM, NULL, m->final_norm, NULL, dim },
			  head = { FL_HEAD, &m->head, NULL, NULL, dim };
	int bad = add_part(m, &embed, -1, err);

	fl_calibrate_norms(m, out);
	for (int l = 0; !bad && l < m->config.layers; l++)
		bad = add_layer(m, l, channel + (size_t)l * (size_t)m->config.ffn, dim, err);
	if (!bad)
		bad = add_part(m, &norm, -1, err);
	if (!bad && !m->config.tied)
		bad = add_part(m, &head, -1, err);
	return bad;
}
