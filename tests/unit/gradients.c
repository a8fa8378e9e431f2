/* SPDX-License-Identifier: Apache-2.0 */
/* The backward of every operator against central differences of the same operator written in double.
 *
 * The value differentiated is sum(weight * output) with random weights. Differences with step 1e-5 in
 * double are good to about 1e-9; what is allowed here is the rounding of the f32 under test. */
#include "test.h"

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/rng.h"
#include "compute/activation.h"
#include "compute/adamw.h"
#include "compute/attention.h"
#include "compute/fake_quant.h"
#include "compute/loss.h"
#include "compute/matmul.h"
#include "compute/norm.h"
#include "compute/rope.h"

enum { MOST = 4096 };

static struct fl_scratch *scratch;

static void
draw(float *x, size_t n, uint64_t seed)
{
	struct fl_rng r = fl_rng_new(seed, 0);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)(4 * fl_rng_unit(&r) - 2);
}

/* --- differences --- */

struct function {
	double (*value)(const struct function *f, const double *x); /* of the n numbers x */
	size_t n;
	const float *weight;
	size_t rows, cols, other; /* for the value to use */
	const struct fl_attention *attention;
	const struct fl_distill *distill;
	const float *teacher;
	const struct fl_top *top;
};

/* The largest error of `got`, relative to the largest derivative. */
static double
error_of(const struct function *f, const float *at, const float *got)
{
	const double h = 1e-5;
	double *x = fl_alloc(f->n, sizeof *x), worst = 0, largest = 0;

	for (size_t i = 0; i < f->n; i++)
		x[i] = (double)at[i];
	for (size_t i = 0; i < f->n; i++) {
		double keep = x[i], up, down, want;

		x[i] = keep + h;
		up = f->value(f, x);
		x[i] = keep - h;
		down = f->value(f, x);
		x[i] = keep;
		want = (up - down) / (2 * h);
		worst = fmax(worst, fabs(want - (double)got[i]));
		largest = fmax(largest, fabs(want));
	}
	free(x);
	CHECK(largest > 0);
	return worst / largest;
}

/* --- RMSNorm: x [rows, cols], then the weight [cols] --- */

static const double eps = 1e-5;

static double
norm_value(const struct function *f, const double *x)
{
	const double *w = x + f->rows * f->cols;
	double value = 0;

	for (size_t r = 0; r < f->rows; r++) {
		const double *row = x + r * f->cols;
		double sq = 0;

		for (size_t i = 0; i < f->cols; i++)
			sq += row[i] * row[i];
		for (size_t i = 0; i < f->cols; i++)
			value += (double)f->weight[r * f->cols + i] * row[i] * w[i] /
			    sqrt(sq / (double)f->cols + eps);
	}
	return value;
}

static void
rmsnorm_of_any_width(void)
{
	static const size_t cols[] = { 5, 16, 40 };
	float x[MOST], dy[MOST], dx[MOST];

	for (size_t k = 0; k < 3; k++) {
		size_t rows = 37, n = rows * cols[k];
		struct function f = { .value = norm_value, .n = n + cols[k], .rows = rows,
			.cols = cols[k], .weight = dy };

		draw(x, n + cols[k], k);
		draw(dy, n, 9);
		memset(dx, 0, sizeof dx);
		fl_rmsnorm_grad(dx, dx + n, dy, x, rows, cols[k], x + n, eps, false, scratch);
		CHECK(error_of(&f, x, dx) < 2e-6);
	}
}

static void
rmsnorm_adds_where_asked(void)
{
	float x[64], dy[64], once[64] = { 0 }, twice[64] = { 0 }, w[16], dw[16] = { 0 };

	draw(x, 64, 1), draw(dy, 64, 2), draw(w, 16, 3);
	fl_rmsnorm_grad(once, dw, dy, x, 4, 16, w, eps, false, scratch);
	fl_rmsnorm_grad(twice, dw, dy, x, 4, 16, w, eps, true, scratch);
	fl_rmsnorm_grad(twice, dw, dy, x, 4, 16, w, eps, true, scratch);
	for (int i = 0; i < 64; i++)
		CHECK_NEAR(twice[i], 2 * once[i], 1e-6);
	fl_rmsnorm_grad(dy, dw, dy, x, 4, 16, w, eps, false, scratch); /* in place */
	CHECK(memcmp(dy, once, sizeof dy) == 0);
}

