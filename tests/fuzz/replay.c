/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c -- runs a fuzz target over the files named, without a fuzzer: its corpus as a test. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct fl_err err = { 0 };
		size_t len;
		char *text = fl_slurp(argv[i], 1 << 24, &len, &err), *exact;

		if (!text) {
			printf("not ok %d - %s\n", i, err.text);
			continue;
		}
		/* Named before it runs, in a block of its own size: a crash shows which and where. */
		printf("# %s\n", argv[i]);
		fflush(stdout);
		exact = memcpy(fl_alloc(len, 1), text, len);
		LLVMFuzzerTestOneInput((const uint8_t *)exact, len);
		printf("ok %d - survives %s\n", i, argv[i]);
		free(exact);
		free(text);
	}
	printf("1..%d\n", argc - 1);
	return 0;
}
