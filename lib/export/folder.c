/* SPDX-License-Identifier: Apache-2.0 */
#include "export/folder.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/history.h"
#include "io/members.h"

int
fl_folder_file(const struct fl_output *dir, const char *name, const void *data, size_t n, struct fl_err *err)
{
	struct fl_output *f = fl_output_open_in(dir, name, err);

	return f ? fl_output_end(f, fl_output_write(f, data, n, err), err) : -1;
}

int
fl_folder_json(const struct fl_output *dir, const char *name, struct fl_json *v, struct fl_err *err)
{
	struct fl_str text = { 0 };
	int rc;

	fl_json_write(&text, v, 2);
	fl_str_putc(&text, '\n');
	fl_json_free(v);
	rc = fl_folder_file(dir, name, text.data, text.len, err);
	fl_str_free(&text);
	return rc;
}

static int
write_members(const struct fl_output *dir, const struct fl_model *m, const struct fl_json *arguments,
    struct fl_err *err)
{
	char *history = fl_history_text(fl_model_history(m), fl_model_digest(m), "fl-export", arguments, NULL);
	const char *name, *data;
	size_t size;
	int rc = 0;

	for (size_t i = 0; rc == 0 && fl_model_member_at(m, i, &name, &data, &size); i++)
		if (data)
			rc = fl_folder_file(dir, name, data, size, err);
	if (rc == 0)
		rc = fl_folder_file(dir, FL_MEMBER_HISTORY_NAME, history, strlen(history), err);
	free(history);
	return rc;
}

static struct fl_output *
open_dir(const char *path, struct fl_err *err)
{
	if (path && fl_str_ends(path, "/"))
		return fl_output_open_dir(path, err);
	fl_err_usage(err, "the target is a directory: -o must name one, with a slash at its end");
	return NULL;
}

/* The directory first: whoever cannot write it need not read a model. */
int
fl_folder_write(struct fl_reader *in, const struct fl_export_opts *o, fl_folder_files *files, struct fl_err *err)
{
	struct fl_output *dir = open_dir(o->output, err);
	struct fl_model *m = NULL;
	int rc = -1;

	if (!dir) {
		fl_reader_close(in);
		return -1;
	}
	m = fl_model_load(in, err);
	if (m && files(dir, m, o, err) == 0)
		rc = write_members(dir, m, o->arguments, err);
	fl_model_free(m);
	return fl_output_end(dir, rc, err);
}