/* --- matrix products: x [rows, other], then W [cols, other]; y = x W^T --- */

static double
linear_value(const struct function *f, const double *x)
{
	const double *w = x + f->rows * f->other;
	double value = 0;

	for (size_t r = 0; r < f->rows; r++)
		for (size_t c = 0; c < f->cols; c++)
			for (size_t k = 0; k < f->other; k++)
				value += (double)f->weight[r * f->cols + c] * x[r * f->other + k] *
				    w[c * f->other + k];
	return value;
}

static void
products_of_any_shape(void)
{
	static const size_t shape[][3] = { { 1, 3, 5 }, { 17, 19, 23 }, { 33, 16, 32 } };
	float x[MOST], dx[MOST], dy[MOST];

	for (size_t i = 0; i < 3; i++) {
		size_t m = shape[i][0], n = shape[i][1], k = shape[i][2];
		struct function f = { .value = linear_value, .n = m * k + n * k, .rows = m, .cols = n,
			.other = k, .weight = dy };

		draw(x, f.n, i);
		draw(dy, m * n, 7);
		memset(dx, 0, sizeof dx);
		fl_matmul(&(struct fl_product){ .m = m, .n = k, .k = n, .a = dy, .lda = n, .b = x + m * k,
		    .ldb = k, .c = dx, .ldc = k }, false, scratch);
		fl_matmul(&(struct fl_product){ .trans_a = true, .m = n, .n = k, .k = m, .a = dy,
		    .lda = n, .b = x, .ldb = k, .beta = 1, .c = dx + m * k, .ldc = k }, false, scratch);
		CHECK(error_of(&f, x, dx) < 2e-6);
	}
}

static void
both_products_agree_on_transposed_operands(void)
{
	float a[30 * 50], b[50 * 40], c[2][30 * 40];

	draw(a, 30 * 50, 1), draw(b, 50 * 40, 2);
	for (int ta = 0; ta < 2; ta++)
		for (int tb = 0; tb < 2; tb++) {
			struct fl_product p = { .trans = tb, .trans_a = ta, .m = 30, .n = 40, .k = 50,
				.a = a, .lda = ta ? 30 : 50, .b = b, .ldb = tb ? 50 : 40, .c = c[0],
				.ldc = 40 };

			fl_sgemm_portable(&p);
			p.c = c[1];
			fl_matmul(&p, false, scratch);
			for (int i = 0; i < 30 * 40; i++)
				CHECK_NEAR(c[0][i], c[1][i], 1e-4);
		}
}

/* Of operands that bf16 holds exactly the product is that of f32. */
static void
bf16_products_round_their_operands_alone(void)
{
	float a[30 * 50], b[50 * 40], c[3][30 * 40];
	uint16_t ha[30 * 50], hb[50 * 40];

	draw(a, 30 * 50, 1), draw(b, 50 * 40, 2);
	fl_dtype_from_f32(ha, FL_BF16, a, 30 * 50);
	fl_dtype_from_f32(hb, FL_BF16, b, 50 * 40);
	for (int ta = 0; ta < 2; ta++)
		for (int tb = 0; tb < 2; tb++) {
			struct fl_product p = { .trans = tb, .trans_a = ta, .m = 30, .n = 40, .k = 50, .beta = 1,
				.a = a, .lda = ta ? 30 : 50, .b = b, .ldb = tb ? 50 : 40, .ldc = 40 };

			for (int i = 0; i < 3; i++)
				draw(c[i], 30 * 40, 3);
			p.c = c[0];
			fl_matmul(&p, true, scratch);
			p.c = c[1];
			fl_bgemm_widened(&p, ha, hb);
			fl_dtype_to_f32(a, ha, FL_BF16, 30 * 50);
			fl_dtype_to_f32(b, hb, FL_BF16, 50 * 40);
			p.c = c[2];
			fl_matmul(&p, false, scratch);
			for (int i = 0; i < 30 * 40; i++) {
				CHECK_NEAR(c[0][i], c[2][i], 1e-4);
				CHECK_NEAR(c[1][i], c[2][i], 1e-4);
			}
		}
}

