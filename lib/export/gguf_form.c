/* SPDX-License-Identifier: Apache-2.0 */
/* llama.cpp has no architecture with layer types like ours, so a hybrid is written as one that can be
 * made to compute the same:
 *
 *     deci		heads, kv heads a layer; a layer with none goes straight to its FFN. But layer 0
 *			must have heads, for its sizes are read from there: with heads and no kv heads
 *			it is x + W norm(x), and W is zero.
 *     step35		heads a layer, windows by flag, QK-norm if there are such tensors. No layer may
 *			be without heads: one head whose weights are zero adds zero. Rotates half of the
 *			stated dimensions in full layers and all of those stated for the others.
 *			Wants at least one flagged layer; flagging those that add zero saves cache.
 *     granite_swa	windows by flag; of the three the one that scales RoPE in flagged layers too.
 *
 * Of these deci alone reads biases. So does llama, with heads of any size, which stands in for qwen2
 * where that one, whose heads must add up to the width, or its unscaled RoPE will not do.
 *
 * llama3 RoPE scaling is a tensor of divisors; qwen2 and qwen3 do not read it, nor does step35 in layers with a
 * window, which leaves QK-norm with it without an exact form. The kinds linear and yarn are keys, which all read, but
 * step35 not in layers with a window. Yarn's beta_fast, beta_slow and truncate are read by none of these, and its
 * dimensions differ from transformers' where the first that blends is behind the last. */
#include "export/gguf_impl.h"
#include "model/rope_of.h"

#include <string.h>

const char *const fl_gguf_names[FL_ROLES] = {
	[FL_EMBED] = "token_embd",
	[FL_ATTN_NORM] = "attn_norm",
	[FL_Q] = "attn_q",
	[FL_Q_BIAS] = "attn_q",
	[FL_K] = "attn_k",
	[FL_K_BIAS] = "attn_k",
	[FL_V] = "attn_v",
	[FL_V_BIAS] = "attn_v",
	[FL_O] = "attn_output",
	[FL_O_BIAS] = "attn_output",
	[FL_Q_NORM] = "attn_q_norm",
	[FL_K_NORM] = "attn_k_norm",
	[FL_FFN_NORM] = "ffn_norm",
	[FL_GATE] = "ffn_gate",
	[FL_UP] = "ffn_up",
	[FL_DOWN] = "ffn_down",
	[FL_FINAL_NORM] = "output_norm",
	[FL_HEAD] = "output",
};

static const struct fl_gguf_form llama = { .arch = "llama", .neighbours = true },
	qwen2 = { .arch = "qwen2" }, qwen3 = { .arch = "qwen3" },
	deci = { .arch = "deci", .skip = FL_SKIP_ABSENT, .neighbours = true },
	step35 = { .arch = "step35", .skip = FL_SKIP_ONE_HEAD, .windows = true, .double_rope = true,
		.needs_head = true },
	granite_swa = { .arch = "granite_swa", .skip = FL_SKIP_ZEROS, .neighbours = true,
		.windows = true, .sinks = true };

const struct fl_gguf_form *
fl_gguf_form_find(const char *arch, size_t len)
{
	static const struct fl_gguf_form *const all[] = { &llama, &qwen2, &qwen3, &deci, &step35, &granite_swa };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strlen(all[i]->arch) == len && memcmp(all[i]->arch, arch, len) == 0)
			return all[i];
	return NULL;
}

static const struct fl_gguf_form *
plain_form(const struct fl_config *c)
{
	if (c->family->qk_norm)
		return &qwen3;
	return c->qkv_bias && !c->o_bias && c->rope.kind != FL_ROPE_LLAMA3 &&
		c->heads * c->head_dim == c->width ?
	    &qwen2 :
	    &llama;
}

static const char *
unknown_rope(const struct fl_config *c)
{
	const struct fl_rope *r = &c->rope;
	struct fl_rope_ramp ramp;

	if (r->kind == FL_ROPE_DYNAMIC)
		return "dynamic RoPE scaling";
	if (r->kind != FL_ROPE_YARN)
		return NULL;
	ramp = fl_rope_ramp_of_config(c);
	if (r->beta_fast != 32 || r->beta_slow != 1 || !r->truncate)
		return "yarn RoPE scaling but with beta_fast 32, beta_slow 1 and truncate";
	return ramp.low > ramp.high ? "yarn RoPE scaling whose first dimension that blends is behind the last" : NULL;
}

