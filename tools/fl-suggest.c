/* SPDX-License-Identifier: Apache-2.0 */
/* fl-suggest.c -- the next architectures to try. */
#include <stdio.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/log.h"
#include "search/suggest.h"
#include "search/table.h"

static const char *space_path;
static int batch = 8, seed;

static const struct fl_opt opts[] = {
	{ 0, "space", "file", "Choose from the space in file, fl-space(5). Required.",
	  .str = &space_path },
	{ 'n', "count", "n", "Suggest n architectures. The default is 8.", .num = &batch, .min = 1,
	  .max = 1000000 },
	FL_OPT_SEED(seed),
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-suggest",
	.brief = "suggest the next architectures to try",
	.operands = "[table...]",
	.max_operands = -1,
	.opts = opts,
};

/* A terminal holds no table, nor does an empty input: a search begins without one. */
static bool
has_input(void)
{
	int c = isatty(STDIN_FILENO) ? EOF : getchar();

	ungetc(c, stdin);
	return c != EOF || ferror(stdin);
}

int
main(int argc, char **argv)
{
	static const char *const standard_input[] = { "-" };
	int first = fl_cli(&tool, argc, argv), n = argc - first;
	const char *const *paths = n ? (const char *const *)argv + first : standard_input;
	struct fl_err err = { 0 };
	struct fl_table *tables;
	struct fl_archset known = { 0 };
	struct fl_space space;
	size_t before, found;

	if (!space_path)
		fl_die(FL_EXIT_USAGE, "which space? --space is missing");
	if (fl_space_read(&space, space_path, &err) < 0)
		fl_die_err(&err);
	if (n == 0 && has_input())
		n = 1;
	tables = fl_table_read(paths, (size_t)n, &err);
	if (!tables)
		fl_die_err(&err);
	for (size_t r = 0; r < tables->rows; r++)
		fl_archset_add(&known, fl_table_cell(tables, r, 0)->text);
	before = known.n;
	found = fl_suggest_sobol(&space, (uint64_t)seed, (size_t)batch, &known);
	for (size_t i = before; i < known.n; i++)
		puts(known.name[i]);
	if (found < (size_t)batch)
		fl_warn("the space is exhausted: %d asked for, %zu left", batch, found);
	return fl_finish(found < (size_t)batch ? FL_EXIT_NO : FL_EXIT_OK);
}
