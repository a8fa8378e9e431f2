/* SPDX-License-Identifier: Apache-2.0 */
#include "search/space.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/num.h"
#include "base/str.h"

enum {
	MAX_FILE = 1 << 16,
	MAX_SIZE = 1 << 24, /* of width and ffn, as in arch.h */
	ALIGN = 32,	    /* what fl-prune insists on unless told otherwise */
	WINDOW = 256,
};

static const char alphabet[] = "fws";

/* Patterns --------------------------------------------------------------------------------------- */

/* This is all that the letters so far mean for the next ones: how many at the end are not f, and how many are s, where
 * that is limited. */
struct state {
	int run, skips;
};

static struct state
after(const struct fl_space *s, struct state now, char letter)
{
	return (struct state){ letter == 'f' ? 0 : now.run + 1, now.skips + (letter == 's' && s->max_skip >= 0) };
}

static bool
allows(const struct fl_space *s, struct state now)
{
	return now.run <= s->max_run && (s->max_skip < 0 || now.skips <= s->max_skip);
}

static size_t
states(const struct fl_space *s)
{
	return ((size_t)s->max_run + 1) * (size_t)(s->max_skip < 0 ? 1 : s->max_skip + 1);
}

/* In how many ways `left` more layers can follow. The same recurrence draws and numbers patterns: the next letter leads to
 * ways(left - 1, ...) of them. 3^512 is far below the largest double. */
static double *
ways(const struct fl_space *s, int left, struct state now)
{
	return s->ways + (size_t)left * states(s) + (size_t)now.skips * ((size_t)s->max_run + 1) + (size_t)now.run;
}

/* How many patterns go on with `letter` when `left` layers, this one included, remain. */
static double
ways_with(const struct fl_space *s, char letter, int left, struct state now, bool at_start)
{
	struct state next = after(s, now, letter);

	if (at_start && s->first && letter != s->first)
		return 0;
	return allows(s, next) ? *ways(s, left - 1, next) : 0;
}

static void
count_ways(struct fl_space *s)
{
	size_t n = states(s), runs = (size_t)s->max_run + 1;

	s->ways = fl_alloc((size_t)s->layers.last + 1, n * sizeof *s->ways);
	for (size_t i = 0; i < n; i++)
		s->ways[i] = 1;
	for (int left = 1; left <= s->layers.last; left++)
		for (size_t i = 0; i < n; i++) {
			struct state now = { (int)(i % runs), (int)(i / runs) };

			for (const char *c = s->letters; *c; c++)
				*ways(s, left, now) += ways_with(s, *c, left, now, false);
		}
}

static double
patterns(const struct fl_space *s, int layers)
{
	double n = 0;

	for (const char *c = s->letters; *c; c++)
		n += ways_with(s, *c, layers, (struct state){ 0 }, true);
	return n;
}

/* Ranges ----------------------------------------------------------------------------------------- */

static int
range_count(struct fl_range r)
{
	return (r.last - r.first) / r.step + 1;
}

static int
range_at(struct fl_range r, int i)
{
	return r.first + i * r.step;
}

static bool
range_has(struct fl_range r, int v)
{
	return v >= r.first && v <= r.last && (v - r.first) % r.step == 0;
}

/* Architectures ---------------------------------------------------------------------------------- */

bool
fl_space_has(const struct fl_space *s, const struct fl_arch *a)
{
	struct state now = { 0 };

	if (!range_has(s->layers, a->layers) || !range_has(s->width, a->width) ||
	    !range_has(s->ffn, a->ffn) || (s->first && a->pattern[0] != s->first))
		return false;
	for (const char *c = a->pattern; *c; c++) {
		now = after(s, now, *c);
		if (!strchr(s->letters, *c) || !allows(s, now))
			return false;
	}
	return true;
}

double
fl_space_count(const struct fl_space *s)
{
	double n = 0;

	for (int i = 0; i < range_count(s->layers); i++)
		n += patterns(s, range_at(s->layers, i));
	return n * range_count(s->width) * range_count(s->ffn);
}

