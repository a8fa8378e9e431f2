/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stops.h"

static void
push(struct fl_ids *out, const struct fl_json *ids)
{
	if (fl_json_type(ids) == FL_JSON_INT)
		fl_ids_push(out, (uint32_t)fl_json_int(ids, 0));
	for (size_t i = 0; fl_json_type(ids) == FL_JSON_ARRAY && i < fl_json_len(ids); i++)
		push(out, fl_json_at(ids, i));
}

int
fl_stops_find(const struct fl_model *m, const struct fl_tokenizer *t, struct fl_ids *out, struct fl_err *err)
{
	size_t len;
	const char *text = fl_model_member(m, "generation_config.json", &len);
	struct fl_json *json = NULL;

	if (text && !(json = fl_json_parse(text, len, "generation_config.json", err)))
		return fl_err_prefix(err, "'%s'", fl_model_name(m));
	push(out, fl_json_get(m->config.json, "eos_token_id"));
	push(out, fl_json_get(json, "eos_token_id"));
	if (fl_tokenizer_eos(t) >= 0)
		fl_ids_push(out, (uint32_t)fl_tokenizer_eos(t));
	fl_json_free(json);
	return 0;
}

bool
fl_stops_has(const struct fl_ids *stops, uint32_t id)
{
	for (size_t i = 0; i < stops->n; i++)
		if (stops->v[i] == id)
			return true;
	return false;
}
