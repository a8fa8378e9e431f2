/* SPDX-License-Identifier: Apache-2.0 */
/* The forward pass against logits that Hugging Face transformers gave for small random models
 * (tests/data/logits, made by tests/interop/make-logits.py and make-quantized.py); in batches, in pieces through a cache, at
 * any number of threads; and what its hooks see. */
#include "test.h"

#include <stdint.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/str.h"
#include "compute/norm.h"
#include "io/safetensors.h"
#include "model/forward.h"

#define FIXTURES "tests/data/logits/"

static const char *const names[] = { "llama-untied", "llama3-scaled", "llama3-bf16", "qwen3-tied",
	"qwen3-window", "qwen2-tied", "qwen2-window", "mistral-window", "mistral-full", "smollm2",
	"mobilellm", "llama-bias", "w4a16" };
enum { NAMES = sizeof names / sizeof *names };

/* Rounding of f32 in another order of sums; logits have a standard deviation of about 1.5. */
static const double tolerance = 1e-4;

struct reference {
	struct fl_model *model;
	struct fl_safetensors *file;
	uint32_t *ids;
	float *logits; /* [sequences, tokens, vocab] */
	size_t sequences, tokens, vocab;
};

static struct fl_err err;

static struct fl_model *
open_model(const char *name)
{
	struct fl_str path = { 0 };
	struct fl_model *m;

	fl_str_printf(&path, FIXTURES "%s", name);
	m = fl_model_open(path.data, &err);
	if (!test_check(m, __FILE__, __LINE__, name, err.text))
		exit(1);
	fl_str_free(&path);
	return m;
}

static struct reference
open_reference(const char *name)
{
	struct reference r = { .model = open_model(name) };
	const struct fl_tensor *t;
	struct fl_str path = { 0 };
	const void *data;
	int64_t id;

	fl_str_printf(&path, FIXTURES "%s.safetensors", name);
	r.file = fl_safetensors_open(path.data, &err);
	if (!test_check(r.file, __FILE__, __LINE__, name, err.text))
		exit(1);
	t = fl_safetensors_find(r.file, "ids", &data);
	r.sequences = t->shape[0];
	r.tokens = t->shape[1];
	r.ids = fl_alloc(r.sequences * r.tokens, sizeof *r.ids);
	for (size_t i = 0; i < r.sequences * r.tokens; i++) {
		memcpy(&id, (const char *)data + i * sizeof id, sizeof id);
		r.ids[i] = (uint32_t)id;
	}
	t = fl_safetensors_find(r.file, "logits", &data);
	r.vocab = t->shape[2];
	r.logits = fl_alloc(t->size, 1);
	memcpy(r.logits, data, t->size);
	fl_str_free(&path);
	return r;
}

static void
close_reference(struct reference *r)
{
	fl_model_free(r->model);
	fl_safetensors_free(r->file);
	free(r->ids);
	free(r->logits);
}

static double
difference(const float *a, const float *b, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = fabs((double)a[i] - b[i]) >= most ? fabs((double)a[i] - b[i]) : most;
	return most;
}

struct copy {
	float *to;
	size_t vocab, rows;
};

static void
copy_logits(void *ctx, size_t first, size_t n, float *logits)
{
	struct copy *c = ctx;

	CHECK(first == c->rows);
	memcpy(c->to + first * c->vocab, logits, n * c->vocab * sizeof *logits);
	memset(logits, 0, n * c->vocab * sizeof *logits); /* they are the observer's to spoil */
	c->rows += n;
}

static void
logits_are_those_of_transformers(void)
{
	for (int i = 0; i < NAMES; i++) {
		struct reference r = open_reference(names[i]);
		size_t rows = r.sequences * r.tokens;
		struct fl_forward *f = fl_forward_new(r.model, rows, 0, NULL);
		struct copy c = { fl_alloc(rows * r.vocab, sizeof(float)), r.vocab, 0 };

		if (CHECK_OK(fl_forward_batch(f, r.ids, r.sequences, r.tokens, &err), &err)) {
			fl_forward_logits(f, copy_logits, &c);
			CHECK(c.rows == rows);
			CHECK_NEAR(difference(c.to, r.logits, rows * r.vocab), 0, tolerance);
			CHECK_NEAR(difference(fl_forward_last(f), r.logits + (rows - 1) * r.vocab, r.vocab), 0,
			    tolerance);
		}
		free(c.to);
		fl_forward_free(f);
		close_reference(&r);
	}
}

