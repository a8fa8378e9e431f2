/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "io/output.h"
#include "io/safetensors.h"

/* The curve is stored as its struct is laid out. */
enum { COLUMNS = sizeof(struct fl_train_step) / sizeof(double), TENSORS = 4 };

void
fl_curve_add(struct fl_curve *c, const struct fl_train_step *s)
{
	c->step = fl_grow(c->step, &c->cap, c->n + 1, sizeof *c->step);
	c->step[c->n++] = *s;
}

static void
add_cell(struct fl_str *s, double x)
{
	if (isnan(x))
		fl_str_puts(s, "\t");
	else
		fl_str_printf(s, "\t%.6g", x);
}

struct fl_output *
fl_curve_write(const struct fl_curve *c, const char *path, struct fl_err *err)
{
	struct fl_output *o = fl_output_open(path, err);
	struct fl_str s = { 0 };

	if (!o)
		return NULL;
	fl_str_puts(&s, "step\trate\tloss_nats\tkl_nats\tgradient_norm\theld_nats\ttokens\n");
	for (size_t i = 0; i < c->n; i++) {
		const struct fl_train_step *t = &c->step[i];

		fl_str_printf(&s, "%zu", i + 1);
		add_cell(&s, t->rate);
		add_cell(&s, t->loss);
		add_cell(&s, t->kl);
		add_cell(&s, t->norm);
		add_cell(&s, t->held);
		fl_str_printf(&s, "\t%.0f\n", t->tokens);
	}
	if (fl_output_write(o, s.data, s.len, err) < 0) {
		fl_output_abandon(o);
		o = NULL;
	}
	fl_str_free(&s);
	return o;
}

/* --- the state --- */

static void
describe(struct fl_tensor t[TENSORS], size_t n, size_t steps)
{
	static const char *const names[] = { "weights", "first_moments", "second_moments" };
	int bad = 0;

	for (int i = 0; i < 3; i++)
		bad |= fl_tensor_init(&t[i], names[i], FL_F32, 1, (uint64_t[]){ n });
	bad |= fl_tensor_init(&t[3], "curve", FL_F64, 2, (uint64_t[]){ steps, COLUMNS });
	if (bad)
		fl_bug("a training state of %zu weights", n);
}

int
fl_train_state_write(const struct fl_train_state *s, const struct fl_curve *c, const char *run,
    const char *path, struct fl_err *err)
{
	struct fl_output *o = fl_output_open(path, err);
	struct fl_json *meta = fl_json_new_object();
	struct fl_tensor t[TENSORS];
	struct fl_str header = { 0 };
	const void *data[TENSORS] = { s->w, s->m, s->v, c->step };
	int bad = o ? 0 : -1;

	describe(t, s->n, c->n);
	fl_json_set(meta, "format", fl_json_new_str("fl-train"));
	fl_json_set(meta, "run", fl_json_new_str(run));
	fl_safetensors_header(&header, t, TENSORS, meta);
	if (!bad)
		bad = fl_output_write(o, header.data, header.len, err);
	for (int i = 0; i < TENSORS && !bad; i++)
		if (t[i].size)
			bad = fl_output_write(o, data[i], t[i].size, err);
	fl_json_free(meta);
	fl_str_free(&header);
	return fl_output_end(o, bad, err);
}

static int
check(const struct fl_safetensors *f, const struct fl_train_state *s, const char *run, const char *path,
    size_t *steps, struct fl_err *err)
{
	const char *of = fl_json_str(fl_json_get(f->metadata, "run"));
	const struct fl_tensor *curve = fl_safetensors_find(f, "curve", NULL);
	struct fl_tensor t[TENSORS];

	if (!of || !curve || curve->ndim != 2)
		return fl_err_data(err, "'%s' is no state of fl-train", path);
	if (strcmp(of, run) != 0)
		return fl_err_data(err, "'%s' is the state of another run: other input or options; remove it "
		    "to begin anew", path);
	*steps = curve->shape[0];
	describe(t, s->n, *steps);
	for (int i = 0; i < TENSORS; i++) {
		const struct fl_tensor *got = fl_safetensors_find(f, t[i].name, NULL);

		if (!got || got->dtype != t[i].dtype || got->size != t[i].size)
			return fl_err_data(err, "'%s' is no state of this run: its '%s' is missing or of "
			    "another size", path, t[i].name);
	}
	return 0;
}

static void
copy(const struct fl_safetensors *f, const char *name, void *to)
{
	const void *data;
	const struct fl_tensor *t = fl_safetensors_find(f, name, &data);

	if (t->size)
		memcpy(to, data, t->size);
}

int
fl_train_state_read(struct fl_train_state *s, struct fl_curve *c, const char *run, const char *path,
    struct fl_err *err)
{
	struct fl_safetensors *f;
	size_t steps = 0;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	f = fl_safetensors_open(path, err);
	if (!f)
		return -1;
	if (check(f, s, run, path, &steps, err) < 0) {
		fl_safetensors_free(f);
		return -1;
	}
	c->step = fl_grow(c->step, &c->cap, steps, sizeof *c->step);
	c->n = steps;
	s->step = (long)steps;
	copy(f, "weights", s->w);
	copy(f, "first_moments", s->m);
	copy(f, "second_moments", s->v);
	copy(f, "curve", c->step);
	fl_safetensors_free(f);
	return 1;
}
