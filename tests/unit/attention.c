/* SPDX-License-Identifier: Apache-2.0 */
/* Attention against the formula in double: heads that share keys, windows, caches, long and short. */
#include "test.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "compute/attend.h"
#include "compute/attention.h"

static float *
random_floats(size_t n, uint64_t seed)
{
	struct fl_rng r = fl_rng_new(seed, 0);
	float *x = fl_alloc(n, sizeof *x);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)(4 * fl_rng_unit(&r) - 2);
	return x;
}

/* Where the key of a position is, from which k and v it takes. */
static const float *
place(const struct fl_attention *a, size_t sequence, size_t head, size_t p, const float **v)
{
	const struct fl_keys *in = NULL;
	size_t at = sequence * a->kv_sequence + head * a->kv_head + (p - a->first) * a->kv_row;

	for (size_t i = 0; p < a->first && i < a->shareds && a->shared[i].first <= p; i++)
		in = &a->shared[i];
	if (in)
		at = head * in->head + (p - in->first) * in->row;
	*v = (in ? in->v : a->v) + at;
	return (in ? in->k : a->k) + at;
}

/* One query head at one position, by the definition. */
static void
expected(const struct fl_attention *a, size_t sequence, size_t query, size_t head, double *out)
{
	const float *q = a->q + ((sequence * a->queries + query) * a->heads + head) * a->dim;
	size_t shared = head / (a->heads / a->kv_heads), p = a->past + query;
	const float *k, *v;
	double sum = 0;

	memset(out, 0, a->dim * sizeof *out);
	for (size_t p0 = 0; p0 <= p; p0++) {
		double score = 0;

		if (a->window && p - p0 >= a->window)
			continue;
		k = place(a, sequence, shared, p0, &v);
		for (size_t i = 0; i < a->dim; i++)
			score += (double)q[i] * k[i];
		score = exp(score / sqrt((double)a->dim));
		sum += score;
		for (size_t i = 0; i < a->dim; i++)
			out[i] += score * v[i];
	}
	for (size_t i = 0; i < a->dim; i++)
		out[i] /= sum;
}

/* Runs a (sizes, window, past and first are given) on random data and returns the largest error. */
static double
error_of(struct fl_attention a, bool by_head)
{
	size_t keys = a.past + a.queries - a.first, kv = a.sequences * keys * a.kv_heads * a.dim;
	size_t n = a.sequences * a.queries * a.heads * a.dim;
	struct fl_scratch *s = fl_scratch_new();
	float *q = random_floats(n, 1), *k = random_floats(kv, 2), *v = random_floats(kv, 3);
	float *out = fl_alloc(n, sizeof *out);
	double *want = fl_alloc(a.dim, sizeof *want), worst = 0;

	a.q = q, a.k = k, a.v = v, a.out = out;
	a.kv_row = by_head ? a.dim : a.kv_heads * a.dim;
	a.kv_head = by_head ? keys * a.dim : a.dim;
	a.kv_sequence = keys * a.kv_heads * a.dim;
	fl_attention(&a, s);
	for (size_t i = 0; i < n; i += a.dim) {
		size_t head = i / a.dim % a.heads, query = i / a.dim / a.heads;

		expected(&a, query / a.queries, query % a.queries, head, want);
		for (size_t d = 0; d < a.dim; d++)
			worst = fmax(worst, fabs(out[i + d] - want[d]));
	}
	free(q);
	free(k);
	free(v);
	free(out);
	free(want);
	fl_scratch_free(s);
	return worst;
}

static void
batches_of_sequences_agree_with_the_definition(void)
{
	CHECK_NEAR(error_of((struct fl_attention){ 1, 1, 1, 1, 1 }, false), 0, 1e-6);
	CHECK_NEAR(error_of((struct fl_attention){ 2, 33, 8, 2, 32 }, false), 0, 2e-6);
	CHECK_NEAR(error_of((struct fl_attention){ 3, 7, 6, 3, 8 }, false), 0, 2e-6);
	CHECK_NEAR(error_of((struct fl_attention){ 1, 300, 2, 1, 20 }, false), 0, 2e-6);
	CHECK_NEAR(error_of((struct fl_attention){ 1, 9, 150, 1, 4 }, false), 0, 2e-6);
}

