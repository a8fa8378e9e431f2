/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import_rope.c -- finds RoPE and its scaling in a GGUF file. The scaling of Llama 3 is stored as what each
 * frequency is divided by, rope_freqs, so its parameters are found again: with x = frequency / 2 pi, divisors d
 * between 1 and the factor are those of the blend
 *
 *     s = (1/d - 1/factor) / (1 - 1/factor) = (original x - low) / (high - low)
 *
 * a straight line in x. It fixes original and high but for a common factor, which low = 1 does; and what is found
 * must give the same divisors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "compute/rope.h"
#include "export/gguf_import_impl.h"

struct llama3 {
	double factor, low, high, original;
};

static bool
gives(const struct llama3 *p, const double *plain, const float *divisor, size_t n)
{
	double *freq = fl_alloc(n, sizeof *freq);
	bool same = true;

	for (size_t i = 0; i < n; i++)
		freq[i] = plain[i];
	fl_rope_llama3(freq, n, p->factor, p->low, p->high, p->original);
	for (size_t i = 0; i < n; i++)
		same &= fabs(plain[i] / freq[i] - (double)divisor[i]) <= 1e-6 * (double)divisor[i];
	free(freq);
	return same;
}

/* Fits the line through the first and the last of the blend; returns false if there are no two. */
static bool
fit(struct llama3 *p, const double *plain, const float *divisor, size_t n)
{
	double x[2] = { 0 }, s[2] = { 0 }, a, b;
	int found = 0;

	p->factor = (double)divisor[n - 1];
	for (size_t i = 0; i < n; i++) {
		double d = (double)divisor[i];

		if (!(d > 1 + 1e-5 && d < p->factor * (1 - 1e-5)))
			continue;
		x[found > 0] = plain[i] / (2 * M_PI);
		s[found > 0] = (1 / d - 1 / p->factor) / (1 - 1 / p->factor);
		found++;
	}
	if (found < 2)
		return false;
	a = (s[1] - s[0]) / (x[1] - x[0]);
	b = s[0] - a * x[0];
	p->low = 1;
	p->high = round((1 - 1 / b) * 1e3) / 1e3;
	p->original = round(-a / b);
	return p->high > 1 && p->original >= 1 && p->original <= 1 << 30;
}

static struct fl_json *
new_scaling(const char *type, double factor)
{
	struct fl_json *o = fl_json_new_object();

	fl_json_set(o, "factor", fl_json_new_real(factor));
	fl_json_set(o, "rope_type", fl_json_new_str(type));
	return o;
}

static void
set_llama3(const struct llama3 *p, struct fl_json *config)
{
	struct fl_json *o = new_scaling("llama3", p->factor);

	fl_json_set(o, "high_freq_factor", fl_json_new_real(p->high));
	fl_json_set(o, "low_freq_factor", fl_json_new_real(p->low));
	fl_json_set(o, "original_max_position_embeddings", fl_json_new_int((long long)p->original));
	fl_json_set(config, "rope_scaling", o);
}

/* Divisors that are 1 change nothing. Where no two lie in the blend, they may be those of Llama 3.1. */
static int
read_divisors(const struct fl_gguf_source *s, const struct fl_gguf_stored *t, const double *plain, size_t n,
    struct fl_json *config)
{
	struct llama3 p = { 0 };
	float *divisor;
	bool known = true;

	if (t->cols != n || t->rows != 1)
		return fl_err_data(s->err, "'%s': tensor '%s' has not %zu elements", s->file->name, t->name, n);
	divisor = fl_gguf_import_vector(t);
	for (size_t i = 0; i < n; i++)
		known &= divisor[i] == 1.0f;
	if (!known) {
		if (!fit(&p, plain, divisor, n))
			p = (struct llama3){ p.factor, 1, 4, 8192 };
		known = p.factor > 1 && p.factor < 1e6 && gives(&p, plain, divisor, n);
		if (known)
			set_llama3(&p, config);
	}
	free(divisor);
	return known ? 0 : fl_err_data(s->err, "'%s': the RoPE scaling of tensor '%s' is not that of Llama 3", s->file->name,
		t->name);
}

