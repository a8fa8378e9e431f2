/* SPDX-License-Identifier: Apache-2.0 */
/* What a space draws and numbers is in it. */
#include "base/alloc.h"
#include "search/space.h"
#include "fuzz.h"

static void
check_members(const struct fl_space *s)
{
	double count = fl_space_count(s), *u = fl_alloc((size_t)fl_space_dims(s), sizeof *u);
	struct fl_arch a;

	for (int end = 0; end < 2; end++) {
		for (int i = 0; i < fl_space_dims(s); i++)
			u[i] = end ? 1 - 0x1p-32 : 0;
		fl_space_draw(s, u, &a);
		if (!fl_space_has(s, &a))
			abort();
		if (count > 0x1p53)
			continue;
		fl_space_nth(s, end ? (uint64_t)count - 1 : 0, &a);
		if (!fl_space_has(s, &a))
			abort();
	}
	free(u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	struct fl_space s;
	char *text = fl_strndup((const char *)data, size);

	if (fl_space_parse(&s, text, "input", &err) == 0) {
		check_members(&s);
		fl_space_free(&s);
	} else if (err.code != FL_EXIT_DATA || !*err.text)
		abort();
	free(text);
	return 0;
}
