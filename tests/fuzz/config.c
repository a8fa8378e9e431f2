/* SPDX-License-Identifier: Apache-2.0 */
/* A config.json: what is accepted is written and read back to the same model, its tensors can be listed and its rotations
 * made, and its special tokens, or those of a generation_config.json of the same text, are in the vocabulary. */
#include "base/log.h"
#include "model/config.h"
#include "model/fingerprint.h"
#include "model/roles.h"
#include "model/rope_of.h"
#include "model/special.h"
#include "fuzz.h"

static void
check(const struct fl_config *c)
{
	struct fl_err err = { 0 };
	struct fl_json *json = fl_config_json(c);
	struct fl_config again;
	char a[FL_DIGEST_LEN], b[FL_DIGEST_LEN];

	free(fl_rope_of_config(c, 2, 1 << 21));
	if (fl_config_parse(&again, json, "again", &err) < 0 ||
	    strcmp(fl_config_fingerprint(c, a), fl_config_fingerprint(&again, b)) != 0)
		abort();
	fl_config_free(&again);
	fl_json_free(json);
}

static void
check_special(const struct fl_config *c, const uint8_t *data, size_t size)
{
	struct fl_special_source from = { .what = "fuzz", .config = c, .generation = { (const char *)data, size } };
	struct fl_special s;
	struct fl_err err = { 0 };

	if (fl_special_read(&s, &from, &err) < 0 || s.bos >= c->vocab || s.pad >= c->vocab)
		abort();
	for (size_t i = 0; i < s.ends.n; i++)
		if (s.ends.v[i] >= (uint32_t)c->vocab)
			abort();
	fl_special_free(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	struct fl_json *json = fl_json_parse((const char *)data, size, "config.json", &err);
	struct fl_config c;

	if (!json)
		return 0;
	fl_log_init("fuzz", -1);
	if (fl_config_parse(&c, json, "fuzz", &err) == 0) {
		check(&c);
		check_special(&c, data, size);
	}
	else if (err.code != FL_EXIT_DATA || !*err.text)
		abort();
	fl_config_free(&c);
	fl_json_free(json);
	return 0;
}
