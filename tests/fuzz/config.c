/* SPDX-License-Identifier: Apache-2.0 */
/* A config.json: what is accepted is written and read back to the same model, and its tensors can be
 * listed. */
#include "model/config.h"
#include "model/fingerprint.h"
#include "model/roles.h"
#include "fuzz.h"

static void
check(const struct fl_config *c)
{
	struct fl_err err = { 0 };
	struct fl_json *json = fl_config_json(c);
	struct fl_config again;
	char a[FL_DIGEST_LEN], b[FL_DIGEST_LEN];

	if (fl_config_parse(&again, json, "again", &err) < 0 ||
	    strcmp(fl_config_fingerprint(c, a), fl_config_fingerprint(&again, b)) != 0)
		abort();
	fl_config_free(&again);
	fl_json_free(json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	struct fl_json *json = fl_json_parse((const char *)data, size, "config.json", &err);
	struct fl_config c;

	if (!json)
		return 0;
	if (fl_config_parse(&c, json, "fuzz", &err) == 0)
		check(&c);
	else if (err.code != FL_EXIT_DATA || !*err.text)
		abort();
	fl_config_free(&c);
	fl_json_free(json);
	return 0;
}