/* Every sequence through the cache in pieces of `piece` tokens, buffers for `rows` of them. */
static void
through_a_cache(const struct reference *r, size_t rows, size_t piece, const struct fl_cache_opts *o, double tol)
{
	struct fl_forward *f = fl_forward_new_cached(r->model, rows, r->tokens, o);

	for (size_t s = 0; s < r->sequences; s++) {
		fl_forward_reset(f);
		for (size_t at = 0; at < r->tokens; at += piece) {
			size_t n = r->tokens - at < piece ? r->tokens - at : piece;
			const float *want = r->logits + (s * r->tokens + at + n - 1) * r->vocab;

			if (!CHECK_OK(fl_forward_append(f, r->ids + s * r->tokens + at, n, &err), &err))
				return;
			CHECK(fl_forward_depth(f) == at + n);
			CHECK_NEAR(difference(fl_forward_last(f), want, r->vocab), 0, tol);
		}
	}
	fl_forward_free(f);
}

static void
through_the_cache(const struct reference *r, size_t rows, size_t piece)
{
	through_a_cache(r, rows, piece, &(struct fl_cache_opts){ FL_KV_F32, false }, tolerance);
}

static void
the_cache_does_not_change_them_whatever_the_pieces(void)
{
	for (int i = 0; i < NAMES; i++) {
		struct reference r = open_reference(names[i]);

		through_the_cache(&r, 1, 1);
		through_the_cache(&r, 1, 5);
		through_the_cache(&r, 6, 20);
		through_the_cache(&r, 64, 7);
		through_the_cache(&r, r.tokens, r.tokens);
		close_reference(&r);
	}
}

/* What a token sees is the model's window however long the ring. 8 bits change logits of up to ten by up to 0.3:
 * random weights, unlike trained ones, do not dampen noise. The arithmetic itself is tests/unit/attention.c's. */
static void
a_ring_changes_nothing_and_8_bits_little(void)
{
	for (int i = 0; i < NAMES; i++) {
		struct reference r = open_reference(names[i]);

		for (enum fl_kv_kind kind = FL_KV_F32; kind <= FL_KV_INT8; kind++)
			for (int ring = 0; ring <= 1; ring++) {
				struct fl_cache_opts o = { kind, ring };
				double tol = kind == FL_KV_F32 ? tolerance : 0.5;

				through_a_cache(&r, 1, 1, &o, tol);
				through_a_cache(&r, 6, 20, &o, tol);
				through_a_cache(&r, r.tokens, r.tokens, &o, tol);
			}
		close_reference(&r);
	}
}

static void
a_ring_is_twice_the_window_or_the_chunk(void)
{
	struct fl_model *m = open_model("qwen3-window");
	size_t dim = (size_t)m->config.head_dim, row = 2 * (size_t)m->config.kv_heads * dim * sizeof(float);

	for (size_t rows = 4; rows <= 64; rows *= 16) {
		struct fl_forward *f = fl_forward_new_cached(m, rows, 1000, &(struct fl_cache_opts){ FL_KV_F32, true });

		/* One full layer, two with a window of 7. */
		CHECK(fl_forward_cache_bytes(f) == row * (1008 + 2 * (rows == 4 ? 16 : 128)));
		fl_forward_free(f);
	}
	fl_model_free(m);
}

/* Sequence 0, its first `cached` tokens in the cache: up to `split` one span, then the rest of it; the
 * rest but for its last token; and, on its own, all of it again. Row by row as the reference has it. */
