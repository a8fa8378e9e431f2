/* SPDX-License-Identifier: Apache-2.0 */
#include "io/history.h"

#include "base/cli.h"
#include "base/str.h"
#include "io/members.h"

int
fl_history_write(struct fl_writer *w, const struct fl_reader *r, const char *tool,
    const struct fl_json *arguments, const struct fl_json *kept, struct fl_err *err)
{
	struct fl_json *line = fl_json_new_object();
	struct fl_str text = { 0 };
	int rc;

	fl_json_set(line, "tool", fl_json_new_str(tool));
	fl_json_set(line, "version", fl_json_new_str(fl_version));
	fl_json_set(line, "arguments", fl_json_copy(arguments));
	if (r)
		fl_json_set(line, "input", fl_json_new_str(fl_reader_digest(r)));
	if (kept)
		fl_json_set(line, "kept", fl_json_copy(kept));
	if (r)
		fl_str_puts(&text, fl_reader_history(r));
	if (text.len && text.data[text.len - 1] != '\n')
		fl_str_putc(&text, '\n');
	fl_json_write(&text, line, 0);
	fl_str_putc(&text, '\n');
	rc = fl_writer_member(w, FL_MEMBER_HISTORY_NAME, text.data, text.len, err);
	fl_str_free(&text);
	fl_json_free(line);
	return rc;
}
