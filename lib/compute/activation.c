/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/activation.h"

#include "base/parallel.h"
#include "compute/vec.h"

enum { TILE = 1 << 14 /* floats a tile, whole vectors */ };

struct job {
	float *out[2];
	const float *in[3];
	size_t n;
	void (*run)(const struct job *j, size_t first, size_t last);
};

/* --- a vector at a time --- */

/* s = 1 / (1 + e^-x), with e^-x kept within numbers. x is raised to where x s is next to nothing. */
FL_INLINE void
sigmoid(fl_vec *s, fl_vec *x)
{
	fl_vec least = (fl_vec){ 0 } - 87, v = least, minus;
	fl_ivec nan;

	fl_vec_nan(&nan, x);
	fl_vec_max(x, &least);
	minus = -*x;
	fl_vec_max(&v, &minus);
	*s = 1 / (1 + FL_EXP(fl_vec, fl_ivec, v));
	*s = (fl_vec)((fl_ivec)*s | nan);
}

FL_INLINE void
load(fl_vec *v, const float *p, size_t n)
{
	if (n == FL_LANES)
		fl_vec_load(v, p);
	else
		fl_vec_load_part(v, p, n);
}

FL_INLINE void
store(float *p, const fl_vec *v, size_t n)
{
	memcpy(p, v, n * sizeof *p);
}

/* n <= FL_LANES floats from i on. */
FL_INLINE void
swiglu_some(const struct job *j, size_t i, size_t n)
{
	fl_vec gate, up, s;

	load(&gate, j->in[0] + i, n);
	load(&up, j->in[1] + i, n);
	sigmoid(&s, &gate);
	s = gate * s * up;
	store(j->out[0] + i, &s, n);
}

FL_CLONES static void
swiglu(const struct job *j, size_t first, size_t last)
{
	size_t i = first;

	for (; i + FL_LANES <= last; i += FL_LANES)
		swiglu_some(j, i, FL_LANES);
	if (i < last)
		swiglu_some(j, i, last - i);
}

/* silu'(x) = s (1 + x (1 - s)), s = sigmoid(x). */
FL_INLINE void
swiglu_grad_some(const struct job *j, size_t i, size_t n)
{
	fl_vec gate, up, da, s, dgate, dup;

	load(&da, j->in[0] + i, n);
	load(&gate, j->in[1] + i, n);
	load(&up, j->in[2] + i, n);
	sigmoid(&s, &gate);
	dgate = da * up * s * (1 + gate * (1 - s));
	dup = da * gate * s;
	store(j->out[0] + i, &dgate, n);
	store(j->out[1] + i, &dup, n);
}

FL_CLONES static void
swiglu_grad(const struct job *j, size_t first, size_t last)
{
	size_t i = first;

	for (; i + FL_LANES <= last; i += FL_LANES)
		swiglu_grad_some(j, i, FL_LANES);
	if (i < last)
		swiglu_grad_some(j, i, last - i);
}

FL_CLONES static void
add(const struct job *j, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++)
		j->out[0][i] = j->in[0][i] + j->in[1][i];
}

/* --- over all of them --- */

static void
run_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t first = tile * TILE, last = j->n - first < TILE ? j->n : first + TILE;

	(void)thread;
	j->run(j, first, last);
}

static void
run(struct job j)
{
	fl_parallel((j.n + TILE - 1) / TILE, run_tile, &j);
}

void
fl_swiglu(float *a, const float *gate, const float *up, size_t n)
{
	run((struct job){ { a }, { gate, up }, n, swiglu });
}

void
fl_swiglu_grad(float *dgate, float *dup, const float *da, const float *gate, const float *up, size_t n)
{
	run((struct job){ { dgate, dup }, { da, gate, up }, n, swiglu_grad });
}

void
fl_add(float *sum, const float *x, const float *y, size_t n)
{
	run((struct job){ { sum }, { x, y }, n, add });
}

/* --- a vector with each row of a matrix --- */

struct row_job {
	float *x;
	const float *y;
	size_t rows, cols;
};

static void
add_row(void *ctx, size_t row, int thread)
{
	const struct row_job *j = ctx;
	float *x = j->x + row * j->cols;

	(void)thread;
	add(&(struct job){ .out = { x }, .in = { x, j->y } }, 0, j->cols);
}

void
fl_add_rows(float *x, const float *y, size_t rows, size_t cols)
{
	fl_parallel(rows, add_row, &(struct row_job){ x, y, rows, cols });
}

enum { COLUMNS = 256 };

static void
sum_columns(void *ctx, size_t tile, int thread)
{
	const struct row_job *j = ctx;
	size_t from = tile * COLUMNS, n = j->cols - from < COLUMNS ? j->cols - from : COLUMNS;

	(void)thread;
	for (size_t r = 0; r < j->rows; r++)
		add(&(struct job){ .out = { j->x + from }, .in = { j->x + from, j->y + r * j->cols + from } }, 0, n);
}

void
fl_add_rows_grad(float *sum, const float *dx, size_t rows, size_t cols)
{
	fl_parallel((cols + COLUMNS - 1) / COLUMNS, sum_columns, &(struct row_job){ sum, dx, rows, cols });
}
