/* SPDX-License-Identifier: Apache-2.0 */
/* hf_special.c -- writes the ids of special tokens into config.json and generation_config.json. */
#include "export/hf_special.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/special.h"

#define GENERATION "generation_config.json"

/* Keeps copies of small files as they pass. generation_config.json is held back, since what it has to say is known only
 * when the tokenizer is. */
struct fl_hf_special {
	const struct fl_plan *p;
	struct fl_str tokenizer[FL_TOKENIZER_FILES], generation;
	struct fl_json *was; /* of generation */
};

static const char *const keys[] = { "eos_token_id", "bos_token_id", "pad_token_id" };
enum { KEYS = sizeof keys / sizeof *keys };

static bool
are_ids(const struct fl_json *v, const struct fl_ids *ids)
{
	bool list = fl_json_type(v) == FL_JSON_ARRAY;
	size_t n = list ? fl_json_len(v) : fl_json_type(v) > FL_JSON_NULL;

	if (n != ids->n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (fl_json_int(list ? fl_json_at(v, i) : v, -1) != ids->v[i])
			return false;
	return true;
}

/* Sets key to the ids: several are a list, one is a number and none null. */
static void
set_ids(struct fl_json *object, const char *key, const struct fl_ids *ids)
{
	struct fl_json *v = ids->n > 1 ? fl_json_new_array() : ids->n ? fl_json_new_int(ids->v[0]) : fl_json_new_null();

	for (size_t i = 0; i < ids->n && ids->n > 1; i++)
		fl_json_push(v, fl_json_new_int(ids->v[i]));
	fl_json_set(object, key, v);
}

/* Leaves in config.json only the ids that are tokens. */
static void
clean_ids(struct fl_config *c, const char *what)
{
	for (size_t k = 0; k < KEYS; k++) {
		struct fl_ids ids = { 0 };

		fl_special_ids(c->json, keys[k], c->vocab, what, "config.json", &ids);
		if (!are_ids(fl_json_get(c->json, keys[k]), &ids))
			set_ids(c->json, keys[k], &ids);
		free(ids.v);
	}
}

/* Writes generation_config.json as it was, or, where transformers would take other ids from it or from config.json,
 * with all ends of text and without ids that are no tokens. */
static int
write_generation(const struct fl_hf_special *s, const struct fl_special *special, struct fl_writer *out,
    struct fl_err *err)
{
	uint32_t bos = (uint32_t)special->bos, pad = (uint32_t)special->pad;
	const struct fl_ids ids[KEYS] = { special->ends, { &bos, special->bos >= 0 }, { &pad, special->pad >= 0 } };
	struct fl_json *new = s->was ? fl_json_copy(s->was) : fl_json_new_object();
	struct fl_str text = { 0 };
	bool changed = false;
	int bad = 0;

	for (size_t k = 0; k < KEYS; k++) {
		const struct fl_json *was = fl_json_get(s->was ? s->was : s->p->out.json, keys[k]);

		if (!are_ids(was, &ids[k]) && (k == 0 || fl_json_type(was) > FL_JSON_NULL)) {
			set_ids(new, keys[k], &ids[k]);
			changed = true;
		}
	}
	fl_json_write(&text, new, 2);
	fl_str_putc(&text, '\n');
	if (changed)
		bad = fl_writer_member(out, GENERATION, text.data, text.len, err);
	else if (s->was)
		bad = fl_writer_member(out, GENERATION, s->generation.data, s->generation.len, err);
	fl_str_free(&text);
	fl_json_free(new);
	return bad;
}

static int
finish(const struct fl_hf_special *s, struct fl_writer *out, struct fl_err *err)
{
	struct fl_special_source from = { .what = s->p->inventory->what, .config = &s->p->out,
		.generation = { s->generation.data, s->generation.len } };
	struct fl_special special;
	int bad;

	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		from.file[i] = (struct fl_tokenizer_text){ s->tokenizer[i].data, s->tokenizer[i].len };
	bad = fl_special_read(&special, &from, err);
	if (!bad) {
		fl_special_remark(&special, from.what, "");
		bad = write_generation(s, &special, out, err);
	}
	fl_special_free(&special);
	return bad;
}

static int
pass(void *ctx, const struct fl_item *item, struct fl_writer *out, struct fl_err *err)
{
	struct fl_hf_special *s = ctx;

	if (!item)
		return finish(s, out, err);
	if (strcmp(item->name, GENERATION) == 0) {
		fl_str_add(&s->generation, item->data, item->size);
		s->was = fl_json_parse(item->data, item->size, GENERATION, err);
		return s->was ? fl_config_check_ids(s->was, s->p->inventory->what, GENERATION, err) :
				fl_err_prefix(err, "'%s'", s->p->inventory->what);
	}
	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		if (strcmp(item->name, fl_tokenizer_file[i]) == 0)
			fl_str_add(&s->tokenizer[i], item->data, item->size);
	return fl_writer_member(out, item->name, item->data, item->size, err);
}

struct fl_hf_special *
fl_hf_special_new(struct fl_plan *p)
{
	struct fl_hf_special *s = fl_alloc(1, sizeof *s);

	clean_ids(&p->out, p->inventory->what);
	s->p = p;
	p->member = pass;
	p->ctx = s;
	return s;
}

void
fl_hf_special_free(struct fl_hf_special *s)
{
	if (!s)
		return;
	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		fl_str_free(&s->tokenizer[i]);
	fl_str_free(&s->generation);
	fl_json_free(s->was);
	free(s);
}
