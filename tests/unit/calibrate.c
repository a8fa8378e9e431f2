/* SPDX-License-Identifier: Apache-2.0 */
/* The expected sums come from transformers and PyTorch: tests/interop/calibrate_cases.py. */
#include "model/calibrate.h"

#include <unistd.h>

#include "base/alloc.h"
#include "compute/gram.h"
#include "compute/sums.h"
#include "io/safetensors.h"
#include "model/forward.h"
#include "text/tokens.h"

#include "test.h"

#define CASE "tests/data/calibrate"

static void
sums_of_columns_are_those_of_the_definition(void)
{
	enum { ROWS = 6, COLS = 70, LENGTH = 3 };
	static float x[ROWS * COLS];
	double sq[COLS] = { 0 }, abs[COLS] = { 1 }, seq[COLS] = { 0 }, rows[ROWS] = { 0 };

	for (int i = 0; i < ROWS * COLS; i++)
		x[i] = (float)((i * 37) % 11 - 5);
	fl_sum_columns(x, ROWS, COLS, LENGTH, &(struct fl_column_sums){ sq, abs, seq });
	fl_sum_rows_sq(x, ROWS, COLS, rows);
	for (int j = 0; j < COLS; j++) {
		double s = 0, a = j == 0, half[2] = { 0 };

		for (int r = 0; r < ROWS; r++) {
			double v = x[r * COLS + j];

			s += v * v;
			a += fabs(v);
			half[r / LENGTH] += fabs(v) / LENGTH;
		}
		CHECK(sq[j] == s && abs[j] == a);
		CHECK_NEAR(seq[j], half[0] * half[0] + half[1] * half[1], 1e-12);
	}
	for (int r = 0; r < ROWS; r++) {
		double s = 0;

		for (int j = 0; j < COLS; j++)
			s += (double)x[r * COLS + j] * (double)x[r * COLS + j];
		CHECK(rows[r] == s);
	}
}

static void
cosines_are_those_of_the_definition(void)
{
	static const float a[] = { 1, 0, 0, 3, 4, 5, 0, 0, 0, 1, 2, 3 };
	static const float b[] = { 1, 1, 0, 6, 8, 10, 1, 2, 3, -1, -2, -3 };
	double plain[4], centered[4];

	fl_row_cosines(a, b, 4, 3, plain, centered);
	CHECK_NEAR(plain[0], sqrt(0.5), 1e-15);
	CHECK_NEAR(centered[0], 0.5, 1e-15);
	CHECK_NEAR(plain[1], 1, 1e-15);
	CHECK_NEAR(centered[1], 1, 1e-15);
	CHECK(plain[2] == 0 && centered[2] == 0);
	CHECK_NEAR(plain[3], -1, 1e-15);
}

static void
check_member(const struct fl_metrics *m, enum fl_metric which, const struct fl_safetensors *want)
{
	const void *data = NULL;
	const struct fl_tensor *t = fl_safetensors_find(want, fl_metric_name(which), &data);
	size_t rows, cols, bad = 0;
	double most = 0;

	fl_metric_shape(m, which, &rows, &cols);
	if (!CHECK(t && t->dtype == FL_F64 && t->size == rows * cols * sizeof(double)) ||
	    !CHECK(m->sum[which] != NULL))
		return;
	for (size_t i = 0; i < rows * cols; i++) {
		double x, got = m->sum[which][i];

		memcpy(&x, (const char *)data + i * sizeof x, sizeof x);
		bad += !(fabs(got - x) <= 1e-5 * fabs(x));
		most = fmax(most, x ? fabs(got - x) / fabs(x) : 0);
	}
	if (bad)
		printf("# %s: %zu of %zu differ, by up to %g\n", fl_metric_name(which), bad, rows * cols,
		    most);
	CHECK(bad == 0);
}

