/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients of whole models and a run of 200 steps against PyTorch's: tests/interop/train_cases.py made
 * them and says what they are. */
#include "model/train.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "compute/loss.h"
#include "io/safetensors.h"
#include "model/backward.h"
#include "model/train_file.h"

#include "test.h"

static const char *const names[] = { "llama", "hybrid", "biases" };
enum { NAMES = sizeof names / sizeof *names };

struct given {
	struct fl_params *params;
	struct fl_safetensors *want;
};

static bool
open_case(struct given *g, const char *name)
{
	struct fl_err err = { 0 };
	char path[64];
	struct fl_reader *r;

	snprintf(path, sizeof path, "tests/data/train/%s", name);
	r = fl_reader_open(path, &err);
	g->params = r ? fl_params_read(r, &err) : NULL;
	fl_reader_close(r);
	snprintf(path, sizeof path, "tests/data/train/%s.safetensors", name);
	g->want = fl_safetensors_open(path, &err);
	return test_check(g->params && g->want, __FILE__, __LINE__, name, err.text);
}

static void
close_case(struct given *g)
{
	fl_params_free(g->params);
	fl_safetensors_free(g->want);
}

/* The ids of a member, as uint32. */
static uint32_t *
read_ids(const struct fl_safetensors *s, const char *name, size_t *n)
{
	const void *data;
	const struct fl_tensor *t = fl_safetensors_find(s, name, &data);
	uint32_t *id;

	*n = t->size / sizeof(int64_t);
	id = fl_alloc(*n, sizeof *id);
	for (size_t i = 0; i < *n; i++) {
		int64_t x;

		memcpy(&x, (const char *)data + i * sizeof x, sizeof x);
		id[i] = (uint32_t)x;
	}
	return id;
}

/* --- gradients --- */

enum { SEQUENCES = 3, TOKENS = 20, ROWS = SEQUENCES * TOKENS };

struct mean_loss {
	const uint32_t *id;
	size_t vocab;
	double sum;
};

static void
grade(void *ctx, size_t first, size_t n, float *logits)
{
	struct mean_loss *m = ctx;
	const double all = SEQUENCES * (TOKENS - 1);

	for (size_t i = 0; i < n; i++) {
		float *z = logits + i * m->vocab;

		if ((first + i + 1) % TOKENS == 0)
			memset(z, 0, m->vocab * sizeof *z);
		else
			m->sum += fl_cross_entropy_grad(z, m->vocab, m->id[first + i + 1], (float)(1 / all)) / all;
	}
}

static void
documents_of(const uint32_t *id, uint32_t *begin, bool split)
{
	for (size_t r = 0; r < ROWS; r++)
		begin[r] = r % TOKENS == 0 ? 0 : split && id[r] == 0 ? (uint32_t)(r % TOKENS) : begin[r - 1];
}

/* The largest difference of a tensor's gradient, relative to its largest element. */
static double
error_of(const struct fl_safetensors *want, const char *name, const float *got, size_t n)
{
	char key[96];
	const void *data = NULL;
	double worst = 0, largest = 0;

	snprintf(key, sizeof key, "grad.%s", name);
	if (!CHECK(fl_safetensors_find(want, key, &data) != NULL))
		return INFINITY;
	for (size_t i = 0; i < n; i++) {
		double x = (double)((const float *)data)[i];

		worst = fmax(worst, fabs(x - (double)got[i]));
		largest = fmax(largest, fabs(x));
	}
	CHECK(largest > 0);
	return worst / largest;
}

