/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/ranks.h"
#include "compute/fake_quant.h"
#include "model/backward.h"
#include "model/forward.h"
#include "model/forward_impl.h"

struct fl_trainer {
	struct fl_params *p;
	struct fl_samples *samples;
	struct fl_train_opts o;
	struct fl_train_state state;
	float *g; /* sums over the tokens of a step */
	float *quantized; /* the weights that the model runs with; NULL without qat */
	struct fl_scratch *scratch;
	struct fl_model *model, *grad;
	struct fl_forward *forward, *teacher;
	struct fl_backward *backward;
	struct fl_sample_batch batch;
	double *loss, *kl; /* [rows] of a batch */
	float *taught;	   /* a teacher's logits for a block of rows */
	const struct fl_teacher_cache *cache;
	struct fl_top *top; /* [rows], with a cache */
	size_t rows, vocab, teacher_vocab;
	/* the block of logits at hand */
	float *logits;
	size_t first;
};

double
fl_train_rate(const struct fl_train_opts *o, long step)
{
	double t = (double)(step - o->warmup) / (double)(o->steps - o->warmup), left;

	if (step < o->warmup)
		return o->rate * (double)(step + 1) / (double)o->warmup;
	left = o->linear ? 1 - t : 0.5 * (1 + cos(acos(-1) * t));
	return o->rate * (o->floor + (1 - o->floor) * left);
}

/* --- life --- */

static float *
floats(size_t n, const char *what)
{
	return fl_alloc_aligned(n, sizeof(float), what);
}

static void
make_batch(struct fl_trainer *t)
{
	t->batch.id = fl_alloc(t->rows, sizeof *t->batch.id);
	t->batch.begin = fl_alloc(t->rows, sizeof *t->batch.begin);
	t->batch.scored = fl_alloc(t->rows, sizeof *t->batch.scored);
	t->loss = fl_alloc(t->rows, sizeof *t->loss);
	t->kl = fl_alloc(t->rows, sizeof *t->kl);
	if (t->cache)
		t->top = fl_alloc(t->rows, sizeof *t->top);
}

struct fl_trainer *
fl_trainer_new(struct fl_params *p, struct fl_samples *s, const struct fl_teacher *teacher,
    const struct fl_train_opts *o)
{
	struct fl_trainer *t = fl_alloc(1, sizeof *t);

	t->p = p;
	t->samples = s;
	t->o = *o;
	t->vocab = (size_t)p->config.vocab;
	t->rows = (size_t)o->batch * s->length;
	t->g = floats(p->n, "the gradients");
	t->state = (struct fl_train_state){ 0, p->n, p->w, floats(p->n, "the moments"),
		floats(p->n, "the moments") };
	if (fl_quant_any(&o->qat)) {
		t->quantized = floats(p->n, "the quantized weights");
		t->scratch = fl_scratch_new();
	}
	t->model = fl_model_f32(&p->config, t->quantized ? t->quantized : p->w);
	t->grad = fl_model_f32(&p->config, t->g);
	t->forward = fl_forward_new_kept(t->model, t->rows, o->kept, o->bf16, t->quantized);
	t->backward = fl_backward_new(t->forward, t->grad);
	if (teacher->model) {
		t->teacher = fl_forward_new(teacher->model, t->rows, 0, NULL);
		t->teacher_vocab = (size_t)teacher->model->config.vocab;
		t->taught = floats(fl_forward_block(t->forward) * t->teacher_vocab, "the teacher's logits");
	}
	t->cache = teacher->cache;
	make_batch(t);
	return t;
}

void
fl_trainer_free(struct fl_trainer *t)
{
	if (!t)
		return;
	fl_backward_free(t->backward);
	fl_forward_free(t->forward);
	fl_forward_free(t->teacher);
	fl_model_free(t->model);
	fl_model_free(t->grad);
	free(t->g);
	free(t->quantized);
	fl_scratch_free(t->scratch);
	free(t->state.m);
	free(t->state.v);
	free(t->batch.id);
	free(t->batch.begin);
	free(t->batch.scored);
	free(t->loss);
	free(t->kl);
	free(t->taught);
	free(t->top);
	free(t);
}

/* What fl-quantize would make of the weights as they are. */
static void
quantize(struct fl_trainer *t)
{
	const struct fl_quant_how how = { .search = true };
	const struct fl_inventory *inv = t->p->inventory;
	struct fl_config bits = { .quant = t->o.qat };

	for (size_t i = 0; i < inv->n && t->quantized; i++) {
		const struct fl_weight *w = &inv->weight[i];
		const float *from = t->state.w + t->p->at[i];
		float *to = t->quantized + t->p->at[i];
		size_t n = t->p->at[i + 1] - t->p->at[i];
		int b = fl_weight_bits(&bits, w->role, w->layer);

		if (b)
			fl_fake_quant_weights(to, from, w->tensor.shape[0], w->tensor.shape[1], b, &how, t->scratch);
		else
			memcpy(to, from, n * sizeof *to);
	}
}

const struct fl_model *
fl_trainer_model(struct fl_trainer *t)
{
	quantize(t);
	return t->model;
}

struct fl_train_state *
fl_trainer_state(struct fl_trainer *t)
{
	return &t->state;
}

