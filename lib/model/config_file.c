/* SPDX-License-Identifier: Apache-2.0 */
#include "model/config_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "io/checkpoint.h"

/* Which whoever reads checkpoints refuses, saying what to do. */
static bool
is_gguf(const char *path)
{
	FILE *f = fopen(path, "r");
	char magic[4] = "";
	bool is = f && fread(magic, 1, sizeof magic, f) == sizeof magic && memcmp(magic, "GGUF", sizeof magic) == 0;

	if (f)
		fclose(f);
	return is;
}

static bool
is_json(const char *path, bool otherwise)
{
	struct stat st;

	if (fl_str_ends(path, ".json"))
		return true;
	if (fl_str_ends(path, ".tar") || fl_str_ends(path, ".tar.zst"))
		return false;
	if (stat(path, &st) == 0 && (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && is_gguf(path))))
		return false;
	return otherwise;
}

struct fl_json *
fl_config_read(const char *path, bool else_json, struct fl_err *err)
{
	static const char *const name[] = { "config.json" };
	struct fl_str text = { 0 };
	struct fl_json *tree = NULL;

	if (is_json(path, else_json))
		text.data = fl_slurp(path, 16 << 20, &text.len, err);
	else if (fl_checkpoint_members(path, name, 1, &text, err) == 0 && !text.data)
		fl_err_data(err, "'%s' has no config.json", fl_input_name(path));
	if (text.data)
		tree = fl_json_parse(text.data, text.len, fl_input_name(path), err);
	fl_str_free(&text);
	return tree;
}