/* --- SwiGLU: gate [n], then up [n] --- */

static double
swiglu_value(const struct function *f, const double *x)
{
	double value = 0;

	for (size_t i = 0; i < f->cols; i++)
		value += (double)f->weight[i] * x[i] / (1 + exp(-x[i])) * x[f->cols + i];
	return value;
}

static void
swiglu_with_a_tail(void)
{
	enum { N = 53 };
	float x[2 * N], da[N];
	struct function f = { .value = swiglu_value, .n = 2 * N, .cols = N, .weight = da };
	float dx[2 * N];

	draw(x, 2 * N, 1), draw(da, N, 2);
	fl_swiglu_grad(dx, dx + N, da, x, x + N, N);
	CHECK(error_of(&f, x, dx) < 2e-6);
	fl_swiglu_grad(x, x + N, da, x, x + N, N);
	CHECK(memcmp(x, dx, sizeof x) == 0);
}

/* --- RoPE --- */

static void
rope_turned_back_is_as_before(void)
{
	enum { ROWS = 12, HEADS = 3, DIM = 8 };
	double freq[DIM / 2];
	float table[ROWS * DIM], x[ROWS * HEADS * DIM], y[ROWS * HEADS * DIM], dot[2] = { 0 };

	fl_rope_frequencies(freq, DIM, 100);
	fl_rope_table(table, freq, DIM / 2, ROWS, 0.7);
	draw(x, ROWS * HEADS * DIM, 1), draw(y, ROWS * HEADS * DIM, 2);
	for (int k = 0; k < 2; k++) { /* <R x, y> = <x, R^T y> */
		float a[ROWS * HEADS * DIM], b[ROWS * HEADS * DIM];

		memcpy(a, x, sizeof x);
		memcpy(b, y, sizeof y);
		if (k == 0)
			fl_rope(a, ROWS, HEADS, DIM, table, 0, 6);
		else
			fl_rope_back(b, ROWS, HEADS, DIM, table, 0, 6);
		for (int i = 0; i < ROWS * HEADS * DIM; i++)
			dot[k] += a[i] * b[i];
	}
	CHECK_NEAR(dot[0], dot[1], 1e-4);
}

/* --- attention: q, k, v one after the other --- */

static double
attention_value(const struct function *f, const double *x)
{
	const struct fl_attention *a = f->attention;
	size_t n = a->queries, heads = a->heads, kv = a->kv_heads, dim = a->dim;
	const double *k = x + a->sequences * n * heads * dim, *v = k + a->sequences * n * kv * dim;
	double value = 0;

	for (size_t s = 0; s < a->sequences; s++)
		for (size_t h = 0; h < heads; h++)
			for (size_t i = 0; i < n; i++) {
				size_t at = ((s * n + i) * heads + h) * dim, from = fl_attention_horizon(a, s, i);
				double sum = 0, out = 0;

				for (size_t p = from; p <= i; p++) {
					size_t key = ((s * n + p) * kv + h / (heads / kv)) * dim;
					double score = 0, dot = 0;

					for (size_t e = 0; e < dim; e++) {
						score += x[at + e] * k[key + e];
						dot += (double)f->weight[at + e] * v[key + e];
					}
					score = exp(score / sqrt((double)dim));
					sum += score;
					out += score * dot;
				}
				value += out / sum;
			}
	return value;
}

static double
attention_error(struct fl_attention a)
{
	size_t rows = a.sequences * a.queries, nq = rows * a.heads * a.dim;
	size_t nk = rows * a.kv_heads * a.dim, n = nq + 2 * nk;
	float *x = fl_alloc(n, sizeof *x), *dx = fl_alloc(n, sizeof *dx), *out = fl_alloc(nq, sizeof *out);
	float *dout = fl_alloc(nq, sizeof *dout), *lse = fl_alloc(rows * a.heads, sizeof *lse);
	struct function f = { .value = attention_value, .n = n, .weight = dout, .attention = &a };
	double error;

	draw(x, n, 1), draw(dout, nq, 2);
	a.q = x, a.k = x + nq, a.v = x + nq + nk, a.out = out, a.lse = lse;
	a.kv_row = a.kv_heads * a.dim, a.kv_head = a.dim, a.kv_sequence = a.queries * a.kv_row;
	fl_attention(&a, scratch);
	fl_attention_grad(&a, &(struct fl_attention_grad){ dout, dx, dx + nq, dx + nq + nk }, scratch);
	error = error_of(&f, x, dx);
	free(x), free(dx), free(out), free(dout), free(lse);
	return error;
}

