/* SPDX-License-Identifier: Apache-2.0 */
#include "export/folder.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/history.h"
#include "io/members.h"

struct fl_output *
fl_folder_open(const char *path, struct fl_err *err)
{
	if (path && fl_str_ends(path, "/"))
		return fl_output_open_dir(path, err);
	fl_err_usage(err, "the target is a directory: -o must name one, with a slash at its end");
	return NULL;
}

int
fl_folder_file(const struct fl_output *dir, const char *name, const void *data, size_t n, struct fl_err *err)
{
	struct fl_output *f = fl_output_open_in(dir, name, err);

	if (!f)
		return -1;
	if (fl_output_write(f, data, n, err) < 0) {
		fl_output_abandon(f);
		return -1;
	}
	return fl_output_commit(f, err);
}

int
fl_folder_members(const struct fl_output *dir, const struct fl_model *m, const struct fl_json *arguments,
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
