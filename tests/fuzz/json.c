/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever parses is written, parsed again and written again: the two texts are the same. */
#include "base/json.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	struct fl_json *v = fl_json_parse((const char *)data, size, "input", &err), *again;
	struct fl_str one = { 0 }, two = { 0 };

	if (!v) {
		if (err.code != FL_EXIT_DATA || !*err.text)
			abort();
		return 0;
	}
	fl_json_write(&one, v, 0);
	again = fl_json_parse(one.data, one.len, "output", &err);
	if (!again)
		abort();
	fl_json_write(&two, again, 0);
	if (one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
		abort();
	fl_json_free(v);
	fl_json_free(again);
	fl_str_free(&one);
	fl_str_free(&two);
	return 0;
}
