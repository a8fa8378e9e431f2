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

/* Writes the letters of the pattern at p to out; their number, -1 if it is none. */
static int
spell_out(const char *p, char *out)
{
	int n = 0, run;

	for (; *p; n += run) {
		char letter = *p;

		run = p[1] >= '0' && p[1] <= '9' ? number(&p, letter) : (p++, 1);
		if (!strchr("fws", letter) || run < 1 || run > FL_ARCH_LAYERS - n)
			return -1;
		memset(out + n, letter, (size_t)run);
	}
	return n;
}

int
fl_arch_parse(const char *text, struct fl_arch *out, struct fl_err *err)
{
	const char *p = text;
	struct fl_arch a = { 0 };

	a.width = number(&p, 'd');
	if (a.width < 0 || *p++ != '-')
		return fl_err_data(err, "'%s' is no architecture: it must begin with d<width>-", text);
	a.ffn = number(&p, 'f');
	if (a.ffn < 0 || *p++ != '-')
		return fl_err_data(err, "'%s' is no architecture: f<ffn>- must follow the width", text);
	a.layers = spell_out(p, a.pattern);
	if (a.layers < 1)
		return fl_err_data(err,
		    "'%s' is no architecture: it must end in 1 to %d of the letters f, w, s, of a run one and its length",
		    text, FL_ARCH_LAYERS);
	*out = a;
	return 0;
}

char *
fl_arch_format(const struct fl_arch *a, char *buf)
{
	snprintf(buf, FL_ARCH_LEN, "d%d-f%d-%s", a->width, a->ffn, a->pattern);
	return buf;
}

char *
fl_arch_short(const struct fl_arch *a, char *buf)
{
	int n = snprintf(buf, FL_ARCH_LEN, "d%d-f%d-", a->width, a->ffn);

	for (const char *p = a->pattern, *end; *p; p = end) {
		for (end = p; *end == *p;)
			end++;
		if (end - p > 2)
			n += snprintf(buf + n, FL_ARCH_LEN - (size_t)n, "%c%d", *p, (int)(end - p));
		else
			n += snprintf(buf + n, FL_ARCH_LEN - (size_t)n, "%.*s", (int)(end - p), p);
	}
	return buf;
}
