/* SPDX-License-Identifier: Apache-2.0 */
/* Of the weights only G = w' w counts: the cost of a block is tr(G_bb P_bb^-1). Members of a block go one by one, each
 * a step of a Cholesky factorization of P with pivots: with p = P_:j, g = G_:j,
 *
 *     l = p / sqrt(p_j),  z = g / sqrt(p_j) - l g_j / 2 p_j,    P -= l l',  G -= l z' + z l'
 *
 * l and z of up to STEPS members are kept apart: columns of P and G, and their blocks on the diagonal, are brought up to
 * date as they are needed, the matrices once in STEPS, by products. What went is squeezed out of them when it is a part
 * in SQUEEZE. */
#include "compute/obs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linalg.h"
#include "base/parallel.h"
#include "base/size.h"
#include "compute/gram.h"
#include "compute/shrink.h"

enum { STEPS = 64, TILE = 256, SQUEEZE = 16 };

struct obs {
	size_t stride, n;   /* of rows of p and g; columns left in them */
	size_t block;
	uint32_t *name;	    /* [n] which inputs they are */
	bool *gone;	    /* [n] since they were squeezed last */
	size_t went;	    /* how many */
	double *p, *g;	    /* lower triangles, as of then */
	double *pb, *gb;    /* [n / block, block, block], up to date; both triangles */
	double *l, *z;	    /* [most, stride] */
	size_t steps, most;
	double *scratch;    /* [2, block, block] */
};

/* Making P and G ----------------------------------------------------------------------------------- */

/* The first row and column of a tile of a triangle. */
static void
place(size_t tile, size_t *i, size_t *j)
{
	fl_gram_place(tile, i, j);
	*i *= TILE;
	*j *= TILE;
}

static size_t
tiles(size_t n)
{
	return fl_gram_size((n + TILE - 1) / TILE);
}

/* The inverse of what moment holds, or NULL. */
static double *
invert(const void *moment, size_t n, double positions)
{
	double *root = fl_alloc_aligned(n * n, sizeof *root, "the moments of a layer"), *p = NULL;

	bool good = fl_gram_load(root, moment, n, 0, NULL) == 0;

	if (good)
		fl_shrink(root, n, positions);
	if (good && fl_cholesky_in_place(root, n) == 0) {
		p = fl_alloc_aligned(n * n, sizeof *p, "the moments of a layer");
		fl_cholesky_inverse(root, n, p);
	}
	free(root);
	return p;
}

static double *
square_weights(const float *w, size_t rows, size_t n)
{
	double *sum = fl_alloc(fl_gram_size(n), sizeof *sum), *g;

	fl_gram_add(sum, w, rows, n);
	g = fl_alloc_aligned(n * n, sizeof *g, "the weights of a layer");
	for (size_t i = 0; i < n; i++)
		memcpy(g + i * n, sum + fl_gram_row(i), (i + 1) * sizeof *g);
	free(sum);
	return g;
}

/* Removing ----------------------------------------------------------------------------------------- */

static double
element(const double *m, size_t stride, size_t i, size_t j)
{
	return i < j ? m[j * stride + i] : m[i * stride + j];
}

/* l and z of column j. */
static void
eliminate(struct obs *o, size_t j)
{
	double *l = o->l + o->steps * o->stride, *z = o->z + o->steps * o->stride, root, half;

	for (size_t i = 0; i < o->n; i++) {
		l[i] = element(o->p, o->stride, i, j);
		z[i] = element(o->g, o->stride, i, j);
	}
	for (size_t k = 0; k < o->steps; k++) {
		const double *lk = o->l + k * o->stride, *zk = o->z + k * o->stride, a = lk[j], b = zk[j];

		for (size_t i = 0; i < o->n; i++) {
			l[i] -= a * lk[i];
			z[i] -= a * zk[i] + b * lk[i];
		}
	}
	root = sqrt(l[j]);
	half = z[j] / l[j] / 2;
	for (size_t i = 0; i < o->n; i++) {
		l[i] /= root;
		z[i] = z[i] / root - half * l[i];
	}
	o->steps++;
}

/* The newest l and z, out of the blocks on the diagonal. */
static void
update_blocks(struct obs *o)
{
	const double *l = o->l + (o->steps - 1) * o->stride, *z = o->z + (o->steps - 1) * o->stride;
	size_t u = o->block;

	for (size_t b = 0; b < o->n / u; b++, l += u, z += u)
		for (size_t i = 0; i < u; i++)
			for (size_t j = 0; j < u; j++) {
				o->pb[(b * u + i) * u + j] -= l[i] * l[j];
				o->gb[(b * u + i) * u + j] -= l[i] * z[j] + z[i] * l[j];
			}
}

static void
bring_up(void *ctx, size_t tile, int thread)
{
	const struct obs *o = ctx;
	size_t i, j, m, n, at;

	(void)thread;
	place(tile, &i, &j);
	m = fl_min(TILE, o->n - i);
	n = fl_min(TILE, o->n - j);
	at = i * o->stride + j;
	fl_product_add(o->p + at, -1, o->l + i, o->l + j, m, n, o->steps, o->stride);
	fl_product_add(o->g + at, -1, o->l + i, o->z + j, m, n, o->steps, o->stride);
	fl_product_add(o->g + at, -1, o->z + i, o->l + j, m, n, o->steps, o->stride);
}