static void
check_gradients(const struct given *c, enum fl_acts_kept kept, bool split)
{
	const struct fl_params *p = c->params;
	float *g = fl_alloc(p->n, sizeof *g);
	struct fl_model *m = fl_model_f32(&p->config, p->w), *grad = fl_model_f32(&p->config, g);
	struct fl_forward *f = fl_forward_new_kept(m, ROWS, kept, false, false);
	struct fl_backward *b = fl_backward_new(f, grad);
	struct fl_err err = { 0 };
	uint32_t begin[ROWS];
	size_t n;
	struct mean_loss loss = { read_ids(c->want, "ids", &n), (size_t)p->config.vocab, 0 };
	const void *data = NULL;

	documents_of(loss.id, begin, split);
	CHECK_OK(fl_forward_batch_of(f, loss.id, begin, SEQUENCES, TOKENS, &err), &err);
	fl_backward_batch(b, loss.id, grade, &loss);
	fl_safetensors_find(c->want, "loss", &data);
	CHECK_NEAR(loss.sum, *(const double *)data, 1e-5);
	for (size_t i = 0; i < p->inventory->n; i++)
		CHECK(error_of(c->want, p->inventory->weight[i].tensor.name, g + p->at[i],
		    p->at[i + 1] - p->at[i]) < 1e-4);
	fl_backward_free(b);
	fl_forward_free(f);
	fl_model_free(m);
	fl_model_free(grad);
	free(g);
	free((void *)loss.id);
}

static void
gradients_of_whole_models_are_pytorchs(void)
{
	struct given c;

	for (int i = 0; i < NAMES; i++) {
		if (!open_case(&c, names[i]))
			return;
		check_gradients(&c, FL_ACTS_ALL, true);
		close_case(&c);
	}
}

static void
recomputed_activations_give_the_same(void)
{
	struct given c;

	for (int i = 0; i < NAMES; i++) {
		if (!open_case(&c, names[i]))
			return;
		check_gradients(&c, FL_ACTS_INPUTS, true);
		close_case(&c);
	}
}

/* --- a run --- */

static const struct fl_train_opts run_opts = { .steps = 200, .batch = 2, .accumulate = 1, .rate = 2e-3,
	.floor = 0.1, .warmup = 10, .adamw = { .beta1 = 0.9f, .beta2 = 0.95f, .eps = 1e-8f, .decay = 0.1f },
	.clip = 1, .kept = FL_ACTS_ALL };

static struct fl_trainer *
start(struct given *c, struct fl_samples *s, uint32_t **id, const struct fl_train_opts *o)
{
	struct fl_err err = { 0 };
	size_t n;

	*id = read_ids(c->want, "tokens", &n);
	CHECK_OK(fl_samples_init(s, *id, n, 32, 3, &err), &err);
	return fl_trainer_new(c->params, s, &(struct fl_teacher){ 0 }, o);
}

/* The largest distance from PyTorch's curve, which is that of f32. */
static double
distance_from_curve(const char *name, bool bf16)
{
	struct fl_train_opts o = run_opts;
	struct given c;
	struct fl_samples s;
	struct fl_train_step step;
	struct fl_err err = { 0 };
	struct fl_trainer *t;
	const void *data = NULL;
	double worst = 0;
	uint32_t *id;

	o.bf16 = bf16;
	if (!open_case(&c, name))
		return INFINITY;
	t = start(&c, &s, &id, &o);
	fl_safetensors_find(c.want, "curve", &data);
	for (int k = 0; k < 200; k++) {
		CHECK_OK(fl_trainer_step(t, &step, &err), &err);
		worst = fmax(worst, fabs(step.loss - ((const double *)data)[k]));
	}
	printf("# %s%s: at most %.2g nats from PyTorch's curve\n", name, bf16 ? " in bf16" : "", worst);
	fl_trainer_free(t);
	fl_samples_free(&s);
	free(id);
	close_case(&c);
	return worst;
}

static void
two_hundred_steps_are_pytorchs(void)
{
	for (int i = 0; i < NAMES; i++)
		CHECK(distance_from_curve(names[i], false) < 1e-3);
}

static void
two_hundred_steps_in_bf16_are_near_it(void)
{
	for (int i = 0; i < NAMES; i++) {
		double distance = distance_from_curve(names[i], true);

		CHECK(distance > 1e-5 && distance < 0.1);
	}
}

/* Ten steps in the given way; the sum of losses is returned and the weights left in the case. */
static double
ten_steps(struct given *c, struct fl_train_opts o)
{
	struct fl_samples s;
	struct fl_train_step step;
	struct fl_err err = { 0 };
	double sum = 0;
	uint32_t *id;
	struct fl_trainer *t = start(c, &s, &id, &o);

	for (int k = 0; k < 10; k++) {
		CHECK_OK(fl_trainer_step(t, &step, &err), &err);
		sum += step.loss;
	}
	fl_trainer_free(t);
	fl_samples_free(&s);
	free(id);
	return sum;
}

