/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "model/config_impl.h"

/* Has every layer the attention that its neighbour has, and has it one? */
static bool
is_uniform(const struct fl_config *c)
{
	return c->pattern[0] != 's' &&
	    strspn(c->pattern, c->pattern[0] == 'w' ? "w" : "f") == (size_t)c->layers;
}

static struct fl_json *
layer_types(const struct fl_config *c)
{
	struct fl_json *types = fl_json_new_array();

	for (int i = 0; i < c->layers; i++)
		fl_json_push(types, fl_json_new_str(c->pattern[i] == 'f' ? "full_attention" :
						    c->pattern[i] == 'w' ? "sliding_attention" :
									   "skip_attention"));
	return types;
}

static void
write_pattern(const struct fl_config *c, struct fl_json *o)
{
	bool windows = fl_config_has(c, 'w'), all = c->family->windows == FL_WINDOW_ALL;

	if (fl_json_get(o, "layer_types") || !is_uniform(c) || (windows && !all))
		fl_json_set(o, "layer_types", layer_types(c));
	if (windows)
		fl_json_set(o, "sliding_window", fl_json_new_int(c->window));
	else if (all || fl_json_get(o, "sliding_window"))
		fl_json_set(o, "sliding_window", fl_json_new_null());
	if (c->family->windows == FL_WINDOW_FLAG) {
		fl_json_set(o, "use_sliding_window", fl_json_new_bool(windows));
		fl_json_set(o, "max_window_layers", fl_json_new_int(c->layers));
	}
}

struct fl_json *
fl_config_json(const struct fl_config *c)
{
	struct fl_json *o = fl_json_copy(c->json);

	fl_json_set(o, "hidden_size", fl_json_new_int(c->width));
	fl_json_set(o, "intermediate_size", fl_json_new_int(c->ffn));
	fl_json_set(o, "num_hidden_layers", fl_json_new_int(c->layers));
	/* The default follows the width, which may have changed; heads are never pruned. */
	fl_json_set(o, "head_dim", fl_json_new_int(c->head_dim));
	fl_json_set(o, "tie_word_embeddings", fl_json_new_bool(c->tied));
	if (c->family->tie)
		fl_json_set(o, c->family->tie, fl_json_new_bool(c->tied));
	write_pattern(c, o);
	if (fl_quant_any(&c->quant) && fl_field_is_off(fl_json_get(o, "quantization_config")))
		fl_json_set(o, "quantization_config", fl_quant_json(&c->quant, c->tied));
	return o;
}
