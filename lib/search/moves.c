/* SPDX-License-Identifier: Apache-2.0 */
#include "search/moves.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { VALUES = 64 }; /* of width or ffn that are all next to one another; of more, so many steps around */

void
fl_moves_point(const struct fl_arch *a, struct fl_arch *point)
{
	memset(point, 0, sizeof *point);
	point->width = a->width;
	point->ffn = a->ffn;
	point->layers = a->layers;
	memcpy(point->pattern, a->pattern, (size_t)a->layers);
}

static void
draw(const void *ctx, struct fl_rng *rng, void *point)
{
	const struct fl_space *s = ctx;
	int dims = fl_space_dims(s);
	double *u = fl_alloc((size_t)dims, sizeof *u);
	struct fl_arch a;

	for (int i = 0; i < dims; i++)
		u[i] = fl_rng_unit(rng);
	fl_space_draw(s, u, &a);
	fl_moves_point(&a, point);
	free(u);
}

static void
add(const struct fl_space *s, const struct fl_arch *a, struct fl_points *out)
{
	struct fl_arch point;

	if (!fl_space_has(s, a))
		return;
	fl_moves_point(a, &point);
	fl_points_add(out, &point);
}

/* Every value of a range near the present one, which *field is set to in turn. */
static void
along(const struct fl_space *s, struct fl_range r, struct fl_arch *a, int *field, struct fl_points *out)
{
	int was = *field;

	for (int v = r.first; v <= r.last; v += r.step)
		if (v != was && abs(v - was) / r.step <= VALUES) {
			*field = v;
			add(s, a, out);
		}
	*field = was;
}

static void
other_letters(const struct fl_space *s, struct fl_arch *a, struct fl_points *out)
{
	for (int i = 0; i < a->layers; i++) {
		char was = a->pattern[i];

		for (const char *c = s->letters; *c; c++)
			if (*c != was) {
				a->pattern[i] = *c;
				add(s, a, out);
			}
		a->pattern[i] = was;
	}
}

static void
swaps(const struct fl_space *s, struct fl_arch *a, struct fl_points *out)
{
	for (int i = 0; i < a->layers; i++)
		for (int k = 0; k < i; k++) {
			char x = a->pattern[i], y = a->pattern[k];

			if (x == y)
				continue;
			a->pattern[i] = y;
			a->pattern[k] = x;
			add(s, a, out);
			a->pattern[i] = x;
			a->pattern[k] = y;
		}
}

/* A step more or fewer layers, alike and together, anywhere; the others keep their order. */
static void
lengths(const struct fl_space *s, const struct fl_arch *a, struct fl_points *out)
{
	int step = s->layers.step;

	for (int at = 0; at <= a->layers; at++) {
		struct fl_arch b = *a;

		if (a->layers + step <= s->layers.last)
			for (const char *c = s->letters; *c; c++) {
				b.layers = a->layers + step;
				memset(b.pattern + at, *c, (size_t)step);
				memcpy(b.pattern + at + step, a->pattern + at, (size_t)(a->layers - at));
				add(s, &b, out);
			}
		if (at + step <= a->layers && a->layers - step >= s->layers.first) {
			memset(b.pattern, 0, sizeof b.pattern);
			b.layers = a->layers - step;
			memcpy(b.pattern, a->pattern, (size_t)at);
			memcpy(b.pattern + at, a->pattern + at + step, (size_t)(a->layers - at - step));
			add(s, &b, out);
		}
	}
}

static void
neighbours(const void *ctx, const void *point, struct fl_points *out)
{
	const struct fl_space *s = ctx;
	struct fl_arch a;

	memcpy(&a, point, sizeof a);
	along(s, s->width, &a, &a.width, out);
	along(s, s->ffn, &a, &a.ffn, out);
	other_letters(s, &a, out);
	swaps(s, &a, out);
	lengths(s, &a, out);
}

struct fl_domain
fl_moves(const struct fl_space *s)
{
	return (struct fl_domain){ sizeof(struct fl_arch), s, draw, neighbours };
}
