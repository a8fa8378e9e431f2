/* SPDX-License-Identifier: Apache-2.0 */
#include "model/prune.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "model/basis.h"
#include "model/rotate.h"
#include "model/score.h"
#include "model/surgeon.h"

struct pruning {
	struct fl_plan *plan;
	const struct fl_config *in;
	const struct fl_arch *target;
	const struct fl_metrics *metrics;
	const struct fl_prune_opts *opts;
	const char *what;
	bool gone[FL_ARCH_LAYERS];
	struct fl_err *err;
};

static int
check_size(const struct pruning *p, const char *name, int from, int to, int align)
{
	if (to > from)
		return fl_err_data(p->err, "'%s': the target %s %d is larger than the model's %d", p->what,
		    name, to, from);
	if (to != from && (to % align || to % p->opts->block))
		return fl_err_data(p->err, "'%s': the target %s %d is no multiple of %d (--%s)", p->what, name, to,
		    to % align ? align : p->opts->block, to % align ? "align" : "block");
	return 0;
}

static int
check_target(const struct pruning *p)
{
	const struct fl_config *c = p->in;

	if (check_size(p, "width", c->width, p->target->width, p->opts->align) < 0 ||
	    check_size(p, "ffn", c->ffn, p->target->ffn, p->opts->align) < 0)
		return -1;
	if (p->target->layers > c->layers)
		return fl_err_data(p->err, "'%s': the architecture has %d letters, the model %d layers", p->what,
		    p->target->layers, c->layers);
	return 0;
}

/* Says what share of the energy the kept members hold, where the metrics know it. */
static void
note_energy(const struct pruning *p, const char *of, int layer, const struct fl_keep *k)
{
	bool ffn = layer >= 0;
	enum fl_metric which = ffn ? FL_FFN_SUM_SQ : FL_DIM_SUM_SQ;
	const double *sum = p->metrics ? p->metrics->sum[which] : NULL;
	size_t sites, n, first, last;
	double all = 0, stays = 0;

	if (!sum)
		return;
	fl_metric_shape(p->metrics, which, &sites, &n);
	first = ffn ? (size_t)layer : 0;
	last = ffn ? first + 1 : sites;
	for (size_t s = first; s < last; s++) {
		for (size_t j = 0; j < n; j++)
			all += sum[s * n + j];
		for (size_t j = 0; j < k->n; j++)
			stays += sum[s * n + k->index[j]];
	}
	if (ffn)
		fl_note("layer %d: %zu of %zu %s hold %.1f %% of the energy", layer, k->n, n, of,
		    all > 0 ? 100 * stays / all : 100);
	else
		fl_note("%zu of %zu %s hold %.1f %% of the energy", k->n, n, of,
		    all > 0 ? 100 * stays / all : 100);
}

static bool
is_obs(const struct pruning *p)
{
	return strcmp(p->opts->score, "obs") == 0;
}

static void
keep_best(const struct pruning *p, const double *score, int n, int target, struct fl_keep *k)
{
	k->n = (size_t)target;
	k->index = fl_alloc(k->n, sizeof *k->index);
	if (fl_select(score, (size_t)n, k->n, (size_t)p->opts->block, k->index) < 0)
		fl_bug("%d of %d in blocks of %d", target, n, p->opts->block);
}

static int
choose_width(struct pruning *p)
{
	size_t n = (size_t)p->in->width;
	double *score = fl_alloc(n, sizeof *score);
	int bad = fl_score_width(p->metrics, p->opts->score, (uint64_t)p->opts->seed, n, score, p->err);

	if (!bad) {
		keep_best(p, score, p->in->width, p->target->width, &p->plan->width);
		note_energy(p, "dimensions", -1, &p->plan->width);
	}
	free(score);
	return bad;
}

static int
choose_by_error(struct pruning *p)
{
	struct fl_keep *ffn = p->plan->ffn;

	if (fl_surgeon_choose(p->opts->checkpoint, p->in, p->metrics, p->gone, p->opts->block, p->target->ffn, ffn, p->err) < 0)
		return -1;
	for (int l = 0; l < p->in->layers; l++)
		if (!p->gone[l])
			note_energy(p, "channels", l, &ffn[l]);
	return 0;
}

