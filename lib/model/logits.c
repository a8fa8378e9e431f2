/* SPDX-License-Identifier: Apache-2.0 */
#include "model/logits.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "io/safetensors.h"
#include "model/eval.h"

struct writing {
	struct fl_output *out;
	size_t vocab;
	struct fl_err *err;
	int bad;
};

static int
write_header(struct writing *to, const struct fl_windows *w, size_t rows)
{
	struct fl_json *metadata = fl_json_new_object();
	struct fl_str header = { 0 }, context = { 0 };
	struct fl_tensor t[2];
	int bad;

	if (fl_tensor_init(&t[0], "ids", FL_I64, 1, (uint64_t[]){ rows }) < 0 ||
	    fl_tensor_init(&t[1], "logits", FL_F32, 2, (uint64_t[]){ rows, to->vocab }) < 0)
		fl_bug("%zu rows of %zu logits", rows, to->vocab);
	fl_str_printf(&context, "%zu", w->context);
	fl_json_set(metadata, "context", fl_json_new_str(context.data));
	fl_safetensors_header(&header, t, 2, metadata);
	bad = fl_output_write(to->out, header.data, header.len, to->err);
	fl_str_free(&header);
	fl_str_free(&context);
	fl_json_free(metadata);
	return bad;
}

static int
write_ids(struct writing *to, const struct fl_windows *w, size_t count)
{
	struct fl_batch b = { 0 };

	while (!to->bad && fl_windows_next(w, count, &b))
		for (size_t i = 0; i < b.windows * b.length && !to->bad; i++)
			to->bad = fl_output_write(to->out, &(int64_t){ b.id[i] }, sizeof(int64_t), to->err);
	fl_batch_free(&b);
	return to->bad;
}

static void
see_logits(void *ctx, size_t first, size_t n, float *logits)
{
	struct writing *to = ctx;

	(void)first;
	if (!to->bad)
		to->bad = fl_output_write(to->out, logits, n * to->vocab * sizeof *logits, to->err);
}

static int
see_batch(void *ctx, struct fl_forward *f, const struct fl_batch *b)
{
	struct writing *to = ctx;

	(void)b;
	fl_forward_logits(f, see_logits, to);
	return to->bad;
}

struct fl_output *
fl_logits_write(const struct fl_model *m, const struct fl_windows *w, enum fl_kv_kind kv, const char *output,
    struct fl_err *err)
{
	struct writing to = { fl_output_open(output, err), (size_t)m->config.vocab, err, 0 };
	size_t count = fl_windows_count(w), rows = 0;

	for (size_t i = 0; i < count; i++)
		rows += fl_windows_at(w, i).length;
	if (!to.out)
		return NULL;
	if (write_header(&to, w, rows) == 0 && write_ids(&to, w, count) == 0 &&
	    fl_eval_windows(m, w, kv, "logits", see_batch, &to, err) == 0)
		return to.out;
	fl_output_abandon(to.out);
	return NULL;
}