void
fl_space_nth(const struct fl_space *s, uint64_t i, struct fl_arch *out)
{
	uint64_t widths = (uint64_t)range_count(s->width), ffns = (uint64_t)range_count(s->ffn), n;
	struct state now = { 0 };

	*out = (struct fl_arch){ .layers = s->layers.first };
	while (i >= (n = (uint64_t)patterns(s, out->layers)) * widths * ffns) {
		i -= n * widths * ffns;
		out->layers += s->layers.step;
	}
	out->width = range_at(s->width, (int)(i / n / ffns));
	out->ffn = range_at(s->ffn, (int)(i / n % ffns));
	i %= n;
	for (int at = 0; at < out->layers; at++) {
		const char *c = s->letters;

		while (i >= (n = (uint64_t)ways_with(s, *c, out->layers - at, now, at == 0))) {
			i -= n;
			c++;
		}
		out->pattern[at] = *c;
		now = after(s, now, *c);
	}
}

int
fl_space_dims(const struct fl_space *s)
{
	return 3 + s->layers.last;
}

/* Letter by letter, each by inverting its distribution given the letters before it. */
static void
draw_pattern(const struct fl_space *s, const double *u, struct fl_arch *out)
{
	struct state now = { 0 };

	for (int at = 0; at < out->layers; at++) {
		double w[sizeof s->letters], total = 0, target;
		char letter = 0;

		for (int k = 0; s->letters[k]; k++)
			total += w[k] = ways_with(s, s->letters[k], out->layers - at, now, at == 0);
		target = u[at] * total;
		for (int k = 0; s->letters[k]; k++) {
			if (w[k] > 0)
				letter = s->letters[k]; /* the last such, should rounding pass the end */
			if (target < w[k])
				break;
			target -= w[k];
		}
		out->pattern[at] = letter;
		now = after(s, now, letter);
	}
}

static int
range_draw(struct fl_range r, double u)
{
	return range_at(r, (int)(u * range_count(r)));
}

void
fl_space_draw(const struct fl_space *s, const double *u, struct fl_arch *out)
{
	*out = (struct fl_arch){
		.layers = range_draw(s->layers, u[0]),
		.width = range_draw(s->width, u[1]),
		.ffn = range_draw(s->ffn, u[2]),
	};
	draw_pattern(s, u + 3, out);
}

/* The file --------------------------------------------------------------------------------------- */

static int
number(const char *text, int max, int *out, const char *key, struct fl_err *err)
{
	long long v;

	if (fl_num_int(text, 1, max, &v) < 0)
		return fl_err_data(err, "%s: '%s' is not an integer from 1 to %d", key, text, max);
	*out = (int)v;
	return 0;
}

/* FIRST[..LAST][/STEP], cut in place. Values are multiples of `align`, or of the step where that is
 * given and no multiple itself. */
static int
range(char *text, int align, int max, struct fl_range *r, const char *key, struct fl_err *err)
{
	char *step = strchr(text, '/'), *last;

	if (step)
		*step++ = '\0';
	last = strstr(text, "..");
	if (last) {
		*last = '\0';
		last += 2;
	}
	r->step = align;
	if (number(text, max, &r->first, key, err) < 0 ||
	    number(last ? last : text, max, &r->last, key, err) < 0 ||
	    (step && number(step, max, &r->step, key, err) < 0))
		return -1;
	if (r->last < r->first)
		return fl_err_data(err, "%s: the range %d..%d is empty", key, r->first, r->last);
	if ((r->last - r->first) % r->step)
		return fl_err_data(err, "%s: steps of %d from %d do not reach %d", key, r->step, r->first,
		    r->last);
	if (r->step % align)
		align = r->step;
	if (r->first % align)
		return fl_err_data(err, "%s: %d is no multiple of %d", key, r->first, align);
	return 0;
}

/* Takes the words after `letters`; they may stand in any order, and each once. */
static int
letters(char **word, int n, struct fl_space *s, struct fl_err *err)
{
	bool seen[sizeof alphabet] = { false };
	char *out = s->letters;

	for (int i = 0; i < n; i++) {
		const char *c = strlen(word[i]) == 1 ? strchr(alphabet, *word[i]) : NULL;

		if (!c)
			return fl_err_data(err, "letters: '%s' is none of f, w, s", word[i]);
		if (seen[c - alphabet])
			return fl_err_data(err, "letters: '%s' stands twice", word[i]);
		seen[c - alphabet] = true;
	}
	for (int k = 0; alphabet[k]; k++)
		if (seen[k])
			*out++ = alphabet[k];
	return 0;
}

enum key { LAYERS, WIDTH, FFN, LETTERS, MAX_RUN, MAX_SKIP, FIRST, WINDOW_KEY, KEYS };
static const char *const keys[KEYS] = { "layers", "width", "ffn", "letters", "max-run", "max-skip", "first",
	"window" };