static int
choose_ffn(struct pruning *p)
{
	size_t n = (size_t)p->in->ffn;
	double *score;
	int bad = 0;

	if (is_obs(p))
		return choose_by_error(p);
	score = fl_alloc(n, sizeof *score);
	for (int l = 0; l < p->in->layers && !bad; l++) {
		if (p->gone[l])
			continue;
		bad = fl_score_ffn(p->metrics, p->opts->score, l, (uint64_t)p->opts->seed, n, score,
		    p->err);
		if (!bad) {
			keep_best(p, score, p->in->ffn, p->target->ffn, &p->plan->ffn[l]);
			note_energy(p, "channels", l, &p->plan->ffn[l]);
		}
	}
	free(score);
	return bad;
}

/* What this cut and its repairs need. */
static int
check_moments(const struct pruning *p)
{
	const struct fl_prune_opts *o = p->opts;
	bool ffn = p->target->ffn < p->in->ffn, width = p->target->width < p->in->width;
	bool depth = p->target->layers < p->in->layers;
	const char *who = o->rotate ? "--rotate" : "--repair";

	if (o->repair && !p->metrics)
		return fl_metrics_need_moment(NULL, FL_FFN_MOMENT, who, p->err);
	if ((o->repair && depth && fl_metrics_need_moment(p->metrics, FL_LAYER_ACROSS, "--repair", p->err) < 0) ||
	    (o->repair && (ffn || depth) && fl_metrics_need_moment(p->metrics, FL_FFN_MOMENT, "--repair", p->err) < 0) ||
	    (is_obs(p) && ffn && fl_metrics_need_moment(p->metrics, FL_FFN_MOMENT, "--score obs", p->err) < 0))
		return -1;
	if (!o->rotate && !(o->repair && width))
		return 0;
	if (fl_metrics_need_moment(p->metrics, FL_DIM_MOMENT, who, p->err) < 0)
		return -1;
	return fl_metrics_need(p->metrics, FL_DIM_WEIGHT, who, p->err);
}

/* Is the head of the result the embedding? */
static bool
will_be_tied(const struct pruning *p)
{
	const struct fl_prune_opts *o = p->opts;

	return o->tie || (p->in->tied && !o->untie && !o->rotate);
}

static int
find_basis(struct pruning *p)
{
	bool site[2 * FL_ARCH_LAYERS + 1];
	struct fl_basis_opts opts = { .site = site, .mend = p->opts->repair, .tied = will_be_tied(p) };
	size_t k = (size_t)p->target->width;

	fl_rotate_sites(p->plan, p->gone, site);
	p->plan->basis = p->opts->rotate ? fl_basis_principal(p->metrics, k, &opts, p->err) :
					   fl_basis_members(p->metrics, &p->plan->width, &opts, p->err);
	if (!p->plan->basis)
		return -1;
	if (p->opts->rotate)
		fl_note("%zu of %d directions hold %.1f %% of the energy, that of each norm divided by its whole",
		    k, p->in->width, 100 * fl_basis_share(p->plan->basis));
	return 0;
}

static int
choose(struct pruning *p)
{
	int remove = p->in->layers - p->target->layers;
	bool narrower = p->target->width < p->in->width;

	if (check_moments(p) < 0)
		return -1;
	if (remove > 0 &&
	    fl_score_layers(p->metrics, p->opts->layer_score, (uint64_t)p->opts->seed, p->in->layers,
		remove, p->gone, p->err) < 0)
		return -1;
	if (narrower && !p->opts->rotate && choose_width(p) < 0)
		return -1;
	if ((p->opts->rotate || (narrower && p->opts->repair)) && find_basis(p) < 0)
		return -1;
	return p->target->ffn < p->in->ffn ? choose_ffn(p) : 0;
}

/* What the layers added that go right behind l, as far as moments reach. */
static struct fl_mend
mend_behind(const struct pruning *p, int l)
{
	int n = 0, reach = p->metrics->reach;

	while (n < reach && l + n + 1 < p->in->layers && p->gone[l + n + 1])
		n++;
	if (n == 0)
		return (struct fl_mend){ 0 };
	if (l + n + 1 < p->in->layers && p->gone[l + n + 1])
		fl_note("of the layers that go behind layer %d the first %d are mended, as far as the moments reach", l, n);
	return (struct fl_mend){ &p->metrics->moment[FL_LAYER_ACROSS], (size_t)(l * reach), (size_t)n };
}

static void
set_repair(const struct pruning *p, const struct fl_weight *w, struct fl_step *s)
{
	s->mend = mend_behind(p, w->layer);
	s->site = (size_t)w->layer;
	if (s->cols || s->mend.across)
		s->moments = &p->metrics->moment[FL_FFN_MOMENT];
}

