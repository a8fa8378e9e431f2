/* SPDX-License-Identifier: Apache-2.0 */
/* history.h -- fl-history.jsonl: which tools a checkpoint went through. */
#ifndef FL_IO_HISTORY_H
#define FL_IO_HISTORY_H

#include "base/err.h"
#include "base/json.h"
#include "io/checkpoint.h"

/* Writes the reader's history and one more line {"tool", "version", "arguments", "input", ...}: after
 * the reader's end and the last weights, before commit. r may be NULL (fl-init: nothing was read).
 * arguments is fl_cli_record(): no paths, hosts or dates, nothing that does not change the result.
 * kept, if not NULL, is added as "kept". */
int fl_history_write(struct fl_writer *w, const struct fl_reader *r, const char *tool,
    const struct fl_json *arguments, const struct fl_json *kept, struct fl_err *err) FL_MUST_USE;

/* The text that it writes, where there is no checkpoint to write it into: `before`, which may be empty, and
 * the line, to be freed. digest may be NULL. */
char *fl_history_text(const char *before, const char *digest, const char *tool, const struct fl_json *arguments,
    const struct fl_json *kept);

/* Its lines, to be freed: an array of objects that name a tool and whose arguments are strings. NULL with err set where
 * one is not such. */
struct fl_json *fl_history_parse(const char *text, struct fl_err *err) FL_MUST_USE;

#endif
