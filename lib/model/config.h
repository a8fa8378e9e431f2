/* SPDX-License-Identifier: Apache-2.0 */
/* config.h -- what config.json means: the family, the sizes, the attention of each layer.
 *
 * A struct fl_config holds everything the computation depends on. Both spellings of config.json are
 * read, the older one and that of transformers 5. A field that leaves the computation alone, for what it is
 * called or because its value is what the model does without it, is passed through; any other field this
 * program does not implement is refused by name, because a model that runs differently from what it says is
 * worse than one that does not run. */
#ifndef FL_MODEL_CONFIG_H
#define FL_MODEL_CONFIG_H

#include <stdbool.h>

#include "base/arch.h"
#include "base/dtype.h"
#include "base/err.h"
#include "base/json.h"
#include "io/checkpoint.h"
#include "model/quant_config.h"

enum fl_bias_rule {
	FL_BIAS_NONE,
	FL_BIAS_QKV,  /* q, k and v always have one */
	FL_BIAS_FLAG, /* q, k, v and o have one with attention_bias */
};

/* Which layers have a window where layer_types does not say. */
enum fl_window_rule {
	FL_WINDOW_LISTED, /* none: only layer_types says */
	FL_WINDOW_FLAG,	  /* with use_sliding_window, those from max_window_layers on */
	FL_WINDOW_ALL,	  /* all, if there is a sliding_window */
};

/* A model family is a row of a table in config.c, not code of its own. */
struct fl_family {
	const char *model_type, *architecture;
	bool qk_norm; /* RMSNorm of each head of q and k before RoPE */
	enum fl_bias_rule biases;
	enum fl_window_rule windows;
	int window;	 /* default of sliding_window; 0: none */
	int head_dim;	 /* default; 0: width / heads */
	int context;	 /* default of max_position_embeddings */
	const char *tie; /* a second name of tie_word_embeddings */
	bool own_code;	 /* is not in transformers: auto_map is expected */
};

enum fl_rope_kind { FL_ROPE_PLAIN, FL_ROPE_LLAMA3, FL_ROPE_LINEAR, FL_ROPE_DYNAMIC, FL_ROPE_YARN };

struct fl_rope {
	enum fl_rope_kind kind; /* rope_type */
	double theta;		/* rope_theta */
	double factor;		/* of every kind but the plain one */
	double low;		/* llama3: low_freq_factor */
	double high;		/* llama3: high_freq_factor */
	int original;		/* llama3, yarn: original_max_position_embeddings */
	double beta_fast;	/* yarn */
	double beta_slow;	/* yarn */
	bool truncate;		/* yarn: to whole dimensions */
	double attention;	/* yarn: attention_factor, of cosines and sines; 1 of the others */
};

const char *fl_rope_name(enum fl_rope_kind kind); /* as rope_type has it */

enum { FL_WINDOW = 256 }; /* tokens, where nothing says otherwise */

struct fl_config {
	const struct fl_family *family;
	int width, ffn, layers, heads, kv_heads, head_dim, vocab, context;
	double norm_eps;
	struct fl_rope rope;
	char pattern[FL_ARCH_LAYERS + 1]; /* f, w or s a layer */
	int window;			  /* of the w layers; 0 if there are none */
	bool tied;
	bool qkv_bias, o_bias;
	enum fl_dtype dtype; /* what the weights are declared to be stored as */
	struct fl_quant quant;
	struct fl_json *json; /* our copy of the whole */
};

/* Reads json into *c; `what` names the checkpoint in messages. On failure *c is empty. */
int fl_config_parse(struct fl_config *c, const struct fl_json *json, const char *what,
    struct fl_err *err) FL_MUST_USE;

/* Whether eos_token_id, bos_token_id and pad_token_id of json, which is `file` of the checkpoint `what`, are token ids
 * or null, the first perhaps a list of them, and json an object; transformers refuses the same in config.json. Which of
 * them are tokens of the model is for model/special.h to say. */
int fl_config_check_ids(const struct fl_json *json, const char *what, const char *file, struct fl_err *err) FL_MUST_USE;

/* Opens a checkpoint and reads its configuration into *c: what every tool that streams one begins with.
 * NULL with err set. */
struct fl_reader *fl_config_open(const char *path, struct fl_config *c, struct fl_err *err) FL_MUST_USE;

void fl_config_copy(struct fl_config *to, const struct fl_config *from);
void fl_config_free(struct fl_config *c);

/* config.json for c as it is now: the original with width, ffn, layers, pattern, window, tie and
 * quantization set from the struct, other fields as they were, and a quantization_config too if there is one. The
 * caller's to free. */
struct fl_json *fl_config_json(const struct fl_config *c);

/* Gives c the sizes and the pattern of arch, as if it had been pruned to them; window as it was, or
 * FL_WINDOW where it becomes needed. */
void fl_config_resize(struct fl_config *c, const struct fl_arch *arch);
void fl_config_arch(const struct fl_config *c, struct fl_arch *arch);
void fl_config_set_dtype(struct fl_config *c, enum fl_dtype t); /* a weight type; recorded in its json too */
bool fl_config_has(const struct fl_config *c, char letter); /* does any layer have it? */

/* The families, for those who list them; ends with a NULL model_type. */
extern const struct fl_family fl_families[];
const struct fl_family *fl_family_find(const char *model_type); /* NULL: none of these */

#endif
