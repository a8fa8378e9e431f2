/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arch.h"
#include "base/date.h"
#include "base/log.h"
#include "base/num.h"
#include "base/str.h"

#ifndef FL_VERSION
#define FL_VERSION "0.1.0"
#endif

const char fl_version[] = FL_VERSION;

enum { HELP = 256, VERSION, LONG_ONLY, MAX_OPTS = 64 };

static struct fl_json *record;

void
fl_die(enum fl_exit code, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	fl_log_line(fmt, ap);
	va_end(ap);
	exit(code);
}

void
fl_die_err(const struct fl_err *err)
{
	fl_die(err->code ? err->code : FL_EXIT_SYSTEM, "%s", err->text);
}

void
fl_die_option(const char *option, const struct fl_err *err)
{
	fl_die(err->code ? err->code : FL_EXIT_SYSTEM, "%s: %s", option, err->text);
}

int
fl_finish(enum fl_exit code)
{
	errno = 0;
	/* The descriptor, not the stream: the handlers of exit() have yet to run. */
	if (fflush(stdout) != 0 || ferror(stdout) || close(STDOUT_FILENO) != 0)
		fl_die(FL_EXIT_SYSTEM, "cannot write standard output: %s", strerror(errno ? errno : EIO));
	return code;
}

bool
fl_cli_one_stdin(const char *operand, const char *const *other, size_t n)
{
	size_t readers = !operand || fl_is_dash(operand);

	for (size_t i = 0; i < n; i++)
		readers += fl_is_dash(other[i]);
	if (readers > 1)
		fl_die(FL_EXIT_USAGE, "only one input can come from standard input");
	return readers;
}