static void
accumulated_batches_are_one_large_one(void)
{
	struct fl_train_opts large = run_opts, small = run_opts;
	struct given a, b;

	large.batch = 6;
	small.accumulate = 3;
	if (!open_case(&a, "hybrid") || !open_case(&b, "hybrid"))
		return;
	CHECK_NEAR(ten_steps(&a, large), ten_steps(&b, small), 1e-4);
	close_case(&a);
	close_case(&b);
}

static void
a_run_taken_up_again_ends_the_same(void)
{
	struct given a, b;
	struct fl_samples s;
	struct fl_train_step step;
	struct fl_curve curve = { 0 }, read = { 0 };
	struct fl_err err = { 0 };
	char path[] = "/tmp/fl-state-XXXXXX";
	struct fl_trainer *t;
	uint32_t *id;
	int fd = mkstemp(path);

	if (!CHECK(fd >= 0) || !open_case(&a, "hybrid") || !open_case(&b, "hybrid"))
		return;
	ten_steps(&a, run_opts);
	t = start(&b, &s, &id, &run_opts);
	for (int k = 0; k < 4; k++) {
		CHECK_OK(fl_trainer_step(t, &step, &err), &err);
		fl_curve_add(&curve, &step);
	}
	CHECK_OK(fl_train_state_write(fl_trainer_state(t), &curve, "this", path, &err), &err);
	fl_trainer_free(t);
	close_case(&b);
	if (!open_case(&b, "hybrid"))
		return;
	t = fl_trainer_new(b.params, &s, &(struct fl_teacher){ 0 }, &run_opts);
	CHECK(fl_train_state_read(fl_trainer_state(t), &read, "other", path, &err) < 0);
	CHECK(fl_train_state_read(fl_trainer_state(t), &read, "this", path, &err) == 1);
	CHECK(fl_trainer_state(t)->step == 4 && read.n == 4 && read.step[3].loss == curve.step[3].loss);
	for (int k = 4; k < 10; k++)
		CHECK_OK(fl_trainer_step(t, &step, &err), &err);
	CHECK(memcmp(a.params->w, b.params->w, a.params->n * sizeof *a.params->w) == 0);
	remove(path);
	fl_trainer_free(t);
	fl_samples_free(&s);
	free(id), free(curve.step), free(read.step);
	close_case(&a);
	close_case(&b);
}

/* --- a teacher --- */

/* A model that learns from itself has nothing to learn: KL and gradient are 0. */
static void
a_model_is_its_own_perfect_teacher(void)
{
	struct fl_train_opts o = run_opts;
	struct fl_model *teacher;
	struct fl_samples s;
	struct fl_train_step step;
	struct fl_err err = { 0 };
	struct fl_trainer *t;
	struct given c;
	uint32_t *id;
	size_t n;

	o.distill = (struct fl_distill){ 1, 2 };
	if (!open_case(&c, "hybrid"))
		return;
	teacher = fl_model_open("tests/data/train/hybrid", &err);
	id = read_ids(c.want, "tokens", &n);
	CHECK_OK(fl_samples_init(&s, id, n, 32, 3, &err), &err);
	t = fl_trainer_new(c.params, &s, &(struct fl_teacher){ .model = teacher }, &o);
	CHECK_OK(fl_trainer_step(t, &step, &err), &err);
	CHECK(step.kl < 1e-9);
	CHECK(step.norm < 1e-6);
	CHECK(step.loss > 1);
	fl_trainer_free(t);
	fl_model_free(teacher);
	fl_samples_free(&s);
	free(id);
	close_case(&c);
}