const struct fl_gguf_form *
fl_gguf_form_choose(const struct fl_config *c, struct fl_err *err)
{
	bool windows = fl_config_has(c, 'w'), skips = fl_config_has(c, 's');
	bool scaled = c->rope.kind != FL_ROPE_PLAIN, norm = c->family->qk_norm;
	const char *other = norm && c->rope.kind == FL_ROPE_LLAMA3 ? "QK-norm together with llama3 RoPE scaling" :
	    norm && windows && scaled ? "QK-norm and sliding windows together with RoPE scaling" :
	    c->qkv_bias && norm	      ? "attention biases together with QK-norm" :
	    c->qkv_bias && windows    ? "attention biases together with sliding windows" :
					unknown_rope(c);

	if (other) {
		fl_err_no(err, "gguf cannot express %s", other);
		return NULL;
	}
	if (!windows && !skips)
		return plain_form(c);
	if (!windows && !norm)
		return &deci;
	return scaled && !norm ? &granite_swa : &step35;
}

/* How many heads layer i states: its own, or what stands for none. */
static uint32_t
heads(const struct fl_gguf_form *f, const struct fl_config *c, int i, bool kv)
{
	uint32_t own = (uint32_t)(kv ? c->kv_heads : c->heads);

	if (c->pattern[i] != 's' || f->skip == FL_SKIP_ZEROS)
		return own;
	if (f->skip == FL_SKIP_ONE_HEAD)
		return 1;
	return i == 0 && !kv ? own : 0;
}

static void
head_key(const struct fl_gguf_form *f, const struct fl_config *c, struct fl_gguf *g, const char *name,
    bool kv)
{
	if (!fl_config_has(c, 's')) {
		fl_gguf_u32(g, name, heads(f, c, 0, kv));
		return;
	}
	fl_gguf_array(g, name, FL_GGUF_U32, (size_t)c->layers);
	for (int i = 0; i < c->layers; i++)
		fl_gguf_item_u32(g, heads(f, c, i, kv));
}

static void
window_keys(const struct fl_config *c, struct fl_gguf *g)
{
	/* Layers that add zero may as well see one token only. */
	fl_gguf_u32(g, ".attention.sliding_window", c->window ? (uint32_t)c->window : 1);
	fl_gguf_array(g, ".attention.sliding_window_pattern", FL_GGUF_BOOL, (size_t)c->layers);
	for (int i = 0; i < c->layers; i++)
		fl_gguf_item_bool(g, c->pattern[i] != 'f');
}

/* Yarn multiplies by fl_rope_mscale() there by itself. */
static void
scaling_keys(const struct fl_rope *r, struct fl_gguf *g)
{
	if (r->kind != FL_ROPE_LINEAR && r->kind != FL_ROPE_YARN)
		return;
	fl_gguf_str(g, ".rope.scaling.type", fl_rope_name(r->kind));
	fl_gguf_f32(g, ".rope.scaling.factor", (float)r->factor);
	if (r->kind != FL_ROPE_YARN)
		return;
	fl_gguf_u32(g, ".rope.scaling.original_context_length", (uint32_t)r->original);
	fl_gguf_f32(g, ".rope.scaling.attn_factor", (float)(r->attention / fl_rope_mscale(r->factor, 1)));
}

void
fl_gguf_form_keys(const struct fl_gguf_form *f, const struct fl_config *c, struct fl_gguf *g)
{
	uint32_t dim = (uint32_t)c->head_dim;

	fl_gguf_u32(g, ".vocab_size", (uint32_t)c->vocab);
	fl_gguf_u32(g, ".context_length", (uint32_t)c->context);
	fl_gguf_u32(g, ".embedding_length", (uint32_t)c->width);
	fl_gguf_u32(g, ".block_count", (uint32_t)c->layers);
	fl_gguf_u32(g, ".feed_forward_length", (uint32_t)c->ffn);
	head_key(f, c, g, ".attention.head_count", false);
	head_key(f, c, g, ".attention.head_count_kv", true);
	fl_gguf_u32(g, ".attention.key_length", dim);
	fl_gguf_u32(g, ".attention.value_length", dim);
	fl_gguf_f32(g, ".attention.layer_norm_rms_epsilon", (float)c->norm_eps);
	fl_gguf_u32(g, ".rope.dimension_count", f->double_rope ? 2 * dim : dim);
	fl_gguf_f32(g, ".rope.freq_base", (float)c->rope.theta);
	scaling_keys(&c->rope, g);
	if (f->windows) {
		fl_gguf_u32(g, ".rope.dimension_count_swa", dim);
		fl_gguf_f32(g, ".rope.freq_base_swa", (float)c->rope.theta);
		window_keys(c, g);
	}
	if (f == &step35)
		fl_gguf_u32(g, ".expert_feed_forward_length", 0);
	if (f == &granite_swa)
		fl_gguf_f32(g, ".logit_scale", 1);
}