static void
windows_see_as_many_positions_as_they_say(void)
{
	static const size_t windows[] = { 1, 2, 31, 256, 257, 279, 280, 1000 };

	for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
		struct fl_attention a = { .sequences = 1, .queries = 280, .heads = 2, .kv_heads = 2,
			.dim = 16, .window = windows[i] };

		CHECK_NEAR(error_of(a, false), 0, 2e-6);
	}
}

static void
queries_follow_what_the_cache_holds(void)
{
	static const size_t pasts[] = { 1, 255, 256, 700 }, counts[] = { 1, 3, 40 };

	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 3; j++) {
			struct fl_attention a = { .sequences = 1, .queries = counts[j], .heads = 8,
				.kv_heads = 2, .dim = 32, .past = pasts[i] };

			CHECK_NEAR(error_of(a, true), 0, 2e-6);
			a.window = 100;
			CHECK_NEAR(error_of(a, true), 0, 2e-6);
			a.first = a.past > 99 ? a.past - 99 : 0; /* older keys are gone */
			CHECK_NEAR(error_of(a, true), 0, 2e-6);
		}
}

/* Keys in one, two and three places; and several at once, of different sizes. */
static void
keys_may_lie_in_several_places(void)
{
	enum { FIRST = 300, SPLIT = 40, WIDTH = 2 * 16 };
	float *k = random_floats(FIRST * WIDTH, 4), *v = random_floats(FIRST * WIDTH, 5);

	for (size_t shareds = 1; shareds <= FL_SHARED; shareds++)
		for (size_t queries = 1; queries < 100; queries += 33) {
			struct fl_attention a = { .sequences = 3, .queries = queries, .heads = 4,
				.kv_heads = 2, .dim = 16, .past = FIRST, .first = FIRST };

			a.shareds = shareds;
			a.shared[0] = (struct fl_keys){ k, v, 0, WIDTH, 16 };
			a.shared[1] = (struct fl_keys){ k + 9 * WIDTH, v + 9 * WIDTH, SPLIT, 16, SPLIT * 16 };
			CHECK_NEAR(error_of(a, false), 0, 2e-6);
			a.window = 290;
			CHECK_NEAR(error_of(a, true), 0, 2e-6);
		}
	free(k);
	free(v);
}

static void
several_are_done_as_each_alone(void)
{
	enum { MOST = 70, WIDTH = 2 * 8 };
	float *q = random_floats(MOST * WIDTH, 1), *k = random_floats(MOST * WIDTH, 2);
	float out[4][MOST * WIDTH], alone[MOST * WIDTH];
	static const size_t queries[4] = { 1, 0, MOST, 13 };
	struct fl_scratch *s = fl_scratch_new();
	struct fl_attention a[4];

	for (size_t i = 0; i < 4; i++)
		a[i] = (struct fl_attention){ .sequences = 1, .queries = queries[i], .heads = 2,
			.kv_heads = 2, .dim = 8, .q = q, .k = k, .v = k, .kv_row = WIDTH, .kv_head = 8,
			.out = out[i] };
	fl_attention_all(a, 4, s);
	for (size_t i = 0; i < 4; i++) {
		a[i].out = alone;
		fl_attention(&a[i], s);
		CHECK(memcmp(alone, out[i], queries[i] * WIDTH * sizeof *alone) == 0);
	}
	fl_scratch_free(s);
	free(q);
	free(k);
}

/* --- caches, by each kernel there is --- */

/* x as 8 bits see it. */
static void
see_as_int8(float *x, size_t rows, size_t dim)
{
	int8_t *q = fl_alloc(dim, 1);
	float scale;
	int32_t zero;

	for (size_t r = 0; r < rows; r++, x += dim) {
		fl_kv_round(q, &scale, &zero, x, dim);
		for (size_t i = 0; i < dim; i++)
			x[i] = scale * (float)(q[i] - zero);
	}
	free(q);
}

/* `tokens` in pieces through a cache, the results of all in out [tokens, heads, dim]. */
static void
through_a_cache(struct fl_attention a, struct fl_kv *c, const float *k, const float *v, size_t tokens,
    size_t piece)
{
	struct fl_scratch *s = fl_scratch_new();
	size_t each = a.heads * a.dim, kv = a.kv_heads * a.dim;

	for (size_t at = 0; at < tokens; at += a.queries, a.q += a.queries * each, a.out += a.queries * each) {
		a.queries = tokens - at < piece ? tokens - at : piece;
		fl_kv_append(c, k + at * kv, v + at * kv, a.queries, a.window);
		a.cache = c;
		a.past = at;
		a.first = c->first;
		fl_attention(&a, s);
	}
	fl_scratch_free(s);
}