static void
in_spans(const struct reference *r, size_t cached, size_t split)
{
	size_t rest = r->tokens - split, begin = split - cached, all = r->tokens - cached;
	struct fl_span spans[] = { { begin, FL_NO_SPAN }, { rest, 0 }, { rest - 1, 0 }, { all, FL_NO_SPAN } };
	size_t rows = begin + 2 * rest - 1 + all, keep[] = { 0, begin, rows - 1 };
	struct fl_forward *f = fl_forward_new(r->model, rows, cached, NULL);
	struct copy c = { fl_alloc(rows * r->vocab, sizeof(float)), r->vocab, 0 };
	uint32_t *ids = fl_alloc(rows, sizeof *ids);

	memcpy(ids, r->ids + cached, begin * sizeof *ids);
	memcpy(ids + begin, r->ids + split, rest * sizeof *ids);
	memcpy(ids + begin + rest, r->ids + split, (rest - 1) * sizeof *ids);
	memcpy(ids + rows - all, r->ids + cached, all * sizeof *ids);
	if (cached)
		CHECK_OK(fl_forward_append(f, r->ids, cached, &err), &err);
	for (int twice = 0; twice < 2; twice++) {
		CHECK_OK(fl_forward_spans(f, ids, spans, 4, &err), &err);
		CHECK(fl_forward_depth(f) == cached);
	}
	fl_forward_logits(f, copy_logits, &c);
	for (size_t row = 0, i = 0; i < 4; row += spans[i++].length)
		CHECK_NEAR(difference(c.to + row * r->vocab,
		    r->logits + (spans[i].after == 0 ? split : cached) * r->vocab, spans[i].length * r->vocab),
		    0, tolerance);
	fl_forward_keep(f, keep, 3);
	CHECK_NEAR(difference(fl_forward_last(f), r->logits + (r->tokens - 1) * r->vocab, r->vocab), 0,
	    tolerance);
	c.rows = 0;
	fl_forward_logits(f, copy_logits, &c);
	CHECK_NEAR(difference(c.to + r->vocab, r->logits + split * r->vocab, r->vocab), 0, tolerance);
	CHECK(c.rows == 3);
	free(ids);
	free(c.to);
	fl_forward_free(f);
}

static void
what_sequences_share_is_computed_once(void)
{
	for (int i = 0; i < NAMES; i++) {
		struct reference r = open_reference(names[i]);

		in_spans(&r, 0, 1);
		in_spans(&r, 0, r.tokens / 2);
		in_spans(&r, 1, r.tokens - 3);
		in_spans(&r, r.tokens / 2, r.tokens / 2 + 1);
		close_reference(&r);
	}
}

/* A sequence read, partly forgotten and read again, wherever a window allows it. */
static void
the_cache_can_be_rewound(void)
{
	for (int i = 0; i < NAMES; i++) {
		struct reference r = open_reference(names[i]);
		struct fl_forward *f = fl_forward_new(r.model, 4, r.tokens, NULL);
		bool window = r.model->config.window > 0, forgot;

		CHECK_OK(fl_forward_append(f, r.ids, r.tokens, &err), &err);
		CHECK(fl_forward_rewind(f, r.tokens - 1) && fl_forward_depth(f) == r.tokens - 1);
		CHECK_OK(fl_forward_append(f, r.ids + r.tokens - 1, 1, &err), &err);
		CHECK_NEAR(difference(fl_forward_last(f), r.logits + (r.tokens - 1) * r.vocab, r.vocab), 0,
		    tolerance);
		forgot = fl_forward_rewind(f, 3);
		CHECK(forgot || window);
		if (!forgot) {
			CHECK(fl_forward_depth(f) == r.tokens);
			fl_forward_reset(f);
			CHECK_OK(fl_forward_append(f, r.ids, 3, &err), &err);
		}
		CHECK_OK(fl_forward_append(f, r.ids + 3, r.tokens - 3, &err), &err);
		CHECK_NEAR(difference(fl_forward_last(f), r.logits + (r.tokens - 1) * r.vocab, r.vocab), 0,
		    tolerance);
		fl_forward_free(f);
		close_reference(&r);
	}
}

static void
a_window_bounds_the_cache_of_its_layers(void)
{
	struct fl_model *m = open_model("qwen3-window");
	struct fl_forward *f = fl_forward_new(m, 4, 1000, NULL);
	size_t row = 2 * (size_t)m->config.kv_heads * (size_t)m->config.head_dim * sizeof(float);

	/* One full layer, two with a window of 7 and pieces of 4, and a strip; all in whole strips of 16. */
	CHECK(fl_forward_cache_bytes(f) == row * (1008 + 2 * 48));
	fl_forward_free(f);
	fl_model_free(m);
}