/* Returns what cosines and sines are multiplied by: `stated` times what llama.cpp multiplies by itself, in as few
 * digits as give the f32 that is stated. */
static double
attention_factor(double stated, double factor)
{
	double own = fl_rope_mscale(factor, 1), x = round(stated * own * 1e6) / 1e6;

	return (float)(x / own) == (float)stated ? x : stated * own;
}

/* Without attention_factor transformers multiplies as llama.cpp does. */
static struct fl_json *
yarn(const struct fl_gguf_source *s, double factor, int context)
{
	double attention = fl_gguf_import_real(s, ".rope.scaling.attn_factor", 1);
	double original = fl_gguf_import_real(s, ".rope.scaling.original_context_length", context);
	struct fl_json *o = new_scaling("yarn", factor);

	if (attention != 1)
		fl_json_set(o, "attention_factor", fl_json_new_real(attention_factor(attention, factor)));
	fl_json_set(o, "original_max_position_embeddings", fl_json_new_real(original));
	return o;
}

/* A factor without a type is a linear one; config.json's reader checks the numbers. For llama.cpp attn_factor counts
 * whatever the type. */
static int
read_scaling(const struct fl_gguf_source *s, int context, struct fl_json *config)
{
	char buf[FL_GGUF_KEY];
	const struct fl_gguf_keys *keys = s->file->keys;
	const char *key = fl_gguf_import_key(s, ".rope.scaling.type", buf);
	size_t len = 0;
	const char *type = fl_gguf_keys_str(keys, key, &len);
	double factor = fl_gguf_import_real(s, ".rope.scaling.factor", fl_gguf_import_real(s, ".rope.scale_linear", 0));
	double attention = fl_gguf_import_real(s, ".rope.scaling.attn_factor", 1);
	bool off = !isfinite(factor) || factor == 0 || fl_gguf_keys_is(keys, key, "none");

	if (attention != 1 && (off || !fl_gguf_keys_is(keys, key, "yarn")))
		return fl_err_data(s->err, "'%s': '%s.rope.scaling.attn_factor' is %g, which is supported with yarn alone",
		    s->file->name, s->form->arch, attention);
	if (off)
		return 0;
	if (fl_json_get(config, "rope_scaling"))
		return fl_err_data(s->err, "'%s': RoPE is scaled by '%s.rope.scaling' and by a tensor, which is not supported",
		    s->file->name, s->form->arch);
	if (!type || fl_gguf_keys_is(keys, key, "linear"))
		fl_json_set(config, "rope_scaling", new_scaling("linear", factor));
	else if (fl_gguf_keys_is(keys, key, "yarn"))
		fl_json_set(config, "rope_scaling", yarn(s, factor, context));
	else
		return fl_err_data(s->err, "'%s': RoPE scaling '%.*s' is not supported", s->file->name, (int)len, type);
	return 0;
}

int
fl_gguf_import_rope(const struct fl_gguf_source *s, int head_dim, int context, struct fl_json *config)
{
	const struct fl_gguf_stored *divisors = fl_gguf_import_tensor(s, -1, "rope_freqs", "weight");
	double theta = fl_gguf_import_real(s, ".rope.freq_base", 10000);
	size_t n = (size_t)head_dim / 2;
	int rc = 0;

	if (!(theta > 0))
		return fl_err_data(s->err, "'%s': key '%s.rope.freq_base' is not positive", s->file->name, s->form->arch);
	fl_json_set(config, "rope_theta", fl_json_new_real(theta));
	if (divisors) {
		double *plain = fl_alloc(n, sizeof *plain);

		fl_rope_frequencies(plain, (size_t)head_dim, theta);
		rc = read_divisors(s, divisors, plain, n, config);
		free(plain);
	}
	return rc < 0 ? -1 : read_scaling(s, context, config);
}
