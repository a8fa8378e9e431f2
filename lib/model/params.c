/* SPDX-License-Identifier: Apache-2.0 */
#include "model/params.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/progress.h"

enum { PIECE = 1 << 18 /* floats converted at a time */ };

static size_t
length(const struct fl_tensor *t)
{
	return t->size / fl_dtype_size(t->dtype);
}

static void
lay_out(struct fl_params *p, const char *what)
{
	p->inventory = fl_inventory_new(&p->config, what);
	p->at = fl_alloc(p->inventory->n + 1, sizeof *p->at);
	for (size_t i = 0; i < p->inventory->n; i++)
		p->at[i + 1] = p->at[i] + length(&p->inventory->weight[i].tensor);
	p->n = p->at[p->inventory->n];
	p->w = fl_alloc_aligned(p->n, sizeof *p->w, "the weights");
}

void
fl_params_free(struct fl_params *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->members; i++) {
		free(p->member[i].name);
		free(p->member[i].data);
	}
	free(p->member);
	free(p->at);
	free(p->w);
	fl_inventory_free(p->inventory);
	fl_config_free(&p->config);
	free(p);
}

const char *
fl_params_member(const struct fl_params *p, const char *name, size_t *size)
{
	for (size_t i = 0; i < p->members; i++)
		if (strcmp(p->member[i].name, name) == 0) {
			*size = p->member[i].size;
			return p->member[i].data;
		}
	return NULL;
}

/* --- reading --- */

static void
keep_member(struct fl_params *p, const struct fl_item *item)
{
	p->member = fl_grow(p->member, &p->cap, p->members + 1, sizeof *p->member);
	p->member[p->members++] = (struct fl_params_member){ fl_strdup(item->name),
		fl_strndup(item->data, item->size), item->size };
}

static int
read_tensor(struct fl_params *p, struct fl_reader *r, const struct fl_tensor *t, struct fl_err *err)
{
	size_t index, size = fl_dtype_size(t->dtype), n;
	int ours = fl_inventory_tick(p->inventory, t, &index, err);

	if (ours <= 0)
		return ours;
	n = length(t);
	for (size_t i = 0; i < n; i += PIECE) {
		size_t count = n - i < PIECE ? n - i : PIECE;
		const void *from = fl_reader_take(r, count * size, err);

		if (!from)
			return -1;
		fl_dtype_to_f32(p->w + p->at[index] + i, from, t->dtype, count);
	}
	return 0;
}

static int
read_items(struct fl_params *p, struct fl_reader *r, struct fl_err *err)
{
	struct fl_item item;
	int got, bad = 0;

	while (!bad && (got = fl_reader_next(r, &item, err)) != 0) {
		if (got < 0)
			return -1;
		if (item.kind == FL_ITEM_MEMBER)
			keep_member(p, &item);
		else if (item.kind == FL_ITEM_TENSOR)
			bad = read_tensor(p, r, item.tensor, err);
	}
	return bad ? -1 : fl_inventory_done(p->inventory, r, err);
}

struct fl_params *
fl_params_read(struct fl_reader *r, struct fl_err *err)
{
	struct fl_params *p = fl_alloc(1, sizeof *p);
	const char *name = fl_reader_name(r);

	if (fl_config_parse(&p->config, fl_reader_config(r), name, err) == 0) {
		if (fl_quant_any(&p->config.quant)) {
			fl_err_data(err, "'%s' is quantized; train it first, then quantize", name);
		} else {
			lay_out(p, name);
			if (read_items(p, r, err) == 0)
				return p;
		}
	}
	fl_params_free(p);
	return NULL;
}

/* --- writing --- */

static int
write_weights(const struct fl_params *p, const float *w, struct fl_writer *out, struct fl_err *err)
{
	size_t tensors = p->inventory->n, size = fl_dtype_size(p->config.dtype);
	struct fl_tensor *t = fl_alloc(tensors, sizeof *t);
	char *stored = fl_alloc(PIECE, size);
	int bad = 0;

	for (size_t i = 0; i < tensors; i++) {
		const struct fl_tensor *from = &p->inventory->weight[i].tensor;

		if (fl_tensor_init(&t[i], from->name, p->config.dtype, from->ndim, from->shape) < 0)
			fl_bug("'%s' has a shape out of range", from->name);
	}
	bad = fl_writer_weights(out, "model.safetensors", t, tensors, NULL, err);
	for (size_t i = 0; i < p->n && !bad; i += PIECE) {
		size_t n = p->n - i < PIECE ? p->n - i : PIECE;

		fl_dtype_from_f32(stored, p->config.dtype, w + i, n);
		bad = fl_writer_put(out, stored, n * size, err);
	}
	free(stored);
	free(t);
	return bad;
}

int
fl_params_write(const struct fl_params *p, const float *w, struct fl_writer *out, struct fl_err *err)
{
	struct fl_json *config = fl_config_json(&p->config);
	int bad = fl_writer_config(out, config, err);

	for (size_t i = 0; i < p->members && !bad; i++)
		bad = fl_writer_member(out, p->member[i].name, p->member[i].data, p->member[i].size, err);
	fl_json_free(config);
	return bad ? -1 : write_weights(p, w, out, err);
}
