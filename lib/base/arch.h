/* SPDX-License-Identifier: Apache-2.0 */
/* arch.h -- architecture strings, fl-arch(7): d<width>-f<ffn>-<pattern>.
 *
 * The pattern has one letter a layer: f full attention, w sliding window, s no attention (skip).
 * d1024-f4096-ffsfssffsfsf is an architecture, and its name. The letter of a run may be followed by its length, as in
 * f12sf11: this is read like the letters themselves, and shown to people, but names nothing. */
#ifndef FL_BASE_ARCH_H
#define FL_BASE_ARCH_H

#include "base/err.h"

enum { FL_ARCH_LAYERS = 512, FL_ARCH_LEN = FL_ARCH_LAYERS + 32 };

struct fl_arch {
	int width, ffn, layers;		  /* all at least 1 */
	char pattern[FL_ARCH_LAYERS + 1]; /* `layers` letters and a NUL */
};

/* Numbers without leading zeros, 1 .. 2^24. 0, or -1 with err set (class DATA). */
int fl_arch_parse(const char *text, struct fl_arch *out, struct fl_err *err) FL_MUST_USE;

/* The name, one letter a layer, in buf of FL_ARCH_LEN bytes; returns buf. */
char *fl_arch_format(const struct fl_arch *a, char *buf);

/* The same, for messages: runs of three and more as their letter and length. */
char *fl_arch_short(const struct fl_arch *a, char *buf);

#endif
