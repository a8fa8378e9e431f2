/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_added.c -- added tokens, wherever they are listed.
 *
 *     tokenizer.json                  added_tokens: an array of objects
 *     tokenizer_config.json           added_tokens_decoder: objects by id; roles
 *     added_tokens.json               ids by text
 *     special_tokens_map.json         roles: "eos_token" and so on, texts or objects with them
 *
 * The same token may stand in several. A token that has a role is special. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/component.h"
#include "text/tokenizer_impl.h"

static int
add_to_vocab(struct fl_tokenizer *t, struct fl_tokenizer_added *a, struct fl_err *err)
{
	uint8_t type = a->special ? FL_TOKEN_SPECIAL : FL_TOKEN_ADDED;
	long known = fl_vocab_find(&t->vocab, a->text, a->len);

	if (known < 0 && a->id < 0)
		return fl_err_data(err, "the added token '%s' is not in the vocabulary", a->text);
	if (known < 0)
		return fl_vocab_add(&t->vocab, a->id, a->text, a->len, type, err);
	if (a->id >= 0 && known != a->id)
		return fl_err_data(err, "the added token '%s' has the id %lld, and %ld in the vocabulary",
		    a->text, a->id, known);
	a->id = known;
	if (known != t->unk)
		t->vocab.token[known].type = type;
	return 0;
}

/* A token marked as normalised is looked for in normalised text, itself normalised. */
int
fl_tokenizer_add(struct fl_tokenizer *t, struct fl_tokenizer_added a, struct fl_err *err)
{
	struct fl_normalizer_input in = { .first = true };
	struct fl_str room[2] = { 0 };
	struct fl_added_token token = { .special = a.special, .lstrip = a.lstrip, .rstrip = a.rstrip,
		.single_word = a.single_word };
	const char *text = a.text;
	size_t len = a.len;
	int rc = add_to_vocab(t, &a, err);

	in.room = a.normalized ? fl_split_room_new() : NULL;
	if (rc == 0 && a.normalized)
		rc = fl_normalizer_run(&t->normalizer, &in, a.text, a.len, room, &text, &len, err);
	if (rc == 0 && len > 0) {
		token.id = (uint32_t)a.id;
		token.text = fl_strndup(text, len);
		token.len = len;
		fl_added_add(&t->added[a.normalized || a.user], token);
	}
	fl_split_room_free(in.room);
	fl_str_free(&room[0]);
	fl_str_free(&room[1]);
	return rc;
}

int
fl_tokenizer_add_json(struct fl_tokenizer *t, long long id, const struct fl_json *v, bool normalize,
    struct fl_err *err)
{
	struct fl_tokenizer_added a = {
		.id = id,
		.special = fl_json_bool(fl_json_get(v, "special"), false),
		.lstrip = fl_json_bool(fl_json_get(v, "lstrip"), false),
		.rstrip = fl_json_bool(fl_json_get(v, "rstrip"), false),
		.single_word = fl_json_bool(fl_json_get(v, "single_word"), false),
		.normalized = normalize && fl_json_bool(fl_json_get(v, "normalized"), false),
	};

	a.text = fl_component_text(fl_json_get(v, "content"), &a.len);
	if (!a.text)
		return fl_err_data(err, "the added token of id %lld has no text", id);
	if (id < 0)
		return fl_err_data(err, "the added token '%s' has no id", a.text);
	if (fl_component_check(v, "id content single_word lstrip rstrip normalized special", "added token",
		err) < 0)
		return -1;
	return fl_tokenizer_add(t, a, err);
}

/* Outside of the vocabulary ----------------------------------------------------------------------- */

static bool
is_added(const struct fl_tokenizer *t, long id)
{
	return id >= 0 && (t->vocab.token[id].type == FL_TOKEN_ADDED ||
			      t->vocab.token[id].type == FL_TOKEN_SPECIAL);
}

static int
add_decoder(struct fl_tokenizer *t, const struct fl_json *list, struct fl_err *err)
{
	for (void *it = fl_json_first(list); it; it = fl_json_next(list, it)) {
		char *end;
		long long id = strtoll(fl_json_key(it), &end, 10);

		if (*end || end == fl_json_key(it) || id < 0)
			return fl_err_data(err, "added_tokens_decoder: '%s' is no id", fl_json_key(it));
		if (fl_tokenizer_add_json(t, id, fl_json_value(it), false, err) < 0)
			return -1;
	}
	return 0;
}

