/* SPDX-License-Identifier: Apache-2.0 */
/* task.h -- questions a model is judged by, fl-task(5): JSON lines, one question a line, all of one kind.
 *
 * Texts are bytes of UTF-8 and may hold NULs; they belong to the task. */
#ifndef FL_MODEL_TASK_H
#define FL_MODEL_TASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/file.h"
#include "base/json.h"

enum fl_task_kind {
	FL_TASK_CHOICE,	 /* which of several texts follows a context, or which context a text follows */
	FL_TASK_TARGET,	 /* one text that follows */
	FL_TASK_ANSWERS, /* texts any of which the model is to generate */
};

struct fl_text {
	const char *s;
	size_t len;
};

struct fl_texts {
	size_t n;
	struct fl_text *v;
};

/* What does not count when answers are compared. */
enum { FL_IGNORE_CASE = 1, FL_IGNORE_PUNCTUATION = 2, FL_IGNORE_ARTICLES = 4 };

struct fl_question {
	struct fl_texts contexts; /* one; or one a choice */
	struct fl_texts targets;  /* one a choice; or one; or all answers */
	size_t gold;		  /* of the choices */
	struct fl_text delimiter;   /* between context and target */
	struct fl_text separator;   /* after the target of an example */
	struct fl_text description; /* before everything */
	struct fl_texts until;	    /* each ends an answer and is not of it */
	size_t max_tokens;	    /* of an answer */
	unsigned ignore;
	struct fl_text line; /* as in the file, without the line break */
	struct fl_json *json; /* private: where the texts are */
};

struct fl_task {
	enum fl_task_kind kind;
	size_t n; /* at least one */
	struct fl_question *question; /* number i is line i + 1 */
	size_t cap;	      /* private */
	struct fl_file file;
};

/* "-" is standard input. NULL with err set names the file, the line and the field. */
struct fl_task *fl_task_read(const char *path, struct fl_err *err) FL_MUST_USE;

/* The same of a text that lives as long as the task; `what` names it in messages. */
struct fl_task *fl_task_parse(const char *text, size_t len, const char *what, struct fl_err *err)
    FL_MUST_USE;
void fl_task_free(struct fl_task *t); /* NULL is fine */

/* How many alternatives a question has (1 unless a choice), and which context and target make the i-th. */
size_t fl_question_pairs(const struct fl_question *q);
const struct fl_text *fl_question_context(const struct fl_question *q, size_t i);
const struct fl_text *fl_question_target(const struct fl_question *q, size_t i);

#endif