/* Metrics of the model on the tokens of the case; limit 0: all sequences. */
static struct fl_metrics *
calibrate(const struct fl_model *m, const struct fl_tokens *t, size_t skip, size_t limit)
{
	struct fl_windows w = { .id = t->id + skip, .n = t->n - skip };
	struct fl_metrics *out = fl_metrics_new(&m->config);
	struct fl_err err = { 0 };

	CHECK_OK(fl_windows_init(&w, &m->config, 0, 0, -1, &err), &err);
	CHECK_OK(fl_calibrate(m, &w, fl_calibrate_count(&w, limit), out, &err), &err);
	return out;
}

static void
all_sums_are_those_of_pytorch(void)
{
	struct fl_err err = { 0 };
	struct fl_model *m = fl_model_open(CASE "/model", &err);
	struct fl_tokens *t = fl_tokens_open(CASE "/tokens", 0, &err);
	struct fl_safetensors *want = fl_safetensors_open(CASE "/expected.safetensors", &err);
	struct fl_metrics *got;

	if (!test_check(m && t && want, __FILE__, __LINE__, CASE, err.text))
		return;
	got = calibrate(m, t, 0, 0);
	CHECK_OK(fl_calibrate_static(m, got, &err), &err);
	CHECK(got->sequences == 3 && got->tokens == 96 && got->context == 32 && !got->bos);
	for (enum fl_metric i = 0; i < FL_LAYER_DROP_LOSS; i++) /* those are measured apart, and tested in bats */
		if (i != FL_DIM_WEIGHT) /* the case has none */
			check_member(got, i, want);
	fl_metrics_free(got);
	fl_safetensors_free(want);
	fl_tokens_close(t);
	fl_model_free(m);
}

static void
metrics_of_parts_add_up(void)
{
	struct fl_err err = { 0 };
	struct fl_model *m = fl_model_open(CASE "/model", &err);
	struct fl_tokens *t = fl_tokens_open(CASE "/tokens", 0, &err);
	struct fl_metrics *all, *a, *b;

	if (!test_check(m && t, __FILE__, __LINE__, CASE, err.text))
		return;
	all = calibrate(m, t, 0, 0);
	a = calibrate(m, t, 0, 2);
	b = calibrate(m, t, 64, 0);
	CHECK_OK(fl_metrics_merge(a, b, &err), &err);
	CHECK(a->sequences == 3 && a->tokens == 96);
	for (enum fl_metric i = 0; i < FL_METRICS; i++) {
		size_t rows, cols;

		fl_metric_shape(all, i, &rows, &cols);
		for (size_t k = 0; all->sum[i] && k < rows * cols; k++)
			CHECK_NEAR(a->sum[i][k], all->sum[i][k], 1e-6 * fabs(all->sum[i][k])); /* f32 products of other shapes */
	}
	fl_metrics_free(all);
	fl_metrics_free(a);
	fl_metrics_free(b);
	fl_tokens_close(t);
	fl_model_free(m);
}

static struct fl_metrics *
calibrate_moments(const struct fl_model *m, const struct fl_tokens *t, size_t skip, size_t limit)
{
	struct fl_windows w = { .id = t->id + skip, .n = t->n - skip };
	struct fl_metrics *out = fl_metrics_new(&m->config);
	struct fl_err err = { 0 };

	out->reach = 1;
	for (enum fl_moment i = 0; i < FL_MOMENTS; i++)
		CHECK_OK(fl_metrics_make_moments(out, i, &err), &err);
	CHECK_OK(fl_windows_init(&w, &m->config, 0, 0, -1, &err), &err);
	CHECK_OK(fl_calibrate(m, &w, fl_calibrate_count(&w, limit), out, &err), &err);
	return out;
}

/* Element (j, j) of a matrix of moments is the sum of squares of activation j. */
static void
check_diagonal(const struct fl_moments *got, const double *sq)
{
	for (size_t s = 0; s < got->sites; s++)
		for (size_t j = 0; j < got->n; j++)
			CHECK_NEAR(got->sum[s * fl_gram_size(got->n) + fl_gram_row(j) + j], sq[s * got->n + j],
			    1e-5 * sq[s * got->n + j]);
}

