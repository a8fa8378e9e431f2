/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of the weights alone. A residual dimension is a column of what reads the stream (the
 * embedding and the head, q, k, v, gate, up, the gains of the norms) and a row of what writes it
 * (o, down; the embedding is one tensor, counted once). */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "compute/sums.h"
#include "model/calibrate.h"

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

/* |up_j| |gate_j| |down_j| of the channels, and the layer's part of the dimensions. */
static void
add_layer(const struct fl_layer *layer, size_t width, size_t ffn, double *channel, double *dim)
{
	double *gate = fl_alloc(3 * ffn, sizeof *gate), *up = gate + ffn, *down = up + ffn;

	add_vector(layer->attn_norm, width, dim);
	add_squares(&layer->q, NULL, dim);
	add_squares(&layer->k, NULL, dim);
	add_squares(&layer->v, NULL, dim);
	add_squares(&layer->o, dim, NULL);
	add_vector(layer->ffn_norm, width, dim);
	add_squares(&layer->gate, gate, dim);
	add_squares(&layer->up, up, dim);
	add_squares(&layer->down, dim, down);
	for (size_t j = 0; j < ffn; j++)
		channel[j] = sqrt(gate[j]) * sqrt(up[j]) * sqrt(down[j]);
	free(gate);
}

void
fl_calibrate_static(const struct fl_model *m, struct fl_metrics *out)
{
	size_t width = (size_t)m->config.width, ffn = (size_t)m->config.ffn;
	double *channel = fl_metrics_make(out, FL_FFN_STATIC);
	double *dim = fl_metrics_make(out, FL_DIM_STATIC);

	add_squares(&m->embed, NULL, dim);
	for (size_t l = 0; l < (size_t)m->config.layers; l++)
		add_layer(&m->layer[l], width, ffn, channel + l * ffn, dim);
	add_vector(m->final_norm, width, dim);
	if (!m->config.tied)
		add_squares(&m->head, NULL, dim);
}
