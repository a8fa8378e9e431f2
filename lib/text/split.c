/* SPDX-License-Identifier: Apache-2.0 */
#include "text/split.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "text/scan.h"

enum { STACK_MIN = 32 << 10, STACK_MAX = 8 << 20 };

struct fl_split {
	char *pattern; /* or the literal, which has no code */
	pcre2_code *code;
	size_t literal; /* its length */
	const struct fl_scan *scan; /* a pattern that needs no code */
};

struct fl_split_room {
	pcre2_match_data *match;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

/* Oniguruma to PCRE2 ------------------------------------------------------------------------------ */

/* PCRE2's \s has U+180E, which stopped being a space in Unicode 6.3. */
#define SPACE "\\p{Z}\\t-\\r\\x{85}"

/* Bytes of the escape at p, translated; 0 if it is not known. */
static size_t
translate_escape(struct fl_str *out, const char *p, bool in_class)
{
	bool punctuation = p[1] > ' ' && p[1] < 0x7f && !isalnum((unsigned char)p[1]);
	size_t n = 2;

	if (p[1] == 's') {
		fl_str_puts(out, in_class ? SPACE : "[" SPACE "]");
	} else if (p[1] == 'S' && !in_class) {
		fl_str_puts(out, "[^" SPACE "]");
	} else if (punctuation || (p[1] && strchr("pPrntfdD", p[1])) || fl_str_begins(p, "\\x{")) {
		if (p[2] == '{' && !punctuation)
			n = strcspn(p, "}") + 1;
		if (n > strlen(p))
			return 0;
		fl_str_add(out, p, n);
	} else {
		return 0;
	}
	return n;
}

/* Groups both read alike: (?: (?i: (?= (?! (?> and the two looking behind. */
static bool
known_group(const char *p)
{
	static const char *const group[] = { "(?:", "(?i:", "(?=", "(?!", "(?>", "(?<=", "(?<!" };

	if (p[1] != '?')
		return p[1] != '*';
	for (size_t i = 0; i < sizeof group / sizeof *group; i++)
		if (fl_str_begins(p, group[i]))
			return true;
	return false;
}

/* {n}+ is possessive in PCRE2 and repeated in Oniguruma; && is a set operation in Oniguruma and
 * characters in PCRE2, and so is a class in a class, of which [a[b]] alone, the union, is known here. */
static bool
known_here(const char *p, int classes)
{
	if (classes > 0)
		return !fl_str_begins(p, "[^") && !fl_str_begins(p, "[:") && !fl_str_begins(p, "&&") &&
		    !fl_str_begins(p, "-[") && (classes == 1 || !fl_str_begins(p, "]-"));
	return *p == '(' ? known_group(p) : !fl_str_begins(p, "}+");
}

static int
translate(struct fl_str *out, const char *pattern, struct fl_err *err)
{
	int classes = 0; /* that are open */
	size_t n;

	for (const char *p = pattern; *p; p += n) {
		n = *p == '\\' ? translate_escape(out, p, classes > 0) : known_here(p, classes);
		if (n == 0)
			return fl_err_data(err, "unsupported '%.2s' in the pattern '%s'", p, pattern);
		if (*p == '\\')
			continue;
		classes -= *p == ']' && classes > 0;
		if ((*p != '[' && *p != ']') || classes == 0) /* an inner class is its members */
			fl_str_putc(out, *p);
		classes += *p == '[';
	}
	return 0;
}

struct fl_split *
fl_split_new(const char *pattern, struct fl_err *err)
{
	struct fl_str text = { 0 };
	struct fl_split *s = NULL;
	pcre2_code *code = NULL;
	PCRE2_UCHAR why[120];
	PCRE2_SIZE at;
	int number;

	if (fl_scan_find(pattern)) {
		s = fl_alloc(1, sizeof *s);
		*s = (struct fl_split){ .pattern = fl_strdup(pattern), .scan = fl_scan_find(pattern) };
		return s;
	}
	if (translate(&text, pattern, err) < 0)
		goto out;
	/* ^ and $ stand at every line in Oniguruma. */
	code = pcre2_compile((PCRE2_SPTR)text.data, text.len, PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE,
	    &number, &at, NULL);
	if (!code) {
		pcre2_get_error_message(number, why, sizeof why);
		fl_err_data(err, "cannot compile the pattern '%s': %s", pattern, (const char *)why);
		goto out;
	}
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where it cannot, the interpreter matches */
	s = fl_alloc(1, sizeof *s);
	*s = (struct fl_split){ .pattern = fl_strdup(pattern), .code = code };
out:
	fl_str_free(&text);
	return s;
}

struct fl_split *
fl_split_new_literal(const char *text)
{
	struct fl_split *s = fl_alloc(1, sizeof *s);

	s->pattern = fl_strdup(text);
	s->literal = strlen(text);
	return s;
}

void
fl_split_free(struct fl_split *s)
{
	if (!s)
		return;
	pcre2_code_free(s->code);
	free(s->pattern);
	free(s);
}

const char *
fl_split_pattern(const struct fl_split *s)
{
	return s->literal ? NULL : s->pattern;
}

bool
fl_split_is_literal(const struct fl_split *s, const char *text)
{
	return s->literal && strcmp(s->pattern, text) == 0;
}

/* Matching ---------------------------------------------------------------------------------------- */

struct fl_split_room *
fl_split_room_new(void)
{
	struct fl_split_room *r = fl_alloc(1, sizeof *r);

	r->match = pcre2_match_data_create(1, NULL);
	r->context = pcre2_match_context_create(NULL);
	r->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
	if (!r->match || !r->context)
		fl_no_memory("matching");
	pcre2_jit_stack_assign(r->context, NULL, r->stack);
	return r;
}

void
fl_split_room_free(struct fl_split_room *r)
{
	if (!r)
		return;
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->context);
	pcre2_jit_stack_free(r->stack);
	free(r);
}

/* Steps back allowed in one match. A run of n spaces is one match of the usual patterns and takes n of
 * them; a pattern that takes exponentially many is stopped. */
static uint32_t
limit(size_t len)
{
	return len < UINT32_MAX / 32 ? 10000000 + 8 * (uint32_t)len : UINT32_MAX;
}

static int
next_literal(const struct fl_split *s, const char *text, size_t len, size_t from, size_t *start,
    size_t *end)
{
	const char *hit = memmem(text + from, len - from, s->pattern, s->literal);

	if (!hit)
		return 0;
	*start = (size_t)(hit - text);
	*end = *start + s->literal;
	return 1;
}

int
fl_split_next(const struct fl_split *s, struct fl_split_room *r, const char *text, size_t len,
    size_t from, size_t *start, size_t *end, struct fl_err *err)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(r->match);
	PCRE2_UCHAR why[120];
	int n;

	if (s->scan) {
		*start = from;
		*end = from < len ? fl_scan_end(s->scan, text, len, from) : from;
		return from < len;
	}
	if (s->literal)
		return next_literal(s, text, len, from, start, end);
	pcre2_set_match_limit(r->context, limit(len));
	n = pcre2_match(s->code, (PCRE2_SPTR)text, len, from, PCRE2_NO_UTF_CHECK, r->match, r->context);
	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n < 0) {
		pcre2_get_error_message(n, why, sizeof why);
		return fl_err_data(err, "cannot match the pattern '%s': %s", s->pattern,
		    (const char *)why);
	}
	*start = at[0];
	*end = at[1];
	return 1;
}
