/* SPDX-License-Identifier: Apache-2.0 */
#include "model/teacher_cache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/num.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/str.h"
#include "io/output.h"
#include "io/safetensors.h"
#include "model/fingerprint.h"
#include "model/forward.h"
#include "model/roles.h"

/* --- making one --- */

struct maker {
	struct fl_forward *f;
	size_t vocab, k;
	float temperature;
	const float *logits; /* of the block at hand */
	size_t first;
	uint32_t *entry;     /* [length, 2, k] of a sample */
};

/* The k largest of z, largest first, the lower id first among equals: a heap whose top is the least. */
static bool
less(const float *z, uint32_t a, uint32_t b)
{
	return z[a] < z[b] || (z[a] == z[b] && a > b);
}

static void
sink(uint32_t *heap, size_t n, size_t i, const float *z)
{
	uint32_t x = heap[i];

	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && less(z, heap[child + 1], heap[child]))
			child++;
		if (!less(z, heap[child], x))
			break;
		heap[i] = heap[child];
	}
	heap[i] = x;
}

static void
largest(uint32_t *id, size_t k, const float *z, size_t n)
{
	for (size_t i = 0; i < k; i++)
		id[i] = (uint32_t)i;
	for (size_t i = k / 2; i-- > 0;)
		sink(id, k, i, z);
	for (size_t i = k; i < n; i++)
		if (less(z, id[0], (uint32_t)i)) {
			id[0] = (uint32_t)i;
			sink(id, k, 0, z);
		}
	for (size_t left = k; left > 1; left--) {
		uint32_t least = id[0];

		id[0] = id[left - 1];
		id[left - 1] = least;
		sink(id, left - 1, 0, z);
	}
}

static void
take_row(void *ctx, size_t i, int thread)
{
	const struct maker *m = ctx;
	const float *z = m->logits + i * m->vocab;
	uint32_t *id = m->entry + (m->first + i) * 2 * m->k;
	double lse = fl_log_sum_exp(z, m->vocab, m->temperature);

	(void)thread;
	largest(id, m->k, z, m->vocab);
	for (size_t j = 0; j < m->k; j++) {
		float p = (float)exp((double)z[id[j]] / (double)m->temperature - lse);

		memcpy(&id[m->k + j], &p, sizeof p);
	}
}