/* The largest error of tokens through a cache against the definition, which is given what 8 bits leave. */
static double
cache_error(struct fl_attention a, enum fl_kv_kind kind, size_t tokens, size_t piece, bool ring)
{
	size_t n = tokens * a.heads * a.dim, kv = tokens * a.kv_heads * a.dim;
	float *q = random_floats(n, 1), *k = random_floats(kv, 2), *v = random_floats(kv, 3);
	float *out = fl_alloc(n, sizeof *out);
	size_t bounded = ring ? 2 * a.window : 2 * a.window + piece + FL_STRIP;
	struct fl_kv c = fl_kv_new(kind, a.kv_heads, a.dim, a.window ? bounded : tokens);
	double *want = fl_alloc(a.dim, sizeof *want), worst = 0;

	c.ring = ring;
	a.sequences = 1, a.q = q, a.out = out;
	through_a_cache(a, &c, k, v, tokens, piece);
	if (kind == FL_KV_INT8) {
		see_as_int8(q, n / a.dim, a.dim);
		see_as_int8(k, kv / a.dim, a.dim);
		see_as_int8(v, kv / a.dim, a.dim);
	}
	a.queries = tokens, a.past = a.first = 0;
	a.k = k, a.v = v, a.kv_row = a.kv_heads * a.dim, a.kv_head = a.dim;
	for (size_t i = 0; i < n; i += a.dim) {
		expected(&a, 0, i / a.dim / a.heads, i / a.dim % a.heads, want);
		for (size_t d = 0; d < a.dim; d++)
			worst = fmax(worst, fabs(out[i + d] - want[d]));
	}
	fl_kv_free(&c);
	free(q);
	free(k);
	free(v);
	free(out);
	free(want);
	return worst;
}

static void
caches_agree_with_the_definition_by_every_kernel(void)
{
	static const struct {
		size_t heads, kv_heads, dim, window, tokens, piece;
	} shape[] = { { 8, 2, 64, 0, 300, 70 }, { 8, 2, 64, 0, 40, 1 }, { 3, 1, 20, 0, 50, 17 }, { 2, 2, 7, 0, 33, 33 },
		{ 6, 1, 80, 0, 290, 290 }, { 4, 4, 16, 31, 300, 9 }, { 8, 2, 32, 100, 400, 100 }, { 2, 1, 5, 16, 90, 1 } };

	for (size_t i = 0; fl_attends[i]; i++)
		for (size_t j = 0; j < sizeof shape / sizeof *shape && fl_isa_has(fl_attends[i]->isa); j++)
			for (enum fl_kv_kind kind = FL_KV_F32; kind <= FL_KV_INT8; kind++)
				for (int ring = 0; ring <= (shape[j].window > 0); ring++) {
					struct fl_attention a = { .heads = shape[j].heads, .kv_heads = shape[j].kv_heads,
						.dim = shape[j].dim, .window = shape[j].window, .kernels = fl_attends[i] };

					CHECK_NEAR(cache_error(a, kind, shape[j].tokens, shape[j].piece, ring), 0, 1e-5);
				}
}

enum { MOST_ROWS = 8, MOST_DIM = 70, MOST_KEYS = 80, SCORES = MOST_ROWS * ATTEND_KEYS };