static void
the_number_of_threads_does_not_show(void)
{
	struct reference r = open_reference("qwen3-window");
	size_t rows = r.sequences * r.tokens, n = rows * r.vocab;
	float *first = NULL;

	for (int threads = 1; threads <= 4; threads++) {
		struct copy c = { fl_alloc(n, sizeof(float)), r.vocab, 0 };
		struct fl_forward *f;

		fl_parallel_set(threads);
		f = fl_forward_new(r.model, rows, 0, NULL);
		CHECK_OK(fl_forward_batch(f, r.ids, r.sequences, r.tokens, &err), &err);
		fl_forward_logits(f, copy_logits, &c);
		if (first)
			CHECK(memcmp(first, c.to, n * sizeof(float)) == 0);
		else
			first = fl_alloc(n, sizeof *first), memcpy(first, c.to, n * sizeof *first);
		free(c.to);
		fl_forward_free(f);
	}
	free(first);
	close_reference(&r);
}

struct seen {
	const struct fl_model *m;
	float *x; /* the residual stream after the last layer seen */
	int norms, heads, ffns, attns, layers;
};

static void
see_norm(void *ctx, int site, const float *in, const float *out, size_t rows)
{
	struct seen *s = ctx;
	const struct fl_config *c = &s->m->config;
	const struct fl_layer *l = &s->m->layer[site / 2 < c->layers ? site / 2 : 0];
	const float *w = site == 2 * c->layers ? s->m->final_norm : site % 2 ? l->ffn_norm : l->attn_norm;
	size_t n = rows * (size_t)c->width;
	float *want = fl_alloc(n, sizeof *want);

	fl_rmsnorm(want, in, rows, (size_t)c->width, w, c->norm_eps);
	CHECK(memcmp(want, out, n * sizeof *want) == 0);
	CHECK(site == s->norms);
	s->norms++;
	free(want);
}

static void
see_heads(void *ctx, int layer, const float *a, size_t rows)
{
	struct seen *s = ctx;
	const struct fl_config *c = &s->m->config;

	CHECK(layer == s->heads++ && isfinite(a[rows * (size_t)c->heads * (size_t)c->head_dim - 1]));
}

static void
see_ffn(void *ctx, int layer, const float *a, size_t rows)
{
	struct seen *s = ctx;

	CHECK(layer == s->ffns++ && isfinite(a[rows * (size_t)s->m->config.ffn - 1]));
}

static void
see_attn(void *ctx, int layer, const float *before, const float *after, size_t rows)
{
	struct seen *s = ctx;
	size_t size = rows * (size_t)s->m->config.width * sizeof *before;

	CHECK(layer == s->attns++);
	CHECK(memcmp(before, after, size) != 0);
	if (layer > 0)
		CHECK(memcmp(before, s->x, size) == 0);
}

static void
see_layer(void *ctx, int layer, const float *before, const float *after, size_t rows)
{
	struct seen *s = ctx;
	size_t size = rows * (size_t)s->m->config.width * sizeof *before;

	CHECK(layer == s->layers++);
	if (layer > 0)
		CHECK(memcmp(before, s->x, size) == 0);
	memcpy(s->x, after, size);
}

static void
hooks_see_each_site_in_order(void)
{
	struct reference r = open_reference("qwen3-window");
	struct seen s = { .m = r.model, .x = fl_alloc(100 * 24, sizeof(float)) };
	struct fl_hooks hooks = { &s, see_norm, see_heads, see_ffn, see_attn, see_layer };
	struct fl_forward *f = fl_forward_new(r.model, 100, 0, &hooks);

	CHECK_OK(fl_forward_batch(f, r.ids, r.sequences, r.tokens, &err), &err);
	CHECK(s.norms == 7 && s.heads == 3 && s.ffns == 3 && s.attns == 3 && s.layers == 3);
	free(s.x);
	fl_forward_free(f);
	close_reference(&r);
}

static void
an_id_beyond_the_vocabulary_is_refused(void)
{
	struct fl_model *m = open_model("llama-untied");
	struct fl_forward *f = fl_forward_new(m, 4, 4, NULL);
	uint32_t ids[3] = { 0, 36, 37 };
	struct fl_err e = { 0 };

	CHECK(fl_forward_batch(f, ids, 1, 2, &e) == 0);
	CHECK(fl_forward_batch(f, ids, 1, 3, &e) == -1 && e.code == FL_EXIT_DATA);
	CHECK_STR(e.text, "'" FIXTURES "llama-untied': token 2 is 37, beyond the model's vocabulary of 37");
	fl_forward_free(f);
	fl_model_free(m);
}

