/* SPDX-License-Identifier: Apache-2.0 */
/* RoPE of every kind against transformers: one small model under many configurations (tests/data/logits/rope, made by
 * tests/interop/make-logits.py), 40 tokens where most have a context of 32. */
#include "test.h"

#include <stdint.h>

#include "base/alloc.h"
#include "base/str.h"
#include "io/safetensors.h"
#include "model/fingerprint.h"
#include "model/forward.h"

enum { TOKENS = 40, VOCAB = 17 };

static const double tolerance = 1e-4; /* logits have a standard deviation of about 2 */
static struct fl_err err;
static struct fl_model *model;
static struct fl_safetensors *file;
static uint32_t ids[TOKENS];
static char *text; /* of cases.jsonl */

/* Gives the model config.json with what the case of the next line sets; the expected logits, NULL after the last. */
static const float *
next_case(const char **line, char name[static 64])
{
	size_t n = strcspn(*line, "\n"), len;
	char *base = fl_slurp("tests/data/logits/rope/config.json", 1 << 20, &len, &err);
	struct fl_json *o = fl_json_parse(base, len, "config.json", &err), *c;
	const void *data = NULL;

	if (n > 0 && CHECK((c = fl_json_parse(*line, n, "cases.jsonl", &err)) != NULL)) {
		const struct fl_json *set = fl_json_get(c, "set");

		for (void *it = fl_json_first(set); it; it = fl_json_next(set, it))
			fl_json_set(o, fl_json_key(it), fl_json_copy(fl_json_value(it)));
		snprintf(name, 64, "%s", fl_json_str(fl_json_get(c, "case")));
		fl_config_free(&model->config);
		err = (struct fl_err){ 0 };
		CHECK_OK(fl_config_parse(&model->config, o, name, &err), &err);
		CHECK(fl_safetensors_find(file, name, &data) != NULL);
		fl_json_free(c);
		*line += n + 1;
	}
	fl_json_free(o);
	free(base);
	return data;
}

static double
difference(const float *a, const float *b, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, fabs((double)a[i] - (double)b[i]));
	return most;
}

static void
copy_logits(void *to, size_t first, size_t n, float *logits)
{
	memcpy((float *)to + first * VOCAB, logits, n * VOCAB * sizeof *logits);
}

static void
rope_of_every_kind_is_that_of_transformers(void)
{
	const char *line = text;
	const float *want;
	char name[64];
	int cases = 0;

	for (; (want = next_case(&line, name)); cases++) {
		struct fl_forward *f = fl_forward_new(model, TOKENS, 0, NULL);
		float got[TOKENS * VOCAB];

		if (CHECK_OK(fl_forward_batch(f, ids, 1, TOKENS, &err), &err)) {
			fl_forward_logits(f, copy_logits, got);
			if (!CHECK_NEAR(difference(got, want, TOKENS * VOCAB), 0, tolerance))
				printf("# %s\n", name);
		}
		fl_forward_free(f);
	}
	CHECK(cases == 21);
}

static bool
is_long_dynamic(void)
{
	return model->config.rope.kind == FL_ROPE_DYNAMIC && model->config.context < TOKENS;
}

static void
a_cache_computes_the_same_or_refuses_what_depends_on_the_whole_length(void)
{
	const char *line = text;
	const float *want;
	char name[64];
	int refused = 0;

	while ((want = next_case(&line, name))) {
		struct fl_forward *f = fl_forward_new(model, 16, TOKENS, NULL);
		struct fl_span span = { .length = 8, .after = FL_NO_SPAN };

		CHECK_OK(fl_forward_append(f, ids, 30, &err), &err);
		if (!is_long_dynamic()) {
			CHECK_OK(fl_forward_append(f, ids + 30, 10, &err), &err);
			CHECK_NEAR(difference(fl_forward_last(f), want + (TOKENS - 1) * VOCAB, VOCAB), 0, tolerance);
		} else {
			CHECK_OK(fl_forward_append(f, ids + 30, 2, &err), &err);
			CHECK(fl_forward_append(f, ids + 32, 1, &err) < 0 && strstr(err.text, "dynamic"));
			CHECK(fl_forward_spans(f, ids + 32, &span, 1, &err) < 0);
			refused++;
		}
		fl_forward_free(f);
		err = (struct fl_err){ 0 };
	}
	CHECK(refused == 2);
}

static void
the_length_of_one_batch_does_not_show_in_the_next(void)
{
	const char *line = text;
	uint32_t begin[TOKENS] = { 0 };
	float first[VOCAB], again[VOCAB];
	char name[64];

	while (next_case(&line, name) && !is_long_dynamic())
		;
	struct fl_forward *f = fl_forward_new(model, TOKENS, TOKENS, NULL);

	CHECK_OK(fl_forward_batch(f, ids, 2, 20, &err), &err);
	memcpy(first, fl_forward_last(f), sizeof first);
	CHECK_OK(fl_forward_batch(f, ids, 1, TOKENS, &err), &err);
	CHECK_OK(fl_forward_batch(f, ids + 20, 1, 20, &err), &err);
	CHECK_NEAR(difference(first, fl_forward_last(f), VOCAB), 0, 1e-5);
	CHECK_OK(fl_forward_batch(f, ids, 1, TOKENS, &err), &err);
	CHECK_OK(fl_forward_append(f, ids + 20, 20, &err), &err);
	memcpy(again, fl_forward_last(f), sizeof again);
	CHECK_NEAR(difference(first, again, VOCAB), 0, 1e-5);
	fl_forward_reset(f);
	CHECK(fl_forward_batch_of(f, ids, begin, 1, TOKENS, &err) < 0 && strstr(err.text, "dynamic"));
	err = (struct fl_err){ 0 };
	fl_forward_free(f);
}

static void
every_parameter_of_rope_shows_in_the_fingerprint(void)
{
	static const char *const same[] = { "dynamic within the context", "yarn with turns of 0",
		"yarn with one mscale", "yarn that truncates null" };
	const char *line = text;
	char name[64], hex[32][FL_DIGEST_LEN];
	int n = 0;

	while (next_case(&line, name)) {
		bool skip = false;

		for (size_t i = 0; i < sizeof same / sizeof *same; i++)
			skip |= strcmp(name, same[i]) == 0;
		if (skip)
			continue;
		fl_config_fingerprint(&model->config, hex[n]);
		for (int i = 0; i < n; i++)
			if (!CHECK(strcmp(hex[i], hex[n]) != 0))
				printf("# %s\n", name);
		n++;
	}
}

int
main(void)
{
	const void *data;
	size_t len;
	int64_t id;

	model = fl_model_open("tests/data/logits/rope", &err);
	file = fl_safetensors_open("tests/data/logits/rope.safetensors", &err);
	text = fl_slurp("tests/data/logits/rope/cases.jsonl", 1 << 20, &len, &err);
	if (!model || !file || !text || !fl_safetensors_find(file, "ids", &data)) {
		printf("# %s\n", err.text);
		return 1;
	}
	for (int i = 0; i < TOKENS; i++) {
		memcpy(&id, (const char *)data + i * (int)sizeof id, sizeof id);
		ids[i] = (uint32_t)id;
	}
	TEST(rope_of_every_kind_is_that_of_transformers);
	TEST(a_cache_computes_the_same_or_refuses_what_depends_on_the_whole_length);
	TEST(the_length_of_one_batch_does_not_show_in_the_next);
	TEST(every_parameter_of_rope_shows_in_the_fingerprint);
	fl_model_free(model);
	fl_safetensors_free(file);
	free(text);
	return test_done();
}
