/* SPDX-License-Identifier: Apache-2.0 */
#include "model/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "model/answer.h"
#include "model/likelihood.h"
#include "model/match.h"

void
fl_judgement_free(struct fl_judgement *j)
{
	for (size_t i = 0; j->mark && i < j->n; i++) {
		free(j->mark[i].nats);
		free(j->mark[i].answer);
	}
	free(j->mark);
	*j = (struct fl_judgement){ 0 };
}

/* --- by likelihood --- */

/* All alternatives of all questions, one after the other. */
struct paper {
	struct fl_sequence *s;
	size_t *group, n; /* group: the question */
	struct fl_likelihood *likelihood;
	struct fl_ids common;
};

static void
free_paper(struct paper *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->s[i].ids.v);
	free(a->s);
	free(a->group);
	free(a->likelihood);
	free(a->common.v);
}

static int
write_paper(struct paper *a, const struct fl_task *task, struct fl_prompter *p, struct fl_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < task->n; i++)
		n += fl_question_pairs(&task->question[i]);
	a->s = fl_alloc(n, sizeof *a->s);
	a->group = fl_alloc(n, sizeof *a->group);
	a->likelihood = fl_alloc(n, sizeof *a->likelihood);
	for (size_t i = 0; i < task->n; i++)
		for (size_t k = 0; k < fl_question_pairs(&task->question[i]); k++) {
			a->group[a->n++] = i;
			if (fl_prompt_pair(p, &task->question[i], k, &a->s[a->n - 1], err) < 0)
				return fl_err_prefix(err, "line %zu", i + 1);
		}
	return fl_prompt_common(p, &task->question[0], &a->common, err);
}

/* Whether the right one is the first of the largest; NaN if one is. */
static double
picks_gold(const double *v, size_t n, size_t gold)
{
	size_t best = 0;
	bool ruined = false;

	for (size_t i = 0; i < n; i++) {
		ruined |= isnan(v[i]);
		best = v[i] > v[best] ? i : best;
	}
	return ruined ? (double)NAN : best == gold;
}

static void
mark_question(struct fl_mark *mark, const struct fl_question *q, const struct fl_sequence *s,
    const struct fl_likelihood *l)
{
	size_t n = fl_question_pairs(q);
	double *norm = fl_alloc(n, sizeof *norm);

	mark->nats = fl_alloc(n, sizeof *mark->nats);
	for (size_t k = 0; k < n; k++) {
		mark->nats[k] = l[k].nats;
		norm[k] = l[k].nats / (double)fl_question_target(q, k)->len;
		mark->cut |= s[k].cut;
	}
	mark->right = n > 1 ? picks_gold(mark->nats, n, q->gold) : isnan(l->nats) ? (double)NAN : l->greedy;
	mark->right_norm = picks_gold(norm, n, q->gold);
	free(norm);
}

static int
judge_likelihoods(const struct fl_model *m, const struct fl_task *task, struct fl_prompter *p,
    struct fl_judgement *out, struct fl_err *err)
{
	struct paper a = { 0 };
	int bad = write_paper(&a, task, p, err);

	if (!bad) {
		fl_progress_begin("judging", "texts", a.n);
		bad = fl_likelihoods(m, a.s, a.group, a.n, &a.common, a.likelihood, err);
		fl_progress_end();
	}
	for (size_t i = 0, at = 0; !bad && i < task->n; at += fl_question_pairs(&task->question[i++]))
		mark_question(&out->mark[i], &task->question[i], &a.s[at], &a.likelihood[at]);
	free_paper(&a);
	return bad;
}

/* --- by what is generated --- */

static int
answer_question(struct fl_answerer *a, const struct fl_question *q, struct fl_prompter *p,
    struct fl_mark *mark, struct fl_err *err)
{
	struct fl_sequence prompt = { 0 };
	struct fl_str text = { 0 };
	struct fl_text answer;
	int state = fl_prompt_answer(p, q, &prompt, err);

	if (!state)
		state = fl_answer(a, &prompt, q, &text, err);
	answer.len = text.len;
	answer.s = mark->answer = fl_str_steal(&text);
	mark->cut = prompt.cut;
	mark->right = state ? (double)NAN : fl_match(&answer, &q->targets, q->ignore);
	free(prompt.ids.v);
	return state < 0 ? -1 : 0;
}

static int
judge_answers(const struct fl_model *m, const struct fl_tokenizer *t, const struct fl_special *special,
    const struct fl_task *task, struct fl_prompter *p, struct fl_judgement *out, struct fl_err *err)
{
	struct fl_answerer *a = fl_answerer_new(m, t, special);
	int bad = 0;

	fl_progress_begin("judging", "answers", task->n);
	for (size_t i = 0; !bad && i < task->n; i++) {
		bad = answer_question(a, &task->question[i], p, &out->mark[i], err);
		if (bad)
			fl_err_prefix(err, "line %zu", i + 1);
		fl_progress_add(1);
	}
	fl_progress_end();
	fl_answerer_free(a);
	return bad;
}

/* --- figures --- */

static struct fl_figure
figure(const double *v, size_t n)
{
	struct fl_figure f = { 0 };
	double spread = 0;

	for (size_t i = 0; i < n; i++)
		f.mean += v[i];
	f.mean /= (double)n;
	for (size_t i = 0; i < n; i++)
		spread += (v[i] - f.mean) * (v[i] - f.mean);
	f.se = n > 1 ? sqrt(spread / (double)(n - 1) / (double)n) : (double)NAN;
	return f;
}

static void
conclude(const struct fl_task *task, struct fl_judgement *out)
{
	double *right = fl_alloc(out->n, sizeof *right), *norm = fl_alloc(out->n, sizeof *norm);
	double *nats = fl_alloc(out->n, sizeof *nats);

	out->has_norm = task->kind == FL_TASK_CHOICE;
	out->has_nats = task->kind == FL_TASK_TARGET;
	for (size_t i = 0; i < out->n; i++) {
		const struct fl_mark *mark = &out->mark[i];

		/* Where the contexts differ and not what follows, there is no length to divide by. */
		out->has_norm = out->has_norm && task->question[i].targets.n > 1;
		right[i] = mark->right;
		norm[i] = mark->right_norm;
		nats[i] = mark->nats ? -mark->nats[0] : 0;
		out->cut += mark->cut;
	}
	out->acc = figure(right, out->n);
	out->norm = figure(norm, out->n);
	out->nats = figure(nats, out->n);
	free(right);
	free(norm);
	free(nats);
}

int
fl_judge(const struct fl_model *m, const struct fl_tokenizer *t, const struct fl_special *special,
    const struct fl_task *task, struct fl_prompter *p, struct fl_judgement *out, struct fl_err *err)
{
	int bad;

	*out = (struct fl_judgement){ .n = task->n, .mark = fl_alloc(task->n, sizeof *out->mark) };
	if (task->kind == FL_TASK_ANSWERS)
		bad = judge_answers(m, t, special, task, p, out, err);
	else
		bad = judge_likelihoods(m, task, p, out, err);
	if (!bad)
		conclude(task, out);
	return bad;
}