/* config.json of the fixture with `from` replaced by `to`. */
static struct fl_model *
random_model(const char *name, const char *from, const char *to)
{
	struct fl_str path = { 0 }, text = { 0 };
	struct fl_config c = { 0 };
	struct fl_json *json;
	struct fl_model *m;
	char *old, *at;
	size_t len;

	fl_str_printf(&path, FIXTURES "%s/config.json", name);
	old = fl_slurp(path.data, 1 << 20, &len, &err);
	at = strstr(old, from);
	fl_str_add(&text, old, (size_t)(at - old));
	fl_str_puts(&text, to);
	fl_str_puts(&text, at + strlen(from));
	json = fl_json_parse(text.data, text.len, name, &err);
	CHECK_OK(fl_config_parse(&c, json, name, &err), &err);
	m = fl_model_random(&c, 1);
	fl_config_free(&c);
	fl_json_free(json);
	fl_str_free(&path);
	fl_str_free(&text);
	free(old);
	return m;
}

static void
layers_without_attention_add_their_ffn_alone(void)
{
	struct fl_model *m = random_model("qwen3-window", "\"full_attention\"", "\"skip_attention\"");
	struct seen s = { .m = m };
	struct fl_hooks hooks = { .ctx = &s, .attn = see_attn };
	uint32_t ids[5] = { 3, 1, 4, 1, 5 };
	struct fl_forward *f = fl_forward_new(m, 5, 5, NULL), *g;
	float *last;

	CHECK(!m->layer[1].attn_norm && !m->layer[1].q.data && m->layer[1].up.data);
	CHECK_OK(fl_forward_batch(f, ids, 1, 5, &err), &err);
	last = fl_alloc(37, sizeof *last);
	memcpy(last, fl_forward_last(f), 37 * sizeof *last);
	CHECK_OK(fl_forward_append(f, ids, 5, &err), &err);
	CHECK_NEAR(difference(fl_forward_last(f), last, 37), 0, 1e-5);
	s.x = fl_alloc(5 * 24, sizeof *s.x);
	hooks.attn = NULL, hooks.layer = see_layer;
	g = fl_forward_new(m, 5, 0, &hooks);
	CHECK_OK(fl_forward_batch(g, ids, 1, 5, &err), &err);
	CHECK(s.layers == 3);
	free(s.x);
	free(last);
	fl_forward_free(f);
	fl_forward_free(g);
	fl_model_free(m);
}

static void
weights_count_as_they_are_stored(void)
{
	struct fl_model *m = open_model("llama3-bf16"), *drawn = random_model("llama3-bf16", "{", "{");

	/* bf16 matrices (37*24 + 2 (24*24 2 + 24*12 2 + 24*28 3)) 2, f32 norms 5*24*4. */
	CHECK(m->bytes == (37 * 24 + 2 * (2 * 24 * 24 + 2 * 24 * 12 + 3 * 24 * 28)) * 2 + 5 * 24 * 4);
	CHECK(drawn->bytes == m->bytes);
	CHECK(m->head.data == m->embed.data && m->head.kind == FL_MATRIX_BF16);
	CHECK_STR(fl_model_name(drawn), "random weights");
	fl_model_free(m);
	fl_model_free(drawn);
}

int
main(void)
{
	TEST(logits_are_those_of_transformers);
	TEST(the_cache_does_not_change_them_whatever_the_pieces);
	TEST(what_sequences_share_is_computed_once);
	TEST(the_cache_can_be_rewound);
	TEST(a_window_bounds_the_cache_of_its_layers);
	TEST(a_ring_is_twice_the_window_or_the_chunk);
	TEST(a_ring_changes_nothing_and_8_bits_little);
	TEST(the_number_of_threads_does_not_show);
	TEST(hooks_see_each_site_in_order);
	TEST(an_id_beyond_the_vocabulary_is_refused);
	TEST(layers_without_attention_add_their_ffn_alone);
	TEST(weights_count_as_they_are_stored);
	return test_done();
}