static void
attention_of_every_kind(void)
{
	static const uint32_t begin[] = { 0, 0, 0, 3, 3, 3, 3, 7, 7, 9, 9, 0, 1, 1, 1, 1, 1, 6, 6, 6, 6, 6 };

	CHECK(attention_error((struct fl_attention){ .sequences = 2, .queries = 11, .heads = 4,
	    .kv_heads = 2, .dim = 6 }) < 5e-6);
	CHECK(attention_error((struct fl_attention){ .sequences = 1, .queries = 13, .heads = 3,
	    .kv_heads = 1, .dim = 4, .window = 4 }) < 5e-6);
	CHECK(attention_error((struct fl_attention){ .sequences = 2, .queries = 11, .heads = 2,
	    .kv_heads = 2, .dim = 8, .begin = begin }) < 5e-6);
	CHECK(attention_error((struct fl_attention){ .sequences = 2, .queries = 11, .heads = 4,
	    .kv_heads = 1, .dim = 4, .begin = begin, .window = 3 }) < 5e-6);
}

/* Several blocks of queries and keys: a block at a time gives what the whole does. */
static void
long_attention_is_the_sum_of_its_blocks(void)
{
	struct fl_attention a = { .sequences = 1, .queries = 300, .heads = 1, .kv_heads = 1, .dim = 2 };

	CHECK(attention_error(a) < 2e-5);
	a.window = 270;
	CHECK(attention_error(a) < 2e-5);
}

/* --- what rounding leaves --- */

static void
weights_are_rounded_as_they_are_stored(void)
{
	const struct fl_quant_how how = { .search = true };
	float w[3 * 64], out[3 * 64], want[64];
	uint32_t packed[8];
	uint16_t scale[2];
	struct fl_matrix row = { FL_MATRIX_INT4, 1, 64, packed, scale };

	draw(w, 3 * 64, 1);
	w[70] = NAN;
	fl_fake_quant_weights(out, w, 3, 64, 4, &how, scratch);
	CHECK(isnan(out[64]) && isnan(out[127]) && !isnan(out[128]));
	for (int r = 0; r < 3; r += 2) {
		CHECK(fl_quant_row(w + r * 64, 64, 4, &how, packed, scale) == 0);
		fl_matrix_rows_f32(&row, 0, 1, want);
		CHECK(memcmp(want, out + r * 64, sizeof want) == 0);
	}
}

static void
activations_keep_255th_parts_of_their_range_and_zero(void)
{
	float x[2 * 37], out[2 * 37], zero[37] = { 0 };

	draw(x, 2 * 37, 1);
	x[5] = 0;
	for (int i = 37; i < 74; i++) /* all of one sign: the range has 0 all the same */
		x[i] = 3 + x[i] / 4;
	fl_fake_quant_rows(out, x, 2, 37);
	CHECK(out[5] == 0);
	for (int r = 0; r < 2; r++) {
		double low = 0, high = 0;

		for (int i = 0; i < 37; i++) {
			low = fmin(low, x[r * 37 + i]);
			high = fmax(high, x[r * 37 + i]);
		}
		for (int i = 0; i < 37; i++)
			CHECK_NEAR(out[r * 37 + i], x[r * 37 + i], 0.501 * (high - low) / 255 + 1e-6);
	}
	fl_fake_quant_rows(out, zero, 1, 37);
	CHECK(memcmp(out, zero, sizeof zero) == 0);
}

/* --- losses --- */

static double
log_sum(const double *x, size_t n, double t)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += exp(x[i] / t);
	return log(sum);
}