struct fl_train_memory
fl_train_memory(const struct fl_params *p, const struct fl_samples *s, const struct fl_teacher *teacher,
    const struct fl_train_opts *o, size_t held)
{
	const struct fl_config *c = &p->config;
	size_t rows = (size_t)o->batch * s->length;
	struct fl_train_memory m = { .arrays = (fl_quant_any(&o->qat) ? 5 : 4) * p->n * sizeof *p->w,
		.activations = fl_forward_bytes(c, rows, o->kept) + fl_backward_bytes(c, rows),
		.text = s->n * s->length * (sizeof *s->id + (s->flag != NULL)) };

	if (held)
		m.activations += fl_forward_bytes(c, held, FL_ACTS_NONE);
	if (teacher->model)
		m.teacher = teacher->model->bytes + fl_forward_bytes(&teacher->model->config, rows, FL_ACTS_NONE);
	if (teacher->cache)
		m.teacher = fl_teacher_cache_bytes(teacher->cache);
	return m;
}

/* --- the loss of one batch --- */

/* Logits of one row become the gradient of what is minimised, summed over tokens. */
static void
grade_row(void *ctx, size_t i, int thread)
{
	struct fl_trainer *t = ctx;
	size_t r = t->first + i, length = t->samples->length;
	float *z = t->logits + i * t->vocab;
	size_t target;

	(void)thread;
	t->loss[r] = t->kl[r] = 0;
	if ((r + 1) % length == 0 || !t->batch.scored[r + 1]) {
		memset(z, 0, t->vocab * sizeof *z);
		return;
	}
	target = t->batch.id[r + 1];
	if (t->cache)
		t->loss[r] = fl_distill_top_grad(z, t->vocab, &t->top[r], target, &t->o.distill, 1, &t->kl[r]);
	else if (t->teacher)
		t->loss[r] = fl_distill_grad(z, t->vocab, t->taught + i * t->teacher_vocab,
		    t->teacher_vocab < t->vocab ? t->teacher_vocab : t->vocab, target, &t->o.distill, 1, &t->kl[r]);
	else
		t->loss[r] = fl_cross_entropy_grad(z, t->vocab, target, 1);
}

static void
grade(void *ctx, size_t first, size_t n, float *logits)
{
	struct fl_trainer *t = ctx;

	t->first = first;
	t->logits = logits;
	if (t->teacher)
		fl_forward_logits_of(t->teacher, first, n, t->taught);
	fl_parallel(n, grade_row, t);
}

/* What the teacher says of the batch, wherever that comes from. */
static int
ask_teacher(struct fl_trainer *t, size_t first, struct fl_err *err)
{
	size_t batch = (size_t)t->o.batch, length = t->samples->length;

	if (t->teacher)
		return fl_forward_batch_of(t->teacher, t->batch.id, t->batch.begin, batch, length, err);
	for (size_t i = 0; t->cache && i < batch; i++)
		if (fl_teacher_cache_get(t->cache, fl_samples_index(t->samples, first + i),
			t->top + i * length, err) < 0)
			return -1;
	return 0;
}

static int
run_batch(struct fl_trainer *t, size_t number, struct fl_train_step *sum, struct fl_err *err)
{
	size_t batch = (size_t)t->o.batch, length = t->samples->length;

	fl_samples_get(t->samples, number * batch, batch, &t->batch);
	if (fl_forward_batch_of(t->forward, t->batch.id, t->batch.begin, batch, length, err) < 0)
		return -1;
	if (ask_teacher(t, number * batch, err) < 0)
		return -1;
	fl_backward_batch(t->backward, t->batch.id, grade, t);
	for (size_t r = 0; r < t->rows; r++) {
		sum->loss += t->loss[r];
		sum->kl += t->kl[r];
	}
	sum->tokens += (double)t->batch.scored_n;
	return 0;
}

/* --- the step --- */

static void
update(struct fl_trainer *t, double scale)
{
	const struct fl_inventory *inv = t->p->inventory;
	struct fl_adamw a = t->o.adamw;

	a.rate = (float)fl_train_rate(&t->o, t->state.step);
	a.step = t->state.step + 1;
	for (size_t i = 0; i < inv->n; i++) {
		size_t at = t->p->at[i];

		a.decay = fl_role_is_matrix(inv->weight[i].role) ? t->o.adamw.decay : 0;
		fl_adamw(&a, t->state.w + at, t->state.m + at, t->state.v + at, t->g + at, (float)scale,
		    t->p->at[i + 1] - at);
	}
}

int
fl_trainer_step(struct fl_trainer *t, struct fl_train_step *out, struct fl_err *err)
{
	size_t accumulate = (size_t)t->o.accumulate, ranks = (size_t)fl_ranks_count();
	size_t first = (size_t)t->state.step * accumulate * ranks + (size_t)fl_ranks_self();
	double scale, sum[3];
	bool bad = false;

	*out = (struct fl_train_step){ .rate = fl_train_rate(&t->o, t->state.step), .held = (double)NAN };
	memset(t->g, 0, t->p->n * sizeof *t->g);
	quantize(t);
	for (size_t i = 0; i < accumulate && !bad; i++)
		bad = run_batch(t, first + i * ranks, out, err) < 0;
	if (!fl_ranks_all(!bad))
		return fl_err_data(err, "another rank failed"); /* what this one met stands already */
	sum[0] = out->loss, sum[1] = out->kl, sum[2] = out->tokens;
	fl_ranks_sum_f64(sum, 3);
	fl_ranks_sum_f32(t->g, t->p->n);
	out->tokens = sum[2];
	scale = 1 / fmax(out->tokens, 1);
	out->loss = sum[0] * scale;
	out->kl = sum[1] * scale;
	out->norm = sqrt(fl_sum_squares(t->g, t->p->n)) * scale;
	if (!isfinite(out->loss) || !isfinite(out->norm))
		return fl_err_data(err, "step %ld: the loss is not finite; a smaller learning rate may help",
		    t->state.step + 1);
	if (t->o.clip > 0 && out->norm > t->o.clip)
		scale *= t->o.clip / out->norm;
	update(t, scale);
	t->state.step++;
	return 0;
}
