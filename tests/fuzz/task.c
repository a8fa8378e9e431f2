/* SPDX-License-Identifier: Apache-2.0 */
/* A task that is read has questions whose texts are all there. */
#include <stdint.h>
#include <stdlib.h>

#include "model/match.h"
#include "model/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct fl_task *t, const struct fl_question *q)
{
	size_t n = fl_question_pairs(q);

	if (n == 0 || q->gold >= n || (t->kind == FL_TASK_CHOICE) != (n > 1) ||
	    (t->kind == FL_TASK_ANSWERS) != (q->until.n > 0))
		abort();
	for (size_t i = 0; i < n; i++) {
		const struct fl_text *context = fl_question_context(q, i), *target = fl_question_target(q, i);

		if (!context->s || target->len == 0)
			abort();
	}
	/* A text matches itself, whatever does not count. */
	for (size_t i = 0; i < q->targets.n; i++) {
		struct fl_text bare = fl_match_strip(q->targets.v[i]);

		if (!fl_match(&q->targets.v[i], &(struct fl_texts){ 1, &bare }, q->ignore))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	struct fl_task *t = fl_task_parse((const char *)data, size, "input", &err);

	for (size_t i = 0; t && i < t->n; i++)
		check(t, &t->question[i]);
	if (!t && (err.code != FL_EXIT_DATA || !*err.text))
		abort();
	fl_task_free(t);
	return 0;
}
