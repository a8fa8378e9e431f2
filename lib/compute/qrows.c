/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/qrows.h"

#include <string.h>

#include "base/parallel.h"
#include "compute/int8_row.h"
#include "compute/matrix.h"
#include "compute/vec.h"

/* Less than this many values are not worth waking a thread for. */
enum { TILE = 1 << 13 };

size_t
fl_qrows_room(size_t rows, size_t cols)
{
	return rows * (cols / sizeof(float) + cols / FL_MATRIX_GROUP + 2);
}

FL_CLONES static void
sum_groups(int32_t *start, const int8_t *q, size_t groups)
{
	for (size_t g = 0; g < groups; g++) {
		int32_t sum = 0;

		for (size_t i = 0; i < FL_MATRIX_GROUP; i++)
			sum += q[g * FL_MATRIX_GROUP + i];
		start[g] = -8 * sum;
	}
}

/* 0, or NaN if x has an infinity or what is no number. */
static float
nothing_of(const float *x, size_t n)
{
	float sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i] - x[i];
	return sum;
}

static void
round_row(const struct fl_qrows *r, size_t row, const float *x)
{
	int8_t *q = r->q + row * r->cols;
	size_t groups = r->cols / FL_MATRIX_GROUP;
	float scale, zero;

	if (fl_int8_range(x, r->cols, &scale, &zero)) {
		fl_int8_round(q, x, r->cols, scale, zero);
	} else {
		scale = nothing_of(x, r->cols);
		zero = 0;
		memset(q, 0, r->cols);
	}
	sum_groups(r->start + row * groups, q, groups);
	r->scale[row] = scale;
	r->zero[row] = zero;
}

struct job {
	struct fl_qrows r;
	const float *x;
	size_t step; /* rows a tile */
};

static void
round_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t last = (tile + 1) * j->step;

	(void)thread;
	for (size_t row = tile * j->step; row < last && row < j->r.rows; row++)
		round_row(&j->r, row, j->x + row * j->r.cols);
}

struct fl_qrows
fl_qrows_make(float *room, const float *x, size_t rows, size_t cols)
{
	struct job j = { { .rows = rows, .cols = cols }, x, TILE / (cols + 1) + 1 };

	j.r.q = (int8_t *)room;
	j.r.start = (int32_t *)(room + rows * cols / sizeof(float));
	j.r.scale = (float *)(j.r.start + rows * cols / FL_MATRIX_GROUP);
	j.r.zero = j.r.scale + rows;
	fl_parallel((rows + j.step - 1) / j.step, round_tile, &j);
	return j.r;
}
