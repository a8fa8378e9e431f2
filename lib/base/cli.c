/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli.h"

#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/num.h"
#include "base/str.h"

#ifndef FL_VERSION
#define FL_VERSION "0.1.0"
#endif

const char fl_version[] = FL_VERSION;

enum { HELP = 256, VERSION, LONG_ONLY, MAX_OPTS = 64 };

static const char *program = "fl";
static struct fl_json *record;

void
fl_die(enum fl_exit code, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s: ", program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(code);
}

void
fl_die_err(const struct fl_err *err)
{
	fl_die(err->code ? err->code : FL_EXIT_SYSTEM, "%s", err->text);
}

int
fl_finish(enum fl_exit code)
{
	if (fflush(stdout) != 0 || ferror(stdout) || fclose(stdout) != 0) {
		fprintf(stderr, "%s: cannot write standard output\n", program);
		_exit(FL_EXIT_SYSTEM);
	}
	return code;
}

void
fl_cli_refuse_terminal(const char *output)
{
	if ((!output || strcmp(output, "-") == 0) && isatty(STDOUT_FILENO))
		fl_die(FL_EXIT_USAGE, "binary output is not written to a terminal; use -o or a pipe");
}

/* --help and the man page ------------------------------------------------------------------------ */

static const struct fl_opt common[] = {
	{ 'q', "quiet", NULL, "No remarks and no progress." },
	{ 'v', "verbose", NULL, "Say more on standard error; twice for more still." },
	{ 0, "help", NULL, "Print this help and exit." },
	{ 0, "version", NULL, "Print the version and exit." },
	{ 0 },
};

/* Prints text from column `indent`, broken before column 80. */
static void
wrap(const char *text, int indent)
{
	int column = indent;

	printf("%*s", indent, "");
	while (*text) {
		int n = (int)strcspn(text, " ");

		if (column + n > 79 && column > indent) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		printf("%.*s", n, text);
		column += n;
		text += n;
		while (*text == ' ')
			text++;
		if (*text) {
			putchar(' ');
			column++;
		}
	}
	putchar('\n');
}

static void
help_rows(const struct fl_opt *o)
{
	for (; o->name; o++) {
		if (o->letter)
			printf("  -%c, ", o->letter);
		else
			printf("      ");
		printf("--%s%s%s\n", o->name, o->arg ? "=" : "", o->arg ? o->arg : "");
		wrap(o->help, 10);
	}
}

static void
help(const struct fl_tool *t)
{
	printf("usage: %s [options]%s%s\n%s: %s\n\n", t->name, t->operands ? " " : "",
	    t->operands ? t->operands : "", t->name, t->brief);
	help_rows(t->opts);
	help_rows(common);
}

/* mdoc treats a leading dot or quote as a macro and a backslash as an escape. */
static void
mdoc_text(const char *s)
{
	if (*s == '.' || *s == '\'')
		printf("\\&");
	for (; *s; s++)
		if (*s == '\\')
			printf("\\e");
		else
			putchar(*s);
}

static void
mdoc_synopsis_rows(const struct fl_opt *o)
{
	for (; o->name; o++) {
		if (o->letter)
			printf(".Op Fl %c%s%s\n", o->letter, o->arg ? " Ar " : "", o->arg ? o->arg : "");
		else if (o->arg)
			printf(".Op Fl -%s Ns = Ns Ar %s\n", o->name, o->arg);
		else
			printf(".Op Fl -%s\n", o->name);
	}
}

static void
mdoc_option_rows(const struct fl_opt *o)
{
	for (; o->name; o++) {
		printf(".It ");
		if (o->letter)
			printf("Fl %c%s%s , ", o->letter, o->arg ? " Ar " : "", o->arg ? o->arg : "");
		if (o->arg)
			printf("Fl -%s Ns = Ns Ar %s\n", o->name, o->arg);
		else
			printf("Fl -%s\n", o->name);
		mdoc_text(o->help);
		putchar('\n');
	}
}

static void
mdoc_operands(const char *s)
{
	while (s && *s) {
		int n = (int)strcspn(s, " ");
		bool optional = *s == '[';
		int name = (int)strcspn(s + optional, ".] ");
		bool more = memmem(s, (size_t)n, "...", 3) != NULL;

		printf(".%sAr %.*s%s\n", optional ? "Op " : "", name, s + optional, more ? " ..." : "");
		s += n;
		while (*s == ' ')
			s++;
	}
}

static void
mdoc(const struct fl_tool *t)
{
	printf(".Sh SYNOPSIS\n.Nm %s\n", t->name);
	mdoc_synopsis_rows(t->opts);
	mdoc_synopsis_rows(common);
	mdoc_operands(t->operands);
	printf(".Sh OPTIONS\n.Bl -tag -width Ds\n");
	mdoc_option_rows(t->opts);
	mdoc_option_rows(common);
	printf(".El\n");
}

/* Parsing ---------------------------------------------------------------------------------------- */

static int
check_num(const struct fl_opt *o, const char *text)
{
	bool bounded = o->min != 0 || o->max != 0;
	long long min = bounded ? (long long)o->min : INT_MIN, max = bounded ? (long long)o->max : INT_MAX;
	long long v;

	if (fl_num_int(text, min, max, &v) < 0)
		fl_die(FL_EXIT_USAGE, "option '--%s': '%s' is not an integer from %lld to %lld", o->name,
		    text, min, max);
	return (int)v;
}

static double
check_real(const struct fl_opt *o, const char *text)
{
	bool bounded = o->min != 0 || o->max != 0;
	double v;

	if (fl_num_real(text, bounded ? o->min : -1e300, bounded ? o->max : 1e300, &v) < 0) {
		if (bounded)
			fl_die(FL_EXIT_USAGE, "option '--%s': '%s' is not a number from %g to %g",
			    o->name, text, o->min, o->max);
		fl_die(FL_EXIT_USAGE, "option '--%s': '%s' is not a number", o->name, text);
	}
	return v;
}

