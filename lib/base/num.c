/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
fl_num_int(const char *text, long long min, long long max, long long *out)
{
	const char *digits = text + (*text == '-' || *text == '+');
	long long v;
	char *end;

	if (!*digits || strspn(digits, "0123456789") != strlen(digits))
		return -1;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || *end || v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

int
fl_num_real(const char *text, double min, double max, double *out)
{
	double v;
	char *end;

	if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
		return -1;
	v = strtod(text, &end);
	if (end == text || *end || !isfinite(v) || v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

char *
fl_num_format(char *buf, double x)
{
	int digits = 1, exponent;

	if (!isfinite(x)) {
		snprintf(buf, FL_NUM_LEN, "%g", x);
		return buf;
	}
	for (; digits <= 17; digits++) {
		snprintf(buf, FL_NUM_LEN, "%.*e", digits - 1, x);
		if (strtod(buf, NULL) == x)
			break;
	}
	exponent = (int)strtol(strchr(buf, 'e') + 1, NULL, 10);
	if (exponent >= -4 && exponent < 16)
		snprintf(buf, FL_NUM_LEN, "%.*f", digits - 1 > exponent ? digits - 1 - exponent : 0, x);
	return buf;
}