/* cols logits, target 3. */
static double
loss_value(const struct function *f, const double *z)
{
	double loss = log_sum(z, f->cols, 1) - z[3], kl = 0, t, rest[2] = { 1, 1 };

	if (!f->distill)
		return loss;
	t = (double)f->distill->temperature;
	for (size_t i = 0; i < f->n; i++) {
		double q = exp(z[i] / t - log_sum(z, f->n, t)), p = 0;

		if (f->top) {
			for (size_t k = 0; k < f->top->k; k++)
				if (f->top->id[k] == i)
					p = (double)f->top->p[k];
			rest[0] -= p;
			rest[1] -= p > 0 ? q : 0;
		} else {
			double x[MOST];

			for (size_t k = 0; k < f->n; k++)
				x[k] = (double)f->teacher[k];
			p = exp(x[i] / t - log_sum(x, f->n, t));
		}
		kl += p > 0 ? p * log(p / q) : 0;
	}
	if (f->top)
		kl += rest[0] * log(rest[0] / rest[1]);
	return (1 - (double)f->distill->mix) * loss + (double)f->distill->mix * t * t * kl;
}

static double
total(const struct fl_distill *d, double loss, double kl)
{
	return (1 - (double)d->mix) * loss + (double)(d->mix * d->temperature * d->temperature) * kl;
}

static void
losses_and_distillation(void)
{
	enum { N = 37 };
	static const float temperature[] = { 1, 2.5f };
	static const uint32_t id[] = { 3, 17, 30 };
	static const float p[] = { 0.5f, 0.2f, 0.1f };
	const struct fl_top top = { 3, id, p };
	float z[N], at[N], teacher[N], spent[N];
	double x[N], loss, kl;

	draw(at, N, 1), draw(teacher, N, 2);
	for (int i = 0; i < N; i++)
		x[i] = (double)at[i];
	memcpy(z, at, sizeof z);
	CHECK_NEAR(fl_cross_entropy_grad(z, N, 3, 1), loss_value(&(struct function){ .cols = N }, x), 1e-5);
	CHECK(error_of(&(struct function){ .value = loss_value, .n = N, .cols = N }, at, z) < 2e-6);
	for (int i = 0; i < 2; i++) {
		struct fl_distill d = { 0.7f, temperature[i] };
		struct function f = { .value = loss_value, .n = N, .cols = N, .distill = &d,
			.teacher = teacher };

		memcpy(z, at, sizeof z);
		memcpy(spent, teacher, sizeof spent);
		loss = fl_distill_grad(z, N, spent, N, 3, &d, 1, &kl);
		CHECK_NEAR(total(&d, loss, kl), loss_value(&f, x), 1e-5);
		CHECK(error_of(&f, at, z) < 5e-6);
		f.top = &top;
		memcpy(z, at, sizeof z);
		loss = fl_distill_top_grad(z, N, &top, 3, &d, 1, &kl);
		CHECK_NEAR(total(&d, loss, kl), loss_value(&f, x), 1e-5);
		CHECK(error_of(&f, at, z) < 5e-6);
	}
}

