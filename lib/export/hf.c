/* SPDX-License-Identifier: Apache-2.0 */
#include "export/hf.h"

#include <string.h>

#include "base/log.h"
#include "export/hf_special.h"
#include "model/plan.h"

/* What transformers knows the family as. */
static const struct fl_family *
family_there(const struct fl_config *c)
{
	return c->family->own_code ? fl_family_find("llama") : c->family;
}

/* Attention of the layers that have any: 'f', 'w', or 0 for both. */
static char
only_letter(const struct fl_config *c)
{
	bool windows = fl_config_has(c, 'w');

	return windows && fl_config_has(c, 'f') ? 0 : windows ? 'w' : 'f';
}

int
fl_hf_check(const struct fl_config *c, const struct fl_export_opts *o, struct fl_err *err)
{
	const struct fl_family *f = family_there(c);

	if (o->type != FL_EXPORT_AUTO)
		return fl_err_usage(err, "--type is not for hf, where every weight keeps its type");
	if (fl_config_has(c, 'w') && f->windows == FL_WINDOW_LISTED)
		return fl_err_no(err, "hf cannot express the sliding windows: transformers has none in a %s",
		    f->model_type);
	if (f->windows == FL_WINDOW_ALL && !only_letter(c))
		return fl_err_no(err,
		    "hf cannot express full attention beside sliding windows: in a %s of transformers all "
		    "layers are alike", f->model_type);
	if (f->windows == FL_WINDOW_LISTED && c->width % c->heads)
		return fl_err_no(err,
		    "hf cannot express width %d with %d heads: transformers refuses a %s whose width is no "
		    "multiple of its heads", c->width, c->heads, f->model_type);
	if (o->strict && fl_config_has(c, 's'))
		return fl_err_no(err,
		    "hf cannot express layers without attention but as attention that adds zero");
	return 0;
}

/* Gives the layers without attention some, of the kind that the others have. */
static void
fill_pattern(struct fl_plan *p)
{
	char letter = p->in.family->windows == FL_WINDOW_ALL ? only_letter(&p->in) : 'f';

	if (!fl_config_has(&p->in, 's'))
		return;
	for (int l = 0; l < p->out.layers; l++)
		if (p->out.pattern[l] == 's')
			p->out.pattern[l] = letter;
	fl_warn("layers without attention are written as attention that adds zero: exact, but no faster");
}

static void
unpack_embedding(struct fl_plan *p)
{
	int bits = p->in.quant.embed;

	if (!bits)
		return;
	p->out.quant.embed = 0;
	if (p->in.tied)
		p->out.quant.head = 0;
	if (!fl_quant_mixed(&p->out.quant)) {
		fl_json_del(p->out.json, "quantization_config"); /* it is written anew */
	} else {
		fl_quant_ignore(p->out.json, "model.embed_tokens");
		if (p->in.tied)
			fl_quant_ignore(p->out.json, "lm_head");
	}
	for (size_t i = 0; i < p->inventory->n; i++)
		if (p->inventory->weight[i].role == FL_EMBED) {
			p->step[i].kind = FL_STEP_UNPACK;
			p->step[i].bits = bits;
		}
	fl_warn("the embedding is written as %s, rounded from its %d bits and scales",
	    fl_dtype_name(p->out.dtype), bits);
}

void
fl_hf_rename(struct fl_config *c)
{
	static const char *const own[] = { "auto_map", "layer_sharing", "share_embedding" }; /* mobilellm's */
	const struct fl_family *f = family_there(c);
	struct fl_json *names = fl_json_new_array();

	fl_json_push(names, fl_json_new_str(f->architecture));
	fl_json_set(c->json, "architectures", names);
	fl_json_set(c->json, "model_type", fl_json_new_str(f->model_type));
	if (f != c->family)
		for (size_t i = 0; i < sizeof own / sizeof *own; i++)
			fl_json_del(c->json, own[i]);
	if (f->windows != FL_WINDOW_FLAG)
		fl_json_del(c->json, "layer_types");
	c->family = f;
}

int
fl_hf_write(struct fl_reader *in, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err)
{
	const struct fl_sink sink = { .output = o->output, .tool = "fl-export" };
	struct fl_plan *p = fl_plan_new(c, fl_reader_name(in));
	struct fl_hf_special *special;
	int bad;

	fl_hf_rename(&p->out);
	fill_pattern(p);
	unpack_embedding(p);
	special = fl_hf_special_new(p);
	bad = fl_plan_apply(p, in, &sink, o->arguments, err);
	fl_hf_special_free(special);
	fl_plan_free(p);
	fl_reader_close(in);
	return bad;
}