/* Turns what is kept into steps, and into the configuration of the result. */
static void
set_steps(struct pruning *p)
{
	struct fl_plan *plan = p->plan;
	int number[FL_ARCH_LAYERS], layers = 0;

	for (int l = 0; l < p->in->layers; l++) {
		number[l] = layers;
		if (!p->gone[l])
			plan->out.pattern[layers++] = p->in->pattern[l];
	}
	plan->out.pattern[layers] = '\0';
	plan->out.layers = layers;
	if (!fl_config_has(&plan->out, 'w'))
		plan->out.window = 0;
	if (p->target) {
		plan->out.width = p->target->width;
		plan->out.ffn = p->target->ffn;
	}
	for (size_t i = 0; i < plan->inventory->n; i++) {
		const struct fl_weight *w = &plan->inventory->weight[i];
		struct fl_step *s = &plan->step[i];

		if (w->layer >= 0 && p->gone[w->layer]) {
			s->kind = FL_STEP_DROP;
			continue;
		}
		if (w->layer >= 0)
			s->layer = number[w->layer];
		fl_plan_keep(plan, i);
		if (p->opts->repair && w->role == FL_DOWN)
			set_repair(p, w, s);
	}
}

static void
set_tying(struct pruning *p)
{
	struct fl_plan *plan = p->plan;

	for (size_t i = 0; i < plan->inventory->n; i++) {
		enum fl_role role = plan->inventory->weight[i].role;

		if (p->opts->tie && role == FL_HEAD)
			plan->step[i].kind = FL_STEP_DROP;
		if (p->in->tied && !will_be_tied(p) && role == FL_EMBED)
			plan->step[i].copy_as_head = true;
	}
	plan->out.tied = will_be_tied(p);
}

/* "0-31 64-95": a kept-index map that a person can read. */
static struct fl_json *
ranges(const struct fl_keep *k)
{
	struct fl_str s = { 0 };
	struct fl_json *v;

	for (size_t i = 0, end; i < k->n; i = end) {
		for (end = i + 1; end < k->n && k->index[end] == k->index[end - 1] + 1;)
			end++;
		fl_str_printf(&s, "%s%u", i ? " " : "", k->index[i]);
		if (end - i > 1)
			fl_str_printf(&s, "-%u", k->index[end - 1]);
	}
	v = fl_json_new_str(s.data);
	fl_str_free(&s);
	return v;
}

static void
set_kept(struct pruning *p)
{
	struct fl_plan *plan = p->plan;
	struct fl_json *kept = fl_json_new_object();

	if (plan->out.layers < p->in->layers) {
		struct fl_json *layers = fl_json_new_array();

		for (int l = 0; l < p->in->layers; l++)
			if (!p->gone[l])
				fl_json_push(layers, fl_json_new_int(l));
		fl_json_set(kept, "layers", layers);
	}
	if (plan->width.index)
		fl_json_set(kept, "width", ranges(&plan->width));
	if (p->opts->rotate)
		fl_json_set(kept, "directions", fl_json_new_int(plan->out.width));
	if (p->target && p->target->ffn < p->in->ffn) {
		struct fl_json *ffn = fl_json_new_array();

		for (int l = 0; l < p->in->layers; l++)
			if (!p->gone[l])
				fl_json_push(ffn, ranges(&plan->ffn[l]));
		fl_json_set(kept, "ffn", ffn);
	}
	plan->kept = kept;
}

static int
check_input(const struct pruning *p)
{
	if (fl_quant_any(&p->in->quant))
		return fl_err_data(p->err, "'%s' is quantized; prune first, then quantize", p->what);
	return 0;
}

struct fl_plan *
fl_plan_prune(const struct fl_config *in, const char *what, const struct fl_arch *target,
    const struct fl_metrics *metrics, const struct fl_prune_opts *opts, struct fl_err *err)
{
	struct pruning p = { .in = in, .target = target, .metrics = metrics, .opts = opts, .what = what,
		.err = err };

	p.plan = fl_plan_new(in, what);
	if (check_input(&p) < 0 || (metrics && fl_metrics_check(metrics, in, opts->force, what, err) < 0) ||
	    (target && (check_target(&p) < 0 || choose(&p) < 0))) {
		fl_plan_free(p.plan);
		return NULL;
	}
	set_steps(&p);
	set_tying(&p);
	if (p.plan->basis)
		fl_rotate_steps(p.plan, p.plan->basis, !opts->rotate);
	set_kept(&p);
	return p.plan;
}
