/* SPDX-License-Identifier: Apache-2.0 */
/* An architecture that parses is written as it was read: it has one spelling. */
#include "base/alloc.h"
#include "base/arch.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fl_strndup((const char *)data, size), buf[FL_ARCH_LEN];
	struct fl_err err = { 0 };
	struct fl_arch a;

	if (fl_arch_parse(text, &a, &err) == 0 && strcmp(fl_arch_format(&a, buf), text) != 0)
		abort();
	free(text);
	return 0;
}
