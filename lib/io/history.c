/* SPDX-License-Identifier: Apache-2.0 */
#include "io/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/str.h"
#include "io/members.h"

char *
fl_history_text(const char *before, const char *digest, const char *tool, const struct fl_json *arguments,
    const struct fl_json *kept)
{
	struct fl_json *line = fl_json_new_object();
	struct fl_str text = { 0 };

	fl_json_set(line, "tool", fl_json_new_str(tool));
	fl_json_set(line, "version", fl_json_new_str(fl_version));
	fl_json_set(line, "arguments", fl_json_copy(arguments));
	if (digest)
		fl_json_set(line, "input", fl_json_new_str(digest));
	if (kept)
		fl_json_set(line, "kept", fl_json_copy(kept));
	fl_str_puts(&text, before);
	if (text.len && text.data[text.len - 1] != '\n')
		fl_str_putc(&text, '\n');
	fl_json_write(&text, line, 0);
	fl_str_putc(&text, '\n');
	fl_json_free(line);
	return fl_str_steal(&text);
}

int
fl_history_write(struct fl_writer *w, const struct fl_reader *r, const char *tool,
    const struct fl_json *arguments, const struct fl_json *kept, struct fl_err *err)
{
	char *text = fl_history_text(r ? fl_reader_history(r) : "", r ? fl_reader_digest(r) : NULL, tool, arguments, kept);
	int rc = fl_writer_member(w, FL_MEMBER_HISTORY_NAME, text, strlen(text), err);

	free(text);
	return rc;
}

static int
check_line(const struct fl_json *line, struct fl_err *err)
{
	const struct fl_json *arguments = fl_json_get(line, "arguments");

	if (!fl_json_str(fl_json_get(line, "tool")))
		return fl_err_data(err, "'" FL_MEMBER_HISTORY_NAME "' has a line that names no tool");
	for (size_t i = 0; i < fl_json_len(arguments); i++)
		if (!fl_json_str(fl_json_at(arguments, i)))
			return fl_err_data(err, "'" FL_MEMBER_HISTORY_NAME "' has an argument that is no string");
	return 0;
}

struct fl_json *
fl_history_parse(const char *text, struct fl_err *err)
{
	struct fl_json *all = fl_json_new_array();

	while (*text) {
		size_t n = strcspn(text, "\n");
		struct fl_json *line = fl_json_parse(text, n, FL_MEMBER_HISTORY_NAME, err);

		if (!line || check_line(line, err) < 0) {
			fl_json_free(line);
			fl_json_free(all);
			return NULL;
		}
		fl_json_push(all, line);
		text += n + (text[n] == '\n');
	}
	return all;
}