/* Reads how many layers of a kind there may be: none is a number too. */
static int
limit(const char *text, int *out, const char *key, struct fl_err *err)
{
	if (strcmp(text, "0") == 0)
		return *out = 0;
	return number(text, FL_ARCH_LAYERS, out, key, err);
}

static int
set(struct fl_space *s, enum key k, char **word, int n, struct fl_err *err)
{
	if (n < 1)
		return fl_err_data(err, "%s has no value", keys[k]);
	if (k == LETTERS)
		return letters(word, n, s, err);
	if (n > 1)
		return fl_err_data(err, "%s: '%s' is one word too many", keys[k], word[1]);
	switch (k) {
	case LAYERS: return range(word[0], 1, FL_ARCH_LAYERS, &s->layers, keys[k], err);
	case WIDTH: return range(word[0], ALIGN, MAX_SIZE, &s->width, keys[k], err);
	case FFN: return range(word[0], ALIGN, MAX_SIZE, &s->ffn, keys[k], err);
	case MAX_RUN: return limit(word[0], &s->max_run, keys[k], err);
	case MAX_SKIP: return limit(word[0], &s->max_skip, keys[k], err);
	case WINDOW_KEY: return number(word[0], MAX_SIZE, &s->window, keys[k], err);
	default: break;
	}
	if (strlen(word[0]) != 1 || !strchr(alphabet, *word[0]))
		return fl_err_data(err, "first: '%s' is none of f, w, s", word[0]);
	s->first = *word[0];
	return 0;
}

/* One line: a key and its words, up to a #. */
static int
parse_line(struct fl_space *s, char *line, bool *seen, struct fl_err *err)
{
	char *word[8], *save = NULL;
	int n = 0, k = 0;

	line[strcspn(line, "#")] = '\0';
	for (char *p = strtok_r(line, " \t\r", &save); p; p = strtok_r(NULL, " \t\r", &save)) {
		if (n == (int)(sizeof word / sizeof *word))
			return fl_err_data(err, "'%s' is one word too many", p);
		word[n++] = p;
	}
	if (n == 0)
		return 0;
	while (k < KEYS && strcmp(keys[k], word[0]) != 0)
		k++;
	if (k == KEYS)
		return fl_err_data(err, "'%s' is no part of a space", word[0]);
	if (seen[k])
		return fl_err_data(err, "%s stands twice", keys[k]);
	seen[k] = true;
	return set(s, (enum key)k, word + 1, n - 1, err);
}

/* What only the whole file can show. */
static int
finish(struct fl_space *s, const bool *seen, const char *name, struct fl_err *err)
{
	for (int k = LAYERS; k <= LETTERS; k++)
		if (!seen[k])
			return fl_err_data(err, "'%s': %s is missing", name, keys[k]);
	if (s->max_run > s->layers.last)
		s->max_run = s->layers.last;
	if (s->max_skip >= s->layers.last)
		s->max_skip = -1;
	count_ways(s);
	for (int i = 0; i < range_count(s->layers); i++)
		if (patterns(s, range_at(s->layers, i)) < 1)
			return fl_err_data(err,
			    "'%s': letters, max-run, max-skip and first leave no pattern of %d layers", name,
			    range_at(s->layers, i));
	return 0;
}

int
fl_space_parse(struct fl_space *out, const char *text, const char *name, struct fl_err *err)
{
	struct fl_space s = { .max_run = FL_ARCH_LAYERS, .max_skip = -1, .window = WINDOW };
	bool seen[KEYS] = { false };
	char *copy = fl_strdup(text), *next = copy;
	int rc = 0;

	for (int line = 1; next && rc == 0; line++) {
		rc = parse_line(&s, strsep(&next, "\n"), seen, err);
		if (rc < 0)
			fl_err_prefix(err, "'%s', line %d", name, line);
	}
	if (rc == 0)
		rc = finish(&s, seen, name, err);
	free(copy);
	if (rc < 0)
		fl_space_free(&s);
	else
		*out = s;
	return rc;
}

int
fl_space_read(struct fl_space *out, const char *path, struct fl_err *err)
{
	size_t len = 0;
	char *text = fl_slurp(path, MAX_FILE, &len, err);
	int rc;

	if (!text)
		return -1;
	if (strlen(text) != len)
		rc = fl_err_data(err, "'%s' holds a NUL byte: it is no space", fl_input_name(path));
	else
		rc = fl_space_parse(out, text, fl_input_name(path), err);
	free(text);
	return rc;
}

void
fl_space_free(struct fl_space *s)
{
	free(s->ways);
	s->ways = NULL;
}
