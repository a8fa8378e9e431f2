/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h -- one table describes a tool: parsing, --help and the man page all come from it.
 *
 * A tool declares its options as rows of struct fl_opt ending with { 0 }, and calls fl_cli() first.
 * A row points at the variable it sets; exactly one of the target members is used, and the variable's
 * type must be that member's, so a mismatch does not compile. Defaults are the variables' initial
 * values. --help, --version, -q and -v belong to every tool and need no row.
 *
 *     static const struct fl_opt opts[] = {
 *             FL_OPT_OUTPUT(output),
 *             { 0, "block", "n", "Keep or remove n neighbours together. The default is 32.",
 *               .num = &block, .min = 1, .max = 4096 },
 *             { 0 }
 *     };
 *
 * Options stand before operands; "--" ends them. Numbers are read whole and checked against
 * [min, max] (both 0: no bound). The last of -q and -v counts. Anything wrong ends the program with
 * FL_EXIT_USAGE, an option without those it goes with, too. */
#ifndef FL_BASE_CLI_H
#define FL_BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/parallel.h"

struct fl_strs { /* what was given to a repeatable option, in order; points into argv */
	size_t n;
	const char **v;
};

struct fl_nums { /* a comma-separated list of integers */
	size_t n;
	int *v;
};

struct fl_opt {
	char letter;	  /* 0 if there is only the long name */
	const char *name; /* without the dashes */
	const char *arg;  /* metavariable; NULL for a flag */
	const char *help; /* whole sentences */
	bool *flag;
	int *num;
	double *real;
	const char **str;
	const char **word;	     /* one of words */
	const char *const *words;    /* NULL-terminated */
	struct fl_strs *list;	     /* repeatable */
	struct fl_nums *nums;	     /* each checked against min and max */
	void (*apply)(int);	     /* an integer handed to a function */
	double min, max;
	const char *with; /* has an effect only beside one of these options, names between blanks; NULL: alone */
	bool mute; /* does not change the result: left out of fl_cli_record() */
	bool file; /* the value is a path: recorded without its directories */
	bool empty; /* the value of str may be empty */
	bool date; /* the value of str is one that fl_date_read() takes, */
	bool arch; /* or fl_arch_parse() */
};

struct fl_tool {
	const char *name, *brief; /* brief: as in the man page's NAME line, no full stop */
	const char *operands;	  /* as in the SYNOPSIS, "[checkpoint]"; NULL if none */
	int min_operands, max_operands; /* max -1: any number */
	const struct fl_opt *opts;
};

/* The letters that mean the same in every tool. More members may follow the variable: FL_OPT_SEED(seed, .with = "arch"). */
#define FL_OPT_OUTPUT(var)                                                                         \
	{ 'o', "output", "file",                                                                   \
	  "Write to file, which appears complete or not at all. The default is standard output.",  \
	  .str = &(var), .mute = true }
#define FL_OPT_CKPT_OUTPUT(var)                                                                    \
	{ 'o', "output", "path",                                                                   \
	  "Write the checkpoint to path: a directory if it ends in a slash, else a tar, compressed " \
	  "if it ends in .zst. It appears complete or not at all. The default is standard output.", \
	  .str = &(var), .mute = true }
#define FL_OPT_ZSTD(var)                                                                           \
	{ 'z', "zstd", NULL, "Compress the output tar with zstd.", .flag = &(var), .mute = true }
#define FL_OPT_THREADS                                                                             \
	{ 'j', "threads", "n",                                                                     \
	  "Use n threads. The default is one a core. The result does not depend on it.",           \
	  .apply = fl_parallel_set, .min = 1, .max = 1024, .mute = true }
#define FL_OPT_SEED(var, ...)                                                                      \
	{ 's', "seed", "n", "Seed the random numbers with n. The default is 0.", .num = &(var),    \
	  .min = 0, .max = 2147483647, __VA_ARGS__ }
#define FL_OPT_CKPT(var, what)                                                                     \
	{ 'c', "checkpoint", "path", what, .str = &(var), .file = true }
#define FL_OPT_TOKENS(var)                                                                         \
	{ 't', "tokens", "file", "Read token ids from file, as fl-tokenize writes them.", .str = &(var),   \
	  .file = true }
#define FL_OPT_ARCH(var, what, ...) { 'a', "arch", "string", what, .str = &(var), .arch = true, __VA_ARGS__ }
#define FL_OPT_METRICS(var, ...)                                                                   \
	{ 'm', "metrics", "file", "Read metrics from file, as fl-calibrate writes them.", .str = &(var), \
	  .file = true, __VA_ARGS__ }
#define FL_OPT_HISTORY(var)                                                                        \
	{ 0, "no-history", NULL, "Leave fl-history.jsonl out of the output.", .flag = &(var), .mute = true }
#define FL_OPT_DATE(var)                                                                           \
	{ 0, "date", "date", "Tell chat templates that ask for it that today is date, such as 2025-01-31.", \
	  .str = &(var), .with = "chat", .date = true }
#define FL_OPT_JSON(var) { 0, "json", NULL, "Print JSON instead of a table.", .flag = &(var) }

/* Parses; returns the index in argv of the first operand (argc if there is none). Handles --help and
 * --version itself. The tool's name prefixes every message from then on. */
int fl_cli(const struct fl_tool *tool, int argc, char **argv);

/* The options given, for histories: an array of "--name=value" in the order given, without those that
 * do not change the result. Lives as long as the program. */
struct fl_json *fl_cli_record(void);

/* The one line on standard error and the end. fl_die_err ends with err->code; fl_die_option says whose fault it is, too. */
_Noreturn void fl_die(enum fl_exit code, const char *fmt, ...) FL_PRINTF(2, 3);
_Noreturn void fl_die_err(const struct fl_err *err);
_Noreturn void fl_die_option(const char *option, const struct fl_err *err);

/* Flushes and closes standard output: a full disk is FL_EXIT_SYSTEM, else returns `code`. The last
 * call of every tool that prints there. */
int fl_finish(enum fl_exit code);

/* Whether standard input is read: by the operand, as which NULL stands for it as "-" does, or by one of n other inputs,
 * paths of options, NULL where not given. FL_EXIT_USAGE if it would be read twice. */
bool fl_cli_one_stdin(const char *operand, const char *const *other, size_t n);

/* FL_EXIT_USAGE if standard output is a terminal: for tools that write binary data to it. */
void fl_cli_refuse_terminal(const char *output);

extern const char fl_version[];

#endif