/* Of the norm without its weight: with it, it is the norm. */
static void
check_unit(const struct fl_metrics *m)
{
	const struct fl_moments *unit = &m->moment[FL_DIM_MOMENT], *out = &m->moment[FL_DIM_OUT_MOMENT];
	const double *weight = m->sum[FL_DIM_WEIGHT];

	if (!CHECK(weight != NULL))
		return;
	for (size_t s = 0; s < unit->sites; s++)
		for (size_t i = 0; i < unit->n; i++)
			for (size_t j = 0; j <= i; j++) {
				size_t at = s * fl_gram_size(unit->n) + fl_gram_row(i) + j;
				double w = weight[s * unit->n + i] * weight[s * unit->n + j];

				CHECK_NEAR(w * unit->sum[at], out->sum[at], 1e-4 * (double)m->tokens);
			}
}

static void
moments_hold_the_sums_of_squares_and_add_up(void)
{
	struct fl_err err = { 0 };
	struct fl_model *m = fl_model_open(CASE "/model", &err);
	struct fl_tokens *t = fl_tokens_open(CASE "/tokens", 0, &err);
	struct fl_metrics *all, *a, *b;

	if (!test_check(m && t, __FILE__, __LINE__, CASE, err.text))
		return;
	all = calibrate_moments(m, t, 0, 0);
	a = calibrate_moments(m, t, 0, 2);
	b = calibrate_moments(m, t, 64, 0);
	check_diagonal(&all->moment[FL_FFN_MOMENT], all->sum[FL_FFN_SUM_SQ]);
	check_unit(all);
	check_diagonal(&all->moment[FL_DIM_OUT_MOMENT], all->sum[FL_DIM_OUT_SUM_SQ]);
	check_diagonal(&all->moment[FL_ATTN_MOMENT], all->sum[FL_ATTN_SUM_SQ]);
	CHECK_OK(fl_metrics_merge(a, b, &err), &err);
	for (int i = 0; i < FL_MOMENTS; i++) {
		const struct fl_moments *x = &a->moment[i], *y = &all->moment[i];
		size_t n = y->sites * fl_moments_size(y);
		double most = 0, off = 0;

		for (size_t k = 0; k < n; k++) {
			most = fmax(most, fabs(y->sum[k]));
			off = fmax(off, fabs(x->sum[k] - y->sum[k]));
		}
		CHECK(most > 0 && off <= 1e-6 * most);
	}
	fl_metrics_free(all);
	fl_metrics_free(a);
	fl_metrics_free(b);
	fl_tokens_close(t);
	fl_model_free(m);
}

/* Of one sequence: what comes out of each hook. */
struct seen {
	float in[3][32 * 32], mid[3][32 * 32], out[3][32 * 32], hidden[3][32 * 64];
};

static void
keep_attn(void *ctx, int layer, const float *before, const float *after, size_t rows)
{
	struct seen *s = ctx;

	(void)before;
	memcpy(s->mid[layer], after, rows * 32 * sizeof *after);
}

static void
keep_layer(void *ctx, int layer, const float *before, const float *after, size_t rows)
{
	struct seen *s = ctx;

	memcpy(s->in[layer], before, rows * 32 * sizeof *before);
	memcpy(s->out[layer], after, rows * 32 * sizeof *after);
}

static void
keep_ffn(void *ctx, int layer, const float *a, size_t rows)
{
	struct seen *s = ctx;

	memcpy(s->hidden[layer], a, rows * 64 * sizeof *a);
}

static void
check_across(const struct fl_moments *m, size_t site, const float *before, const float *after, const float *a)
{
	double most = 0, off = 0;

	for (size_t i = 0; i < 32; i++)
		for (size_t j = 0; j < 64; j++) {
			double want = 0;

			for (size_t r = 0; r < 32; r++)
				want += ((double)after[r * 32 + i] - (double)before[r * 32 + i]) * (double)a[r * 64 + j];
			most = fmax(most, fabs(want));
			off = fmax(off, fabs(want - m->sum[site * 32 * 64 + i * 64 + j]));
		}
	CHECK(most > 0 && off <= 1e-5 * most);
}

