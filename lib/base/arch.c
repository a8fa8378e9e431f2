/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arch.h"

#include <stdio.h>
#include <string.h>

/* The number after `letter` at *p, which moves past it; -1 if there is none such. */
static int
number(const char **p, char letter)
{
	int n = 0;

	if (**p != letter || (*p)[1] < '1' || (*p)[1] > '9')
		return -1;
	for (++*p; **p >= '0' && **p <= '9'; ++*p) {
		n = n * 10 + (**p - '0');
		if (n > 1 << 24)
			return -1;
	}
	return n;
}

int
fl_arch_parse(const char *text, struct fl_arch *out, struct fl_err *err)
{
	const char *p = text;
	struct fl_arch a = { 0 };
	size_t n;

	a.width = number(&p, 'd');
	if (a.width < 0 || *p++ != '-')
		return fl_err_data(err, "'%s' is no architecture: it must begin with d<width>-", text);
	a.ffn = number(&p, 'f');
	if (a.ffn < 0 || *p++ != '-')
		return fl_err_data(err, "'%s' is no architecture: f<ffn>- must follow the width", text);
	n = strlen(p);
	if (n < 1 || n > FL_ARCH_LAYERS || strspn(p, "fws") != n)
		return fl_err_data(err,
		    "'%s' is no architecture: it must end in 1 to %d of the letters f, w, s", text,
		    FL_ARCH_LAYERS);
	a.layers = (int)n;
	memcpy(a.pattern, p, n + 1);
	*out = a;
	return 0;
}

char *
fl_arch_format(const struct fl_arch *a, char *buf)
{
	snprintf(buf, FL_ARCH_LEN, "d%d-f%d-%s", a->width, a->ffn, a->pattern);
	return buf;
}