/* With as many tokens as there are, a cache is the teacher itself. */
static void
a_cache_of_all_tokens_is_the_teacher(void)
{
	char path[] = "/tmp/fl-cache-XXXXXX";
	struct fl_train_opts o = run_opts;
	struct fl_err err = { 0 };
	double norm[2], kl[2];
	int fd = mkstemp(path);

	o.distill = (struct fl_distill){ 0.5f, 2 };
	for (int i = 0; i < 2; i++) {
		struct fl_teacher teacher = { .model = fl_model_open("tests/data/train/llama", &err) };
		struct fl_model *model = teacher.model;
		struct fl_train_step step;
		struct fl_trainer *t;
		struct fl_samples s;
		struct given c;
		uint32_t *id;
		size_t n;

		if (!CHECK(fd >= 0) || !open_case(&c, "hybrid"))
			return;
		id = read_ids(c.want, "tokens", &n);
		CHECK_OK(fl_samples_init(&s, id, n, 32, 3, &err), &err);
		if (i == 1) {
			struct fl_teacher_key key = { "these", 2, 32, 37 }, other = { "others", 2, 32, 37 };

			CHECK_OK(fl_teacher_cache_write(path, model, &s, 4, &key, 37, &err), &err);
			CHECK(fl_teacher_cache_open(path, &other, &(struct fl_err){ 0 }) == NULL);
			teacher = (struct fl_teacher){ .cache = fl_teacher_cache_open(path, &key, &err) };
		}
		t = fl_trainer_new(c.params, &s, &teacher, &o);
		CHECK_OK(fl_trainer_step(t, &step, &err), &err);
		norm[i] = step.norm;
		kl[i] = step.kl;
		if (i == 1) { /* four samples are two steps */
			CHECK_OK(fl_trainer_step(t, &step, &err), &err);
			CHECK(fl_trainer_step(t, &step, &err) < 0);
		}
		fl_trainer_free(t);
		fl_teacher_cache_close(teacher.cache);
		fl_model_free(model);
		fl_samples_free(&s);
		free(id);
		close_case(&c);
	}
	CHECK(kl[0] > 0.1);
	CHECK_NEAR(kl[0], kl[1], 1e-5);
	CHECK_NEAR(norm[0], norm[1], 1e-5);
	remove(path);
}

/* --- the schedule and the order of samples --- */

static void
the_rate_rises_and_falls(void)
{
	struct fl_train_opts o = { .steps = 110, .warmup = 10, .rate = 2, .floor = 0.5 };

	CHECK_NEAR(fl_train_rate(&o, 0), 0.2, 1e-12);
	CHECK_NEAR(fl_train_rate(&o, 9), 2, 1e-12);
	CHECK_NEAR(fl_train_rate(&o, 10), 2, 1e-12);
	CHECK_NEAR(fl_train_rate(&o, 60), 1.5, 1e-12);
	CHECK_NEAR(fl_train_rate(&o, 110), 1, 1e-12);
	o.linear = true;
	CHECK_NEAR(fl_train_rate(&o, 35), 1.75, 1e-12);
}

static void
an_epoch_has_every_sample_once(void)
{
	uint32_t id[100] = { 0 };
	bool seen[2][25] = { { false } };
	struct fl_samples s;
	struct fl_err err = { 0 };
	int moved = 0;

	CHECK_OK(fl_samples_init(&s, id, 100, 4, 1, &err), &err);
	for (size_t i = 0; i < 50; i++) {
		size_t at = fl_samples_index(&s, i);

		CHECK(!seen[i / 25][at]);
		seen[i / 25][at] = true;
		moved += at != i % 25;
	}
	CHECK(moved > 25);
	fl_samples_free(&s);
	CHECK(fl_samples_init(&s, id, 3, 4, 1, &err) < 0);
}

int
main(void)
{
	TEST(gradients_of_whole_models_are_pytorchs);
	TEST(recomputed_activations_give_the_same);
	TEST(two_hundred_steps_are_pytorchs);
	TEST(two_hundred_steps_in_bf16_are_near_it);
	TEST(accumulated_batches_are_one_large_one);
	TEST(a_run_taken_up_again_ends_the_same);
	TEST(a_model_is_its_own_perfect_teacher);
	TEST(a_cache_of_all_tokens_is_the_teacher);
	TEST(the_rate_rises_and_falls);
	TEST(an_epoch_has_every_sample_once);
	return test_done();
}