/* Both kernels on the same scores of 8 bits, on addresses of any alignment; each in its own offset. */
static void
compare_scores8(const struct fl_attend *x, size_t words, size_t off)
{
	static uint8_t q[MOST_ROWS * MOST_DIM * 4 + 8];
	static int8_t k[MOST_KEYS * MOST_DIM * 4 + 8];
	static float score[2][SCORES + 8];
	float scale[MOST_KEYS + 8];
	int32_t zero[MOST_KEYS + 8], sum[MOST_ROWS + 8];
	const struct fl_attend *both[2] = { fl_attends[0], x };
	struct fl_rng rng = fl_rng_new(words, off);

	for (size_t i = 0; i < sizeof k; i++)
		k[i] = (int8_t)fl_rng_below(&rng, 256);
	for (size_t i = 0; i < MOST_KEYS + 8; i++) {
		scale[i] = 1;
		zero[i] = (int32_t)fl_rng_below(&rng, 256) - 128;
	}
	for (int i = 0; i < 2; i++) {
		struct fl_rng same = fl_rng_new(words, off + 100);
		int32_t shift[MOST_ROWS];

		memset(sum, 0, sizeof sum);
		for (size_t at = 0; at < MOST_ROWS * words * 4; at++) {
			int b = (int)fl_rng_below(&same, 256) - 128 + both[i]->offset;

			q[off + at] = (uint8_t)b;
			sum[at / (words * 16) * 4 + at / 4 % 4] += b;
		}
		for (size_t r = 0; r < MOST_ROWS; r++)
			shift[r] = 5 + both[i]->offset;
		/* the rest is of the same keys: their sum less dim * zero */
		int32_t rest[MOST_KEYS + 8] = { 0 };
		for (size_t key = 0; key < MOST_KEYS; key++) {
			for (size_t w = 0; w < words; w++)
				for (size_t b = 0; b < 4; b++)
					rest[key] += k[off + ((key / FL_STRIP * words + w) * FL_STRIP + key % FL_STRIP) * 4 + b];
			rest[key] -= (int32_t)words * 4 * zero[key];
		}
		both[i]->scores8(score[i] + off, &(struct fl_queries8){ q + off, scale, shift, sum },
		    &(struct fl_keys8){ k + off, scale, zero, rest }, MOST_ROWS, MOST_KEYS / FL_STRIP, words);
	}
	for (size_t r = 0; r < MOST_ROWS; r++)
		CHECK(memcmp(score[0] + off + r * ATTEND_KEYS, score[1] + off + r * ATTEND_KEYS, MOST_KEYS * sizeof(float)) == 0);
}

static void
integers_are_the_same_by_every_kernel(void)
{
	for (size_t i = 1; fl_attends[i]; i++)
		for (size_t words = 1; words <= 16 && fl_isa_has(fl_attends[i]->isa); words += 5)
			for (size_t off = 0; off < 3; off++)
				compare_scores8(fl_attends[i], words, off);
}

static void
large_scores_do_not_overflow(void)
{
	float q[2] = { 1e4f, 0 }, k[4] = { 1, 0, -1, 0 }, v[4] = { 2, 3, 5, 7 }, out[2];
	struct fl_attention a = { .sequences = 1, .queries = 1, .heads = 1, .kv_heads = 1, .dim = 2,
		.past = 1, .q = q, .k = k, .v = v, .kv_row = 2, .out = out };
	struct fl_scratch *s = fl_scratch_new();

	fl_attention(&a, s);
	CHECK(out[0] == 2 && out[1] == 3);
	fl_scratch_free(s);
}

static void
the_number_of_threads_does_not_show(void)
{
	size_t n = 300 * 8 * 32, kv = n / 4;
	float *q = random_floats(n, 1), *k = random_floats(kv, 2), *v = random_floats(kv, 3), *first = NULL;

	for (int threads = 1; threads <= 3; threads++) {
		float *out = fl_alloc(n, sizeof *out);
		struct fl_attention a = { .sequences = 1, .queries = 300, .heads = 8, .kv_heads = 2,
			.dim = 32, .q = q, .k = k, .v = v, .kv_row = 64, .kv_head = 32, .out = out };
		struct fl_scratch *s;

		fl_parallel_set(threads);
		s = fl_scratch_new();
		fl_attention(&a, s);
		fl_scratch_free(s);
		if (first) {
			CHECK(memcmp(out, first, n * sizeof *out) == 0);
			free(out);
		} else {
			first = out;
		}
	}
	free(first);
	free(q);
	free(k);
	free(v);
}

int
main(void)
{
	TEST(batches_of_sequences_agree_with_the_definition);
	TEST(windows_see_as_many_positions_as_they_say);
	TEST(queries_follow_what_the_cache_holds);
	TEST(keys_may_lie_in_several_places);
	TEST(several_are_done_as_each_alone);
	TEST(caches_agree_with_the_definition_by_every_kernel);
	TEST(integers_are_the_same_by_every_kernel);
	TEST(large_scores_do_not_overflow);
	TEST(the_number_of_threads_does_not_show);
	return test_done();
}
