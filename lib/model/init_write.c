/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "model/init.h"

enum { BLOCK = 256 * FL_INIT_RUN /* elements made at once */ };

struct block {
	const struct fl_weight *w;
	int seed;
	float sd;
	size_t first, n;
	char *stored;
};

static void
make_run(void *ctx, size_t tile, int thread)
{
	struct block *b = ctx;
	size_t at = tile * FL_INIT_RUN, n = b->n - at < FL_INIT_RUN ? b->n - at : FL_INIT_RUN;
	float value[FL_INIT_RUN];

	(void)thread;
	fl_init_values(b->w, b->seed, b->sd, b->first + at, n, value);
	fl_dtype_from_f32(b->stored + at * fl_dtype_size(b->w->tensor.dtype), b->w->tensor.dtype,
	    value, n);
}

static int
write_weight(struct block *b, struct fl_writer *out, struct fl_err *err)
{
	size_t size = fl_dtype_size(b->w->tensor.dtype), all = b->w->tensor.size / size;

	for (b->first = 0; b->first < all; b->first += BLOCK) {
		b->n = all - b->first < BLOCK ? all - b->first : BLOCK;
		fl_parallel((b->n + FL_INIT_RUN - 1) / FL_INIT_RUN, make_run, b);
		if (fl_writer_put(out, b->stored, b->n * size, err) < 0)
			return -1;
		fl_progress_add(b->n * size);
	}
	return 0;
}

static int
write_weights(const struct fl_config *c, const struct fl_inventory *inv, int seed,
    struct fl_writer *out, struct fl_err *err)
{
	struct fl_tensor *t = fl_alloc(inv->n, sizeof *t);
	struct block b = { .seed = seed };
	uint64_t bytes = 0;
	int bad;

	b.sd = (float)fl_json_real(fl_json_get(c->json, "initializer_range"), 0.02);
	b.stored = fl_alloc(BLOCK, fl_dtype_size(c->dtype));
	for (size_t i = 0; i < inv->n; i++) {
		t[i] = inv->weight[i].tensor;
		bytes += t[i].size;
	}
	fl_progress_begin("random weights", "B", bytes);
	bad = fl_writer_weights(out, "model.safetensors", t, inv->n, NULL, err);
	for (size_t i = 0; i < inv->n && !bad; i++) {
		b.w = &inv->weight[i];
		bad = write_weight(&b, out, err);
	}
	fl_progress_end();
	free(b.stored);
	free(t);
	return bad;
}

int
fl_init_write(const struct fl_config *c, int seed, struct fl_writer *out, struct fl_err *err)
{
	struct fl_inventory *inv = fl_inventory_new(c, "config");
	struct fl_json *json = fl_config_json(c);
	int bad = fl_writer_config(out, json, err);

	if (!bad)
		bad = write_weights(c, inv, seed, out, err);
	fl_json_free(json);
	fl_inventory_free(inv);
	return bad;
}