/* A teacher of fewer tokens says that the others do not come; one of more is asked about those of the student alone. */
static void
vocabularies_of_different_sizes_are_distilled_over_the_rows_of_both(void)
{
	enum { N = 37, FEWER = 30 };
	static const uint32_t id[] = { 3, 17, 30 }, more[] = { 3, N + 1, 17, N, 30 }, beyond[] = { N, N + 1 };
	static const float p[] = { 0.5f, 0.2f, 0.1f }, less[] = { 0.4f, 0.19f, 0.16f, 0.01f, 0.08f };
	const struct fl_distill d = { 0.7f, 2 };
	float z[N], at[N], other[N], teacher[N], spent[N];
	struct function f = { .value = loss_value, .n = N, .cols = N, .distill = &d, .teacher = teacher };
	double x[N], loss, kl, same;

	draw(at, N, 1), draw(teacher, N, 2);
	for (int i = 0; i < N; i++)
		x[i] = (double)at[i];
	memcpy(spent, teacher, sizeof spent);
	for (int i = FEWER; i < N; i++)
		teacher[i] = -10000;
	memcpy(z, at, sizeof z);
	loss = fl_distill_grad(z, N, spent, FEWER, 3, &d, 1, &kl);
	CHECK_NEAR(total(&d, loss, kl), loss_value(&f, x), 1e-5);
	CHECK(error_of(&f, at, z) < 5e-6);
	memcpy(z, at, sizeof z), memcpy(other, at, sizeof z);
	loss = fl_distill_top_grad(z, N, &(struct fl_top){ 3, id, p }, 3, &d, 1, &kl);
	CHECK_NEAR(fl_distill_top_grad(other, N, &(struct fl_top){ 5, more, less }, 3, &d, 1, &same), loss, 1e-6);
	CHECK_NEAR(same, kl, 1e-6);
	for (int i = 0; i < N; i++)
		CHECK_NEAR(other[i], z[i], 1e-6);
	/* nothing is known of the tokens of the student */
	memcpy(other, at, sizeof z);
	fl_distill_top_grad(other, N, &(struct fl_top){ 2, beyond, p }, 3, &(struct fl_distill){ 1, 1 }, 1, &kl);
	CHECK_NEAR(kl, 0, 1e-6);
	for (int i = 0; i < N; i++)
		CHECK_NEAR(other[i], 0, 1e-6);
}

/* --- AdamW, by its formula --- */

static void
adamw_follows_its_formula(void)
{
	enum { N = 19 };
	struct fl_adamw a = { 0.01f, 0.9f, 0.95f, 1e-8f, 0.1f, 0 };
	float w[N], m[N] = { 0 }, v[N] = { 0 }, g[N];
	double dw[N], dm[N] = { 0 }, dv[N] = { 0 };

	draw(w, N, 1);
	for (int i = 0; i < N; i++)
		dw[i] = (double)w[i];
	for (a.step = 1; a.step <= 5; a.step++) {
		draw(g, N, (uint64_t)a.step + 10);
		fl_adamw(&a, w, m, v, g, 0.5f, N);
		for (int i = 0; i < N; i++) {
			double x = 0.5 * (double)g[i];

			dm[i] = 0.9 * dm[i] + 0.1 * x;
			dv[i] = 0.95 * dv[i] + 0.05 * x * x;
			dw[i] -= 0.01 * 0.1 * dw[i];
			dw[i] -= 0.01 * dm[i] / (1 - pow(0.9, (double)a.step)) /
			    (sqrt(dv[i] / (1 - pow(0.95, (double)a.step))) + 1e-8);
			CHECK_NEAR(w[i], dw[i], 1e-5);
		}
	}
	CHECK_NEAR(fl_sum_squares(w, N), fl_sum_squares(w, 10) + fl_sum_squares(w + 10, N - 10), 1e-5);
}

/* Longer than is summed at once. */
static void
long_sums_of_squares(void)
{
	size_t n = ((size_t)256 << 15) + 12345;
	float *x = fl_alloc(n, sizeof *x);

	for (size_t i = 0; i < n; i++)
		x[i] = i % 3 == 0 ? 0.5f : 0;
	CHECK_NEAR(fl_sum_squares(x, n), 0.25 * (double)((n + 2) / 3), 1e-3);
	free(x);
}

int
main(void)
{
	scratch = fl_scratch_new();
	TEST(rmsnorm_of_any_width);
	TEST(rmsnorm_adds_where_asked);
	TEST(products_of_any_shape);
	TEST(both_products_agree_on_transposed_operands);
	TEST(bf16_products_round_their_operands_alone);
	TEST(swiglu_with_a_tail);
	TEST(rope_turned_back_is_as_before);
	TEST(attention_of_every_kind);
	TEST(long_attention_is_the_sum_of_its_blocks);
	TEST(weights_are_rounded_as_they_are_stored);
	TEST(activations_keep_255th_parts_of_their_range_and_zero);
	TEST(losses_and_distillation);
	TEST(vocabularies_of_different_sizes_are_distilled_over_the_rows_of_both);
	TEST(adamw_follows_its_formula);
	TEST(long_sums_of_squares);
	fl_scratch_free(scratch);
	return test_done();
}