/* The model has three layers, the second without attention. */
static void
moments_across_are_of_what_parts_add(void)
{
	static struct seen s;
	struct fl_hooks hooks = { .ctx = &s, .ffn = keep_ffn, .attn = keep_attn, .layer = keep_layer };
	struct fl_err err = { 0 };
	struct fl_model *m = fl_model_open(CASE "/model", &err);
	struct fl_tokens *t = fl_tokens_open(CASE "/tokens", 0, &err);
	struct fl_windows w;
	struct fl_metrics *out;
	struct fl_forward *f;

	if (!test_check(m && t, __FILE__, __LINE__, CASE, err.text))
		return;
	out = fl_metrics_new(&m->config);
	out->reach = 2;
	CHECK_OK(fl_metrics_make_moments(out, FL_LAYER_ACROSS, &err), &err);
	CHECK_OK(fl_metrics_make_moments(out, FL_ATTN_ACROSS, &err), &err);
	w = (struct fl_windows){ .id = t->id, .n = t->n };
	CHECK_OK(fl_windows_init(&w, &m->config, 0, 0, -1, &err), &err);
	CHECK_OK(fl_calibrate(m, &w, 1, out, &err), &err);
	f = fl_forward_new(m, 32, 0, &hooks);
	CHECK_OK(fl_forward_batch(f, t->id, 1, 32, &err), &err);
	check_across(&out->moment[FL_LAYER_ACROSS], 0, s.in[1], s.out[1], s.hidden[0]);
	check_across(&out->moment[FL_LAYER_ACROSS], 1, s.in[2], s.out[2], s.hidden[0]);
	check_across(&out->moment[FL_LAYER_ACROSS], 2, s.in[2], s.out[2], s.hidden[1]);
	check_across(&out->moment[FL_ATTN_ACROSS], 2, s.in[2], s.mid[2], s.hidden[1]);
	CHECK(out->moment[FL_ATTN_ACROSS].sum[0] == 0 && out->moment[FL_ATTN_ACROSS].sum[32 * 64] == 0);
	fl_forward_free(f);
	fl_metrics_free(out);
	fl_tokens_close(t);
	fl_model_free(m);
}

/* Files from before there were sums over heads say nothing of their number. */
static void
an_older_file_is_read_and_added(void)
{
	char path[] = "/tmp/fl-metrics-XXXXXX";
	struct fl_err err = { 0 };
	struct fl_model *m = fl_model_open(CASE "/model", &err);
	struct fl_metrics *old, *new, *got;
	int fd = mkstemp(path);

	if (!test_check(m && fd >= 0, __FILE__, __LINE__, CASE, err.text))
		return;
	old = fl_metrics_new(&m->config);
	new = fl_metrics_new(&m->config);
	fl_metrics_make(old, FL_FFN_SUM_SQ)[3] = 5;
	old->attn = 0;
	fl_metrics_make(new, FL_ATTN_SUM_SQ)[33] = 7;
	CHECK_OK(fl_metrics_write(old, path, &err), &err);
	got = fl_metrics_read(path, &err);
	if (test_check(got != NULL, __FILE__, __LINE__, path, err.text)) {
		CHECK(got->attn == 0 && !got->sum[FL_ATTN_SUM_SQ]);
		CHECK_OK(fl_metrics_check(got, &m->config, false, "base", &err), &err);
		CHECK_OK(fl_metrics_merge(got, new, &err), &err);
		CHECK(got->attn == 32 && got->sum[FL_FFN_SUM_SQ][3] == 5 && got->sum[FL_ATTN_SUM_SQ][33] == 7);
	}
	close(fd);
	unlink(path);
	fl_metrics_free(old);
	fl_metrics_free(new);
	fl_metrics_free(got);
	fl_model_free(m);
}

int
main(void)
{
	TEST(sums_of_columns_are_those_of_the_definition);
	TEST(cosines_are_those_of_the_definition);
	TEST(all_sums_are_those_of_pytorch);
	TEST(metrics_of_parts_add_up);
	TEST(moments_hold_the_sums_of_squares_and_add_up);
	TEST(moments_across_are_of_what_parts_add);
	TEST(an_older_file_is_read_and_added);
	return test_done();
}