static int
add_map(struct fl_tokenizer *t, const struct fl_json *map, struct fl_err *err)
{
	for (void *it = fl_json_first(map); it; it = fl_json_next(map, it)) {
		struct fl_tokenizer_added a = { .id = fl_json_int(fl_json_value(it), -1),
			.text = fl_json_key(it), .len = strlen(fl_json_key(it)) };

		if (a.id < 0 || a.len == 0)
			return fl_err_data(err, "'%s' has no id", a.text);
		if (is_added(t, fl_vocab_find(&t->vocab, a.text, a.len)))
			continue;
		if (fl_tokenizer_add(t, a, err) < 0)
			return -1;
	}
	return 0;
}

int
fl_tokenizer_add_special(struct fl_tokenizer *t, struct fl_tokenizer_added a, struct fl_err *err)
{
	long id = fl_vocab_find(&t->vocab, a.text, a.len);

	if (!is_added(t, id))
		return fl_tokenizer_add(t, a, err);
	t->vocab.token[id].type = FL_TOKEN_SPECIAL;
	for (size_t i = 0; i < 2; i++)
		fl_added_set_special(&t->added[i], (uint32_t)id);
	return 0;
}

/* v is a text or an object with one. */
static int
add_role(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *o = fl_json_type(v) == FL_JSON_OBJECT ? v : NULL;
	struct fl_tokenizer_added a = {
		.id = -1,
		.special = true,
		.lstrip = fl_json_bool(fl_json_get(o, "lstrip"), false),
		.rstrip = fl_json_bool(fl_json_get(o, "rstrip"), false),
	};

	a.text = fl_component_text(o ? fl_json_get(o, "content") : v, &a.len);
	return a.text ? fl_tokenizer_add_special(t, a, err) : 0;
}

static int
add_roles(struct fl_tokenizer *t, const struct fl_json *root, struct fl_err *err)
{
	static const char *const role[] = { "bos_token", "eos_token", "unk_token", "pad_token",
		"sep_token", "cls_token", "mask_token" };
	const struct fl_json *more = fl_json_get(root, "additional_special_tokens");

	for (size_t i = 0; i < sizeof role / sizeof *role; i++)
		if (add_role(t, fl_json_get(root, role[i]), err) < 0)
			return -1;
	for (size_t i = 0; i < fl_json_len(more) && fl_json_type(more) == FL_JSON_ARRAY; i++)
		if (add_role(t, fl_json_at(more, i), err) < 0)
			return -1;
	return 0;
}

int
fl_tokenizer_add_listed(struct fl_tokenizer *t, const struct fl_tokenizer_text *file, struct fl_err *err)
{
	enum { CONFIG, ADDED, MAP, LISTS };
	static const int from[LISTS] = { FL_TOKENIZER_CONFIG, FL_TOKENIZER_ADDED, FL_TOKENIZER_MAP };
	struct fl_json *root[LISTS] = { 0 };
	int rc = 0;

	for (int i = 0; i < LISTS && rc == 0; i++)
		if (file[from[i]].data &&
		    !(root[i] = fl_json_parse(file[from[i]].data, file[from[i]].len,
			  fl_tokenizer_file[from[i]], err)))
			rc = -1;
	if (rc == 0 && add_decoder(t, fl_json_get(root[CONFIG], "added_tokens_decoder"), err) < 0)
		rc = fl_err_prefix(err, "'%s'", fl_tokenizer_file[from[CONFIG]]);
	if (rc == 0 && add_map(t, root[ADDED], err) < 0)
		rc = fl_err_prefix(err, "'%s'", fl_tokenizer_file[from[ADDED]]);
	for (int i = 0; i < LISTS && rc == 0; i++)
		if (i != ADDED && add_roles(t, root[i], err) < 0)
			rc = fl_err_prefix(err, "'%s'", fl_tokenizer_file[from[i]]);
	for (int i = 0; i < LISTS; i++)
		fl_json_free(root[i]);
	return rc;
}
