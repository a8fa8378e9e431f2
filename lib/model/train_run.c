/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train_run.h"

#include "base/log.h"
#include "base/progress.h"
#include "base/ranks.h"
#include "model/eval.h"

/* Each rank has read the state from a file system of its own. */
static int
check_ranks(const struct fl_train_run *r, struct fl_err *err)
{
	double step = (double)fl_trainer_state(r->trainer)->step, sum = step;

	fl_ranks_sum_f64(&sum, 1);
	return fl_ranks_all(sum == step * fl_ranks_count()) ? 0 :
	    fl_err_data(err, "'%s' is not the same file on every rank", r->state);
}

int
fl_train_run_take_up(struct fl_train_run *r, struct fl_err *err)
{
	int taken;

	if (!r->state)
		return 0;
	taken = fl_train_state_read(fl_trainer_state(r->trainer), &r->curve, r->name, r->state, err);
	if (taken < 0 || check_ranks(r, err) < 0)
		return -1;
	if (taken > 0)
		fl_note("taken up after step %ld", fl_trainer_state(r->trainer)->step);
	return 0;
}

/* In the middle of a run its curve belongs to its state: without one what is half done leaves nothing. */
static int
save(struct fl_train_run *r, bool done, struct fl_err *err)
{
	struct fl_output *o;

	if (fl_ranks_self() != 0)
		return 0;
	if (r->state && fl_train_state_write(fl_trainer_state(r->trainer), &r->curve, r->name, r->state, err) < 0)
		return -1;
	if (!r->curve_path || (!done && !r->state))
		return 0;
	o = fl_curve_write(&r->curve, r->curve_path, err);
	if (!o || !done)
		return o ? fl_output_commit(o, err) : -1;
	r->curve_file = o;
	return 0;
}

static int
judge(struct fl_train_run *r, struct fl_train_step *step, struct fl_err *err)
{
	long at = fl_trainer_state(r->trainer)->step;
	struct fl_loss held;

	if (!r->held || (at != r->steps && (r->held_every == 0 || at % r->held_every != 0)))
		return 0;
	if (fl_eval_loss(fl_trainer_model(r->trainer), r->held, FL_KV_F32, &held, err) < 0)
		return -1;
	step->held = held.nats;
	return 0;
}

int
fl_train_run_go(struct fl_train_run *r, struct fl_err *err)
{
	const struct fl_train_state *s = fl_trainer_state(r->trainer);
	struct fl_train_step step;

	fl_progress_begin("training", "tokens", (uint64_t)r->steps * r->tokens);
	fl_progress_add((uint64_t)s->step * r->tokens);
	while (s->step < r->steps) {
		if (fl_trainer_step(r->trainer, &step, err) < 0)
			return -1;
		fl_progress_add(r->tokens);
		if (judge(r, &step, err) < 0)
			return -1;
		fl_curve_add(&r->curve, &step);
		if (fl_ranks_self() == 0)
			fl_note("step %ld: loss %.4f", s->step, step.loss);
		if (s->step % r->state_every == 0 && s->step < r->steps && save(r, false, err) < 0)
			return -1;
	}
	fl_progress_end();
	return save(r, true, err);
}