static void
take_block(void *ctx, size_t first, size_t n, float *logits)
{
	struct maker *m = ctx;

	m->first = first;
	m->logits = logits;
	fl_parallel(n, take_row, m);
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The samples that come up, ascending, each once; the caller frees. */
static uint32_t *
needed(struct fl_samples *s, size_t count, size_t *n)
{
	size_t most = count < s->n ? count : s->n;
	uint32_t *index = fl_alloc(most, sizeof *index);

	/* Each epoch has every sample: one of them is all. */
	for (size_t i = 0; i < most; i++)
		index[i] = (uint32_t)fl_samples_index(s, i);
	qsort(index, most, sizeof *index, compare);
	*n = most;
	return index;
}

static void
make_header(struct fl_str *out, const struct fl_model *teacher, const struct fl_teacher_key *key, size_t n,
    size_t k)
{
	struct fl_json *meta = fl_json_new_object();
	struct fl_tensor t[2];
	char print[FL_DIGEST_LEN], number[FL_NUM_LEN];
	int bad = fl_tensor_init(&t[0], "sample", FL_U32, 1, (uint64_t[]){ n });

	bad |= fl_tensor_init(&t[1], "top", FL_U32, 4, (uint64_t[]){ n, key->length, 2, k });
	if (bad)
		fl_bug("a teacher's cache of %zu samples", n);
	fl_json_set(meta, "format", fl_json_new_str("fl-teacher"));
	fl_json_set(meta, "teacher", fl_json_new_str(fl_config_fingerprint(&teacher->config, print)));
	fl_json_set(meta, "vocab", fl_json_new_str(fl_num_format(number, (double)key->vocab)));
	fl_json_set(meta, "tokens", fl_json_new_str(key->tokens));
	fl_json_set(meta, "temperature",
	    fl_json_new_str(fl_num_format(number, (double)key->temperature)));
	fl_safetensors_header(out, t, 2, meta);
	fl_json_free(meta);
}

static int
write_samples(struct fl_output *o, struct maker *m, struct fl_samples *s, const uint32_t *index, size_t n,
    struct fl_err *err)
{
	struct fl_sample_batch b = { fl_alloc(s->length, sizeof *b.id), fl_alloc(s->length, sizeof *b.begin),
		fl_alloc(s->length, 1), 0 };
	size_t size = s->length * 2 * m->k * sizeof *m->entry;
	int bad = 0;

	m->entry = fl_alloc(size, 1);
	fl_progress_begin("asking the teacher", "tokens", n * s->length);
	for (size_t i = 0; i < n && !bad; i++) {
		fl_samples_at(s, index[i], &b, 0);
		bad = fl_forward_batch_of(m->f, b.id, b.begin, 1, s->length, err);
		if (!bad) {
			fl_forward_logits(m->f, take_block, m);
			bad = fl_output_write(o, m->entry, size, err);
		}
		fl_progress_add(s->length);
	}
	fl_progress_end();
	free(b.id), free(b.begin), free(b.scored);
	free(m->entry);
	return bad;
}

int
fl_teacher_cache_write(const char *path, const struct fl_model *teacher, struct fl_samples *s,
    size_t count, const struct fl_teacher_key *key, size_t k, struct fl_err *err)
{
	struct maker m = { .vocab = key->vocab, .k = k, .temperature = key->temperature };
	struct fl_output *o = fl_output_open(path, err);
	struct fl_str header = { 0 };
	uint32_t *index;
	size_t n;
	int bad;

	if (!o)
		return -1;
	if (m.k > key->vocab)
		m.k = key->vocab;
	index = needed(s, count, &n);
	m.f = fl_forward_new(teacher, s->length, 0, NULL);
	make_header(&header, teacher, key, n, m.k);
	bad = fl_output_write(o, header.data, header.len, err);
	if (!bad)
		bad = fl_output_write(o, index, n * sizeof *index, err);
	if (!bad)
		bad = write_samples(o, &m, s, index, n, err);
	fl_forward_free(m.f);
	fl_str_free(&header);
	free(index);
	return fl_output_end(o, bad, err);
}

/* --- using one --- */

#define AGAIN "; make one with --ask and the options of this run"

struct fl_teacher_cache {
	struct fl_safetensors *file;
	const char *path;
	const uint32_t *sample, *top;
	size_t n, length, k, vocab;
};

static int
check_key(struct fl_teacher_cache *c, const struct fl_teacher_key *key, struct fl_err *err)
{
	const struct fl_json *meta = c->file->metadata;
	const char *tokens = fl_json_str(fl_json_get(meta, "tokens"));
	const char *temperature = fl_json_str(fl_json_get(meta, "temperature"));
	const char *vocab = fl_json_str(fl_json_get(meta, "vocab")); /* missing in files of versions before */
	long long n = (long long)key->vocab;
	double t;

	if (!tokens || !temperature || !fl_json_str(fl_json_get(meta, "teacher")) ||
	    fl_num_real(temperature, 0, 1e9, &t) < 0 || (vocab && fl_num_int(vocab, 1, INT32_MAX, &n) < 0))
		return fl_err_data(err, "'%s' is no teacher's cache", c->path);
	if (strcmp(tokens, key->tokens) != 0)
		return fl_err_data(err, "'%s' was made of other tokens, or with --documents otherwise" AGAIN, c->path);
	if ((float)t != key->temperature)
		return fl_err_data(err, "'%s' was made with --temperature %s, not %g" AGAIN, c->path, temperature,
		    (double)key->temperature);
	c->vocab = (size_t)n;
	return 0;
}

static int
check_shapes(struct fl_teacher_cache *c, const struct fl_teacher_key *key, struct fl_err *err)
{
	const void *sample = NULL, *top = NULL;
	const struct fl_tensor *s = fl_safetensors_find(c->file, "sample", &sample);
	const struct fl_tensor *t = fl_safetensors_find(c->file, "top", &top);

	if (!s || !t || s->dtype != FL_U32 || t->dtype != FL_U32 || s->ndim != 1 || t->ndim != 4 ||
	    t->shape[0] != s->shape[0] || t->shape[2] != 2 || t->shape[3] == 0 || t->shape[3] > FL_TEACHER_TOP ||
	    (uintptr_t)top % sizeof *c->top || (uintptr_t)sample % sizeof *c->sample)
		return fl_err_data(err, "'%s' is no teacher's cache: its tensors have other shapes", c->path);
	if (t->shape[1] != key->length)
		return fl_err_data(err, "'%s' was made with --context %llu, not %zu" AGAIN, c->path,
		    (unsigned long long)t->shape[1], key->length);
	c->sample = sample;
	c->top = top;
	c->n = s->shape[0];
	c->length = key->length;
	c->k = t->shape[3];
	return 0;
}

static int
check_values(const struct fl_teacher_cache *c, struct fl_err *err)
{
	for (size_t i = 1; i < c->n; i++)
		if (c->sample[i] <= c->sample[i - 1])
			return fl_err_data(err, "'%s': its samples are not in order", c->path);
	for (size_t i = 0; i < c->n * c->length; i++) {
		const uint32_t *id = c->top + i * 2 * c->k;
		const float *p = (const float *)(const void *)(id + c->k);
		double sum = 0;

		for (size_t j = 0; j < c->k; j++) {
			if (id[j] >= c->vocab || !(p[j] >= 0 && p[j] <= 1))
				return fl_err_data(err, "'%s': token %zu has an id or a probability that "
				    "cannot be", c->path, i);
			sum += (double)p[j];
		}
		if (sum > 1.001)
			return fl_err_data(err, "'%s': the probabilities of token %zu add up to %g", c->path, i,
			    sum);
	}
	return 0;
}

struct fl_teacher_cache *
fl_teacher_cache_open(const char *path, const struct fl_teacher_key *key, struct fl_err *err)
{
	struct fl_teacher_cache *c = fl_alloc(1, sizeof *c);

	c->path = path;
	c->file = fl_safetensors_open(path, err);
	if (c->file && check_key(c, key, err) == 0 && check_shapes(c, key, err) == 0 &&
	    check_values(c, err) == 0)
		return c;
	fl_teacher_cache_close(c);
	return NULL;
}

size_t
fl_teacher_cache_vocab(const struct fl_teacher_cache *c)
{
	return c->vocab;
}

size_t
fl_teacher_cache_bytes(const struct fl_teacher_cache *c)
{
	return c->file->data_size;
}

void
fl_teacher_cache_close(struct fl_teacher_cache *c)
{
	if (!c)
		return;
	fl_safetensors_free(c->file);
	free(c);
}

int
fl_teacher_cache_get(const struct fl_teacher_cache *c, size_t sample, struct fl_top *top,
    struct fl_err *err)
{
	uint32_t key = (uint32_t)sample;
	const uint32_t *at = bsearch(&key, c->sample, c->n, sizeof key, compare), *id;

	if (!at)
		return fl_err_data(err, "'%s' lacks sequence %zu: it was made with fewer --steps, a smaller --batch or another "
		    "--seed" AGAIN, c->path, sample);
	id = c->top + (size_t)(at - c->sample) * c->length * 2 * c->k;
	for (size_t i = 0; i < c->length; i++, id += 2 * c->k)
		top[i] = (struct fl_top){ c->k, id, (const float *)(const void *)(id + c->k) };
	return 0;
}
