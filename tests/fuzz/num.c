/* SPDX-License-Identifier: Apache-2.0 */
/* A number that is read is in its range, and is read again from how it is written. */
#include "base/alloc.h"
#include "base/num.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fl_strndup((const char *)data, size), buf[FL_NUM_LEN];
	double x, y;
	long long i;

	if (fl_num_int(text, -1000, 1000, &i) == 0 &&
	    (i < -1000 || i > 1000 || fl_num_real(text, -1000, 1000, &x) < 0 || x != (double)i))
		abort();
	if (fl_num_real(text, -1e300, 1e300, &x) == 0 &&
	    (!(x >= -1e300 && x <= 1e300) ||
	     fl_num_real(fl_num_format(buf, x), -1e300, 1e300, &y) < 0 || x != y))
		abort();
	free(text);
	return 0;
}