static void
squeeze(struct obs *o)
{
	size_t n = 0, u = o->block;

	for (size_t i = 0; i < o->n; i++) {
		size_t k = 0;

		if (o->gone[i])
			continue;
		for (size_t j = 0; j <= i; j++)
			if (!o->gone[j]) {
				o->p[n * o->stride + k] = o->p[i * o->stride + j];
				o->g[n * o->stride + k++] = o->g[i * o->stride + j];
			}
		if (o->pb) {
			memmove(o->pb + n * u, o->pb + i * u, u * sizeof *o->pb);
			memmove(o->gb + n * u, o->gb + i * u, u * sizeof *o->gb);
		}
		o->name[n++] = o->name[i];
	}
	memset(o->gone, 0, o->n * sizeof *o->gone);
	o->went = 0;
	o->n = n;
}

static void
flush(struct obs *o)
{
	fl_parallel(tiles(o->n), bring_up, o);
	o->steps = 0;
}

static void
remove_columns(struct obs *o, size_t first, size_t n)
{
	for (size_t j = first; j < first + n; j++) {
		eliminate(o, j);
		if (o->pb)
			update_blocks(o);
		o->gone[j] = true;
	}
	o->went += n;
	if (o->steps + o->block <= o->most)
		return;
	flush(o);
	if (o->went * SQUEEZE >= o->n)
		squeeze(o);
}

/* tr(G_bb P_bb^-1). */
static double
cost(const struct obs *o, size_t b)
{
	size_t u = o->block;
	const double *p = o->pb + b * u * u, *g = o->gb + b * u * u;
	double *root = o->scratch, *x = o->scratch + u * u, sum = 0;

	if (u == 1)
		return *g / *p;
	memcpy(root, p, u * u * sizeof *p);
	memcpy(x, g, u * u * sizeof *g);
	if (fl_cholesky_in_place(root, u) < 0)
		return INFINITY;
	fl_cholesky_solve(root, u, x, u);
	for (size_t i = 0; i < u; i++)
		sum += x[i * u + i];
	return sum;
}

static size_t
cheapest(const struct obs *o)
{
	size_t best = 0;
	double lowest = INFINITY;

	for (size_t b = 0; b < o->n / o->block; b++) {
		double c = o->gone[b * o->block] ? NAN : cost(o, b);

		if (c <= lowest) {
			lowest = c;
			best = b;
		}
	}
	return best;
}

static void
start_blocks(struct obs *o)
{
	size_t u = o->block;

	o->pb = fl_alloc(o->n * u, sizeof *o->pb);
	o->gb = fl_alloc(o->n * u, sizeof *o->gb);
	for (size_t i = 0; i < o->n; i++)
		for (size_t j = 0; j < u; j++) {
			o->pb[i * u + j] = element(o->p, o->stride, i, i / u * u + j);
			o->gb[i * u + j] = element(o->g, o->stride, i, i / u * u + j);
		}
}

static void
free_obs(struct obs *o)
{
	free(o->name);
	free(o->gone);
	free(o->p);
	free(o->g);
	free(o->pb);
	free(o->gb);
	free(o->l);
	free(o->z);
	free(o->scratch);
}

static int
start(struct obs *o, const void *moment, double positions, const float *w, size_t rows)
{
	double sum = 0;

	o->p = invert(moment, o->n, positions);
	if (!o->p)
		return -1;
	o->g = square_weights(w, rows, o->n);
	for (size_t i = 0; i < o->n; i++)
		sum += o->g[i * o->n + i];
	return isfinite(sum) ? 0 : -1;
}

int
fl_obs_choose(const void *moment, size_t n, double positions, const float *w, size_t rows, size_t block, size_t keep,
    uint32_t *out)
{
	struct obs o = { .stride = n, .n = n, .block = block, .most = block > STEPS ? block : STEPS };
	size_t tail = n % block;
	int bad;

	o.name = fl_alloc(n, sizeof *o.name);
	o.gone = fl_alloc(n, sizeof *o.gone);
	o.l = fl_alloc(o.most * n, sizeof *o.l);
	o.z = fl_alloc(o.most * n, sizeof *o.z);
	o.scratch = fl_alloc(2 * block * block, sizeof *o.scratch);
	for (size_t i = 0; i < n; i++)
		o.name[i] = (uint32_t)i;
	bad = start(&o, moment, positions, w, rows);
	if (!bad && keep < n) {
		remove_columns(&o, n - tail, tail);
		flush(&o);
		squeeze(&o);
		start_blocks(&o);
		for (size_t left = n - tail; left > keep; left -= block)
			remove_columns(&o, cheapest(&o) * block, block);
	}
	for (size_t i = 0; i < o.n && !bad; i++)
		if (!o.gone[i])
			*out++ = o.name[i];
	free_obs(&o);
	return bad;
}
