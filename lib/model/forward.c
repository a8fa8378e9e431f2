/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens in, in each of the three ways, and through the layers. */
#include "model/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/forward_impl.h"
#include "model/rope_of.h"

void
fl_forward_layers(struct fl_forward *f, int first, int end)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_acts *a = f->acts.layer;
	size_t size = f->rows * (size_t)c->width * sizeof *a->x;

	for (int l = first; l < end; l++) {
		if (f->before)
			memcpy(f->before, a[l].x, size);
		fl_forward_layer(f, l);
		if (f->hooks.layer && !(f->leave && f->leave[l] == FL_LEAVE_LAYER))
			f->hooks.layer(f->hooks.ctx, l, f->before, a[l + 1].x, f->rows);
	}
	if (end == c->layers)
		fl_forward_norm(f, 2 * c->layers, a[c->layers].norm, a[c->layers].x, f->m->final_norm);
}

static void
run_layers(struct fl_forward *f)
{
	fl_forward_layers(f, 0, f->m->config.layers);
}

float *
fl_forward_stream(struct fl_forward *f)
{
	return f->acts.layer[0].x;
}

void
fl_forward_leave(struct fl_forward *f, const enum fl_leave *leave)
{
	if (f->acts.kept != FL_ACTS_NONE)
		fl_bug("parts left out of layers whose activations are kept");
	f->leave = leave;
}

static int
check_ids(const struct fl_forward *f, const uint32_t *ids, size_t n, struct fl_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] >= (uint32_t)f->m->config.vocab)
			return fl_err_data(err, "'%s': token %zu is %u, beyond the model's vocabulary of %d",
			    fl_model_name(f->m), i, ids[i], f->m->config.vocab);
	return 0;
}

/* Makes the rotations those of sequences up to this long, which are `whole` in this call or not. */
static int
rotate_for(struct fl_forward *f, size_t length, bool whole, struct fl_err *err)
{
	const struct fl_config *c = &f->m->config;
	size_t wanted = fl_rope_depends(c, length) ? length : 0;

	if (!whole && fl_rope_check_pieces(c, length, fl_model_name(f->m), err) < 0)
		return -1;
	if (wanted == f->rope_length)
		return 0;
	free(f->rope);
	f->rope = fl_rope_of_config(c, f->positions + f->capacity, wanted);
	f->rope_length = wanted;
	return 0;
}

static void
embed(struct fl_forward *f, const uint32_t *ids, size_t sequences, size_t n)
{
	float *x = f->acts.layer[0].x;

	f->rows = n;
	f->sequences = sequences;
	for (size_t i = 0; i < n; i++)
		fl_matrix_rows_f32(&f->m->embed, ids[i], 1, x + i * (size_t)f->m->config.width);
	fl_forward_lap(f, FL_WORK_OTHER);
}

int
fl_forward_batch(struct fl_forward *f, const uint32_t *ids, size_t sequences, size_t length,
    struct fl_err *err)
{
	return fl_forward_batch_of(f, ids, NULL, sequences, length, err);
}

int
fl_forward_begin(struct fl_forward *f, const uint32_t *ids, size_t sequences, size_t length, struct fl_err *err)
{
	if (sequences * length > f->capacity || sequences * length == 0 || f->depth)
		fl_bug("%zu sequences of %zu", sequences, length);
	if (check_ids(f, ids, sequences * length, err) < 0 || rotate_for(f, length, true, err) < 0)
		return -1;
	f->begin = NULL;
	embed(f, ids, sequences, sequences * length);
	return 0;
}

int
fl_forward_batch_of(struct fl_forward *f, const uint32_t *ids, const uint32_t *begin, size_t sequences,
    size_t length, struct fl_err *err)
{
	if ((begin && rotate_for(f, length, false, err) < 0) || fl_forward_begin(f, ids, sequences, length, err) < 0)
		return -1;
	f->begin = begin;
	run_layers(f);
	return 0;
}

int
fl_forward_append(struct fl_forward *f, const uint32_t *ids, size_t n, struct fl_err *err)
{
	if (n == 0 || n > f->positions - f->depth)
		fl_bug("%zu tokens after %zu of %zu", n, f->depth, f->positions);
	if (check_ids(f, ids, n, err) < 0 || rotate_for(f, f->depth + n, false, err) < 0)
		return -1;
	for (size_t at = 0; at < n; at += f->rows) {
		embed(f, ids + at, 0, n - at < f->capacity ? n - at : f->capacity);
		run_layers(f);
		f->depth += f->rows;
	}
	return 0;
}

/* The rows of spans, and what each follows; *end is the position after the last token. */
static size_t
lay_out(struct fl_forward *f, const struct fl_span *spans, size_t n, size_t *end)
{
	size_t rows = 0;

	*end = 0;
	f->span = fl_grow(f->span, &f->span_cap, n, sizeof *f->span);
	f->attention = fl_grow(f->attention, &f->attention_cap, n, sizeof *f->attention);
	for (size_t i = 0; i < n; i++) {
		struct fl_forward_span *s = &f->span[i], *after = NULL;

		if (spans[i].after != FL_NO_SPAN)
			after = &f->span[spans[i].after];
		if (spans[i].length == 0 || (after && (after >= s || after->after)))
			fl_bug("span %zu of %zu tokens after %zu", i, spans[i].length, spans[i].after);
		*s = (struct fl_forward_span){ rows, after ? after->position + after->length : f->depth, spans[i].length,
			after };
		if (s->position + s->length > *end)
			*end = s->position + s->length;
		rows += s->length;
	}
	return rows;
}

int
fl_forward_spans(struct fl_forward *f, const uint32_t *ids, const struct fl_span *spans, size_t n,
    struct fl_err *err)
{
	size_t end, rows = lay_out(f, spans, n, &end);

	if (rows == 0 || rows > f->capacity || f->kv.ring)
		fl_bug("%zu spans of %zu tokens", n, rows);
	if (check_ids(f, ids, rows, err) < 0 || rotate_for(f, end, false, err) < 0)
		return -1;
	embed(f, ids, 0, rows);
	f->spans = n;
	run_layers(f);
	f->spans = 0;
	return 0;
}

void
fl_forward_keep(struct fl_forward *f, const size_t *rows, size_t n)
{
	size_t width = (size_t)f->m->config.width;
	float *norm = fl_forward_final(f);

	for (size_t i = 0; i < n; i++)
		if (rows[i] != i)
			memcpy(norm + i * width, norm + rows[i] * width, width * sizeof *norm);
	f->rows = n;
}