static const char *
check_word(const struct fl_opt *o, const char *text)
{
	struct fl_str all = { 0 };

	for (const char *const *w = o->words; *w; w++) {
		if (strcmp(*w, text) == 0)
			return *w;
		fl_str_printf(&all, "%s%s", w == o->words ? "" : ", ", *w);
	}
	fl_die(FL_EXIT_USAGE, "option '--%s': '%s' is none of %s", o->name, text, all.data);
}

static void
parse_nums(const struct fl_opt *o, const char *text)
{
	struct fl_nums *l = o->nums;
	char *copy = fl_strdup(text), *save = NULL;

	l->n = 0;
	l->v = fl_alloc(strlen(text) / 2 + 1, sizeof *l->v);
	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save))
		l->v[l->n++] = check_num(o, p);
	free(copy);
	if (l->n == 0)
		fl_die(FL_EXIT_USAGE, "option '--%s' needs at least one number", o->name);
}

static void
set(const struct fl_opt *o, const char *arg)
{
	if (o->flag)
		*o->flag = true;
	else if (o->num)
		*o->num = check_num(o, arg);
	else if (o->apply)
		o->apply(check_num(o, arg));
	else if (o->real)
		*o->real = check_real(o, arg);
	else if (o->word)
		*o->word = check_word(o, arg);
	else if (o->nums)
		parse_nums(o, arg);
	else if (o->list) {
		o->list->v = fl_realloc(o->list->v, o->list->n + 1, sizeof *o->list->v);
		o->list->v[o->list->n++] = arg;
	} else if (o->str) {
		if (!*arg)
			fl_die(FL_EXIT_USAGE, "option '--%s' needs a value that is not empty", o->name);
		*o->str = arg;
	} else
		fl_bug("option '--%s' sets nothing", o->name);
}

static void
note(const struct fl_opt *o, const char *arg)
{
	const char *base = arg && o->file ? strrchr(arg, '/') : NULL;
	struct fl_str s = { 0 };

	if (o->mute)
		return;
	fl_str_printf(&s, "--%s%s%s", o->name, arg ? "=" : "", base ? base + 1 : arg ? arg : "");
	fl_json_push(record, fl_json_new_str(s.data));
	fl_str_free(&s);
}

struct fl_json *
fl_cli_record(void)
{
	return record;
}

static void
check_operands(const struct fl_tool *t, int first, int argc, char **argv)
{
	int n = argc - first;

	for (int i = first; i < argc; i++)
		if (argv[i][0] == '-' && argv[i][1] && strcmp(argv[first - 1], "--") != 0)
			fl_die(FL_EXIT_USAGE, "option '%s' stands after an operand; options go first",
			    argv[i]);
	if (n < t->min_operands)
		fl_die(FL_EXIT_USAGE, "an operand is missing: %s", t->operands);
	if (t->max_operands >= 0 && n > t->max_operands)
		fl_die(FL_EXIT_USAGE, "unexpected operand '%s'", argv[first + t->max_operands]);
}

static _Noreturn void
die_unknown(int code, char **argv)
{
	if (optopt && optopt < 256)
		fl_die(FL_EXIT_USAGE, code == ':' ? "option '-%c' needs a value" : "unknown option '-%c'",
		    optopt);
	fl_die(FL_EXIT_USAGE,
	    code == ':' ? "option '%s' needs a value" : "unknown, ambiguous or valued option '%s'",
	    argv[optind - 1]);
}

int
fl_cli(const struct fl_tool *t, int argc, char **argv)
{
	struct option longs[MAX_OPTS + 8];
	char shorts[2 * MAX_OPTS + 8] = "+:qv", *s = shorts + strlen(shorts);
	int n = 0, c, verbosity = 0;

	program = t->name;
	record = fl_json_new_array();
	for (const struct fl_opt *o = t->opts; o->name; o++, n++) {
		if (n == MAX_OPTS)
			fl_bug("more than %d options", MAX_OPTS);
		longs[n] = (struct option){ o->name, o->arg ? required_argument : no_argument, NULL,
			LONG_ONLY + n };
		if (o->letter) {
			*s++ = o->letter;
			if (o->arg)
				*s++ = ':';
		}
	}
	*s = '\0';
	longs[n++] = (struct option){ "help", optional_argument, NULL, HELP };
	longs[n++] = (struct option){ "version", no_argument, NULL, VERSION };
	longs[n++] = (struct option){ "quiet", no_argument, NULL, 'q' };
	longs[n++] = (struct option){ "verbose", no_argument, NULL, 'v' };
	longs[n] = (struct option){ 0 };

	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct fl_opt *o = t->opts;

		if (c == '?' || c == ':')
			die_unknown(c, argv);
		if (c == HELP) {
			if (optarg && strcmp(optarg, "mdoc") != 0)
				fl_die(FL_EXIT_USAGE, "option '--help': '%s' is not mdoc", optarg);
			(optarg ? mdoc : help)(t);
			exit(fl_finish(FL_EXIT_OK));
		}
		if (c == VERSION) {
			printf("%s %s\n", t->name, fl_version);
			exit(fl_finish(FL_EXIT_OK));
		}
		if (c == 'q') {
			verbosity = -1;
			continue;
		}
		if (c == 'v') {
			verbosity++;
			continue;
		}
		if (c >= LONG_ONLY)
			o += c - LONG_ONLY;
		else
			while (o->letter != c)
				o++;
		set(o, optarg);
		note(o, optarg);
	}
	fl_log_init(t->name, verbosity);
	check_operands(t, optind, argc, argv);
	return optind;
}