void
fl_cli_refuse_terminal(const char *output)
{
	if ((!output || fl_is_dash(output)) && isatty(STDOUT_FILENO))
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
	int column = 0;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		int n = (int)strcspn(text, " ");

		if (column == 0 || column + 1 + n > 79)
			column = printf("%s%*s", column ? "\n" : "", indent, "") - (column > 0);
		else
			column += printf(" ");
		column += printf("%.*s", n, text);
		text += n;
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

/* mdoc treats a leading dot or quote as a macro and a backslash as an escape, and wants each sentence on a
 * line of its own. */
static void
mdoc_text(const char *s)
{
	bool begins = true;

	for (; *s; s++) {
		if (begins && (*s == '.' || *s == '\''))
			printf("\\&");
		begins = fl_str_begins(s, ". ");
		if (*s == '\\')
			printf("\\e");
		else
			putchar(*s);
		if (begins)
			s++, putchar('\n');
	}
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

/* "[checkpoint]", "trials file ...", "[file ...]", word by word. */
static void
mdoc_operands(const char *s)
{
	for (s += strspn(s, " "); *s; s += strspn(s, " ")) {
		bool optional = *s == '[';
		const char *name = s + optional;
		int len = (int)strcspn(name, ".] ");
		bool more;

		s = name + len;
		s += strspn(s, " ");
		more = fl_str_begins(s, "...");
		s += strspn(s, ".]");
		printf(".%sAr %.*s%s\n", optional ? "Op " : "", len, name, more ? " ..." : "");
	}
}

static void
mdoc(const struct fl_tool *t)
{
	printf(".Sh SYNOPSIS\n.Nm %s\n", t->name);
	mdoc_synopsis_rows(t->opts);
	mdoc_synopsis_rows(common);
	if (t->operands)
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
	char *copy = fl_strdup(text), *rest = copy;

	l->n = 0;
	l->v = fl_realloc(l->v, strlen(text) + 1, sizeof *l->v);
	for (char *p; (p = strsep(&rest, ","));)
		l->v[l->n++] = check_num(o, p);
	free(copy);
}

static void
set(const struct fl_opt *o, const char *arg)
{
	struct fl_err err = { 0 };

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
		if (!*arg && !o->empty)
			fl_die(FL_EXIT_USAGE, "option '--%s' needs a value that is not empty", o->name);
		if (o->date && !fl_date_read(arg, &(struct tm){ 0 }))
			fl_die(FL_EXIT_USAGE, "option '--%s' wants a date such as 2025-01-31, not '%s'", o->name, arg);
		if (o->arch && fl_arch_parse(arg, &(struct fl_arch){ 0 }, &err) < 0)
			fl_die(FL_EXIT_USAGE, "option '--%s': %s", o->name, err.text);
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

/* As it is given at its shortest. */
static void
add_option(struct fl_str *s, const struct fl_opt *o)
{
	if (o->letter)
		fl_str_printf(s, "-%c", o->letter);
	else
		fl_str_printf(s, "--%s", o->name);
}

static size_t
find_option(const struct fl_opt *opts, const char *name, size_t len)
{
	size_t i = 0;

	for (; opts[i].name; i++)
		if (strlen(opts[i].name) == len && memcmp(opts[i].name, name, len) == 0)
			return i;
	fl_bug("no option '%.*s'", (int)len, name);
}

/* Whether one is given of those that an option goes with; else all of them are in `names`. */
static bool
in_company(const struct fl_opt *opts, const bool *given, const char *with, struct fl_str *names)
{
	for (; *with; with += strspn(with, " ")) {
		size_t len = strcspn(with, " "), i = find_option(opts, with, len);

		if (given[i])
			return true;
		fl_str_puts(names, names->len ? " or " : "");
		add_option(names, &opts[i]);
		with += len;
	}
	return false;
}

static void
check_company(const struct fl_opt *opts, const bool *given)
{
	for (size_t i = 0; opts[i].name; i++) {
		struct fl_str names = { 0 }, name = { 0 };

		if (opts[i].with && !in_company(opts, given, opts[i].with, &names) && given[i]) {
			add_option(&name, &opts[i]);
			fl_die(FL_EXIT_USAGE, "%s goes with %s", name.data, names.data);
		}
		fl_str_free(&names);
	}
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

/* getopt leaves in optopt the letter it does not know, or 0, or what stands for a long option it
 * knows: there q and v, which are always known, can only be --quiet=x and --verbose=x. */
static _Noreturn void
die_refused(int code, const char *arg)
{
	bool is_long = !optopt || optopt >= HELP || (code == '?' && strchr("qv", optopt));

	if (is_long && code == ':')
		fl_die(FL_EXIT_USAGE, "option '%s' needs a value", arg);
	if (is_long)
		fl_die(FL_EXIT_USAGE, optopt ? "option '%s' takes no value" : "unknown or ambiguous option '%s'",
		    arg);
	fl_die(FL_EXIT_USAGE, code == ':' ? "option '-%c' needs a value" : "unknown option '-%c'", optopt);
}

/* The table as getopt_long wants it. */
static void
translate(const struct fl_opt *o, char *shorts, struct option *longs)
{
	shorts = stpcpy(shorts, "+:qv");
	for (int n = 0; o->name; o++, n++) {
		if (n == MAX_OPTS)
			fl_bug("more than %d options", MAX_OPTS);
		*longs++ = (struct option){ o->name, o->arg ? required_argument : no_argument, NULL,
			LONG_ONLY + n };
		if (o->letter) {
			*shorts++ = o->letter;
			if (o->arg)
				*shorts++ = ':';
		}
	}
	*shorts = '\0';
	*longs++ = (struct option){ "help", optional_argument, NULL, HELP };
	*longs++ = (struct option){ "version", no_argument, NULL, VERSION };
	*longs++ = (struct option){ "quiet", no_argument, NULL, 'q' };
	*longs++ = (struct option){ "verbose", no_argument, NULL, 'v' };
	*longs = (struct option){ 0 };
}

static _Noreturn void
describe(const struct fl_tool *t, int what)
{
	if (what == VERSION)
		printf("%s %s\n", t->name, fl_version);
	else if (!optarg)
		help(t);
	else if (strcmp(optarg, "mdoc") == 0)
		mdoc(t);
	else
		fl_die(FL_EXIT_USAGE, "option '--help': '%s' is not mdoc", optarg);
	exit(fl_finish(FL_EXIT_OK));
}

/* A file opened while one of the three is closed would get its number: a message would go into an
 * output. What holds the number instead fails as a closed one does, but for messages, which are lost. */
static void
hold_standard_descriptors(void)
{
	static const int mode[] = { O_WRONLY, O_RDONLY, O_WRONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode[fd]) != fd)
			exit(FL_EXIT_SYSTEM);
}

/* How a read fails where the file is mapped: it became shorter, or its disk has no answer. */
static char bus_error[256];

static void
on_bus_error(int sig)
{
	ssize_t n = write(STDERR_FILENO, bus_error, strlen(bus_error));

	(void)sig;
	(void)n;
	quick_exit(FL_EXIT_SYSTEM);
}

static void
catch_bus_errors(const char *tool)
{
	snprintf(bus_error, sizeof bus_error,
	    "%s: cannot read a mapped file: Input/output error, or it became shorter\n", tool);
	signal(SIGBUS, on_bus_error);
}

int
fl_cli(const struct fl_tool *t, int argc, char **argv)
{
	struct option longs[MAX_OPTS + 5];
	char shorts[2 * MAX_OPTS + 5];
	bool given[MAX_OPTS] = { 0 };
	int c, verbosity = 0;

	hold_standard_descriptors();
	catch_bus_errors(t->name);
	fl_log_init(t->name, 0);
	record = fl_json_new_array();
	translate(t->opts, shorts, longs);
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct fl_opt *o = t->opts;

		switch (c) {
		case '?':
		case ':': die_refused(c, argv[optind - 1]);
		case HELP:
		case VERSION: describe(t, c);
		case 'q': verbosity = -1; break;
		case 'v': verbosity = verbosity < 0 ? 1 : verbosity + 1; break;
		default:
			while (c >= LONG_ONLY ? o - t->opts != c - LONG_ONLY : o->letter != c)
				o++;
			given[o - t->opts] = true;
			set(o, optarg);
			note(o, optarg);
		}
	}
	fl_log_init(t->name, verbosity);
	check_company(t->opts, given);
	check_operands(t, optind, argc, argv);
	return optind;
}
