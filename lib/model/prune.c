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
	bool fewer, narrower, thinner; /* which of layers, width and FFN is cut, */
	const char *layer_score, *width_score, *ffn_score; /* by what, */
	bool rotate, repair_layers, repair_width, repair_ffn; /* and whether it is repaired */
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
	int bad = fl_score_width(p->metrics, p->width_score, (uint64_t)p->opts->seed, n, score, p->err);

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

	if (strcmp(p->ffn_score, "obs") == 0)
		return choose_by_error(p);
	score = fl_alloc(n, sizeof *score);
	for (int l = 0; l < p->in->layers && !bad; l++) {
		if (p->gone[l])
			continue;
		bad = fl_score_ffn(p->metrics, p->ffn_score, l, (uint64_t)p->opts->seed, n, score, p->err);
		if (!bad) {
			keep_best(p, score, p->in->ffn, p->target->ffn, &p->plan->ffn[l]);
			note_energy(p, "channels", l, &p->plan->ffn[l]);
		}
	}
	free(score);
	return bad;
}

static bool
has_moment(const struct pruning *p, enum fl_moment which)
{
	return p->metrics && p->metrics->moment[which].read;
}

/* Decides what was not said, by what metrics there are. */
static void
settle(struct pruning *p)
{
	const struct fl_prune_opts *o = p->opts;
	bool ffn = has_moment(p, FL_FFN_MOMENT), width = has_moment(p, FL_DIM_MOMENT) && p->metrics->sum[FL_DIM_WEIGHT];
	bool on = o->repair == FL_REPAIR_ON, maybe = o->repair == FL_REPAIR_USUAL;

	p->repair_ffn = p->thinner && (on || (maybe && ffn));
	p->repair_width = p->narrower && (on || (maybe && width));
	p->repair_layers = p->fewer && (on || (maybe && ffn && has_moment(p, FL_LAYER_ACROSS)));
	p->rotate = o->rotate || (!o->score && p->repair_width);
	p->width_score = o->score ? o->score : "flash";
	p->ffn_score = o->score ? o->score : p->repair_ffn ? "obs" : "flash";
	p->layer_score = o->layer_score ? o->layer_score : fl_score_layers_usual(p->metrics, p->in->layers - p->target->layers);
}

static void
remark_unrepaired(const struct pruning *p)
{
	bool all = p->repair_ffn == p->thinner && p->repair_width == p->narrower && p->repair_layers == p->fewer;

	if (p->opts->repair == FL_REPAIR_USUAL && p->metrics && !all)
		fl_warn("the metrics lack moments, so not all of this cut is repaired: make metrics with fl-calibrate --moments");
}

static int
need_moment(const struct pruning *p, bool needed, enum fl_moment which, const char *who)
{
	return needed ? fl_metrics_need_moment(p->metrics, which, who, p->err) : 0;
}

/* What this cut and its repairs need. */
static int
check_moments(const struct pruning *p)
{
	bool obs = p->thinner && strcmp(p->ffn_score, "obs") == 0;
	const char *who = p->opts->rotate ? "--rotate" : "--repair";

	if (p->opts->repair == FL_REPAIR_ON && need_moment(p, !p->metrics, FL_FFN_MOMENT, who) < 0)
		return -1;
	if (need_moment(p, p->repair_layers, FL_LAYER_ACROSS, "--repair") < 0 ||
	    need_moment(p, p->repair_ffn || p->repair_layers, FL_FFN_MOMENT, "--repair") < 0 ||
	    need_moment(p, obs, FL_FFN_MOMENT, "--score obs") < 0 ||
	    need_moment(p, p->rotate || p->repair_width, FL_DIM_MOMENT, who) < 0)
		return -1;
	return p->rotate || p->repair_width ? fl_metrics_need(p->metrics, FL_DIM_WEIGHT, who, p->err) : 0;
}

/* Is the head of the result the embedding? */
static bool
will_be_tied(const struct pruning *p)
{
	const struct fl_prune_opts *o = p->opts;

	return o->tie || (p->in->tied && !o->untie);
}

static int
find_basis(struct pruning *p)
{
	bool site[2 * FL_ARCH_LAYERS + 1];
	struct fl_basis_opts opts = { .site = site, .mend = p->repair_width, .tied = will_be_tied(p) };
	size_t k = (size_t)p->target->width;

	fl_rotate_sites(p->plan, p->gone, site);
	p->plan->basis = p->rotate ? fl_basis_principal(p->metrics, k, &opts, p->err) :
					   fl_basis_members(p->metrics, &p->plan->width, &opts, p->err);
	if (!p->plan->basis)
		return -1;
	if (p->rotate)
		fl_note("%zu of %d directions hold %.1f %% of the energy, that of each norm divided by its whole",
		    k, p->in->width, 100 * fl_basis_share(p->plan->basis));
	return 0;
}

static int
choose(struct pruning *p)
{
	p->fewer = p->target->layers < p->in->layers;
	p->narrower = p->target->width < p->in->width;
	p->thinner = p->target->ffn < p->in->ffn;
	settle(p);
	if (check_moments(p) < 0)
		return -1;
	if (p->fewer &&
	    fl_score_layers(p->metrics, p->layer_score, (uint64_t)p->opts->seed, p->in->layers,
		p->in->layers - p->target->layers, p->gone, p->err) < 0)
		return -1;
	if (p->narrower && !p->rotate && choose_width(p) < 0)
		return -1;
	if ((p->rotate || p->repair_width) && find_basis(p) < 0)
		return -1;
	return p->thinner ? choose_ffn(p) : 0;
}

/* Finds what the layers added that go right behind l, as far as moments reach; nothing where that is less than a third of
 * them, which was found to do harm (tests/bench/README.md). */
static struct fl_mend
mend_behind(const struct pruning *p, int l)
{
	int run = 0, reach = p->metrics->reach, n;

	while (l + run + 1 < p->in->layers && p->gone[l + run + 1])
		run++;
	n = run < reach ? run : run <= 3 * reach ? reach : 0;
	if (n < run)
		fl_note("of the %d layers that go behind layer %d the first %d are mended, as far as the moments reach", run, l, n);
	if (n == 0)
		return (struct fl_mend){ 0 };
	return (struct fl_mend){ &p->metrics->moment[FL_LAYER_ACROSS], (size_t)(l * reach), (size_t)n };
}

static void
set_repair(const struct pruning *p, const struct fl_weight *w, struct fl_step *s)
{
	if (p->repair_layers)
		s->mend = mend_behind(p, w->layer);
	s->site = (size_t)w->layer;
	if ((p->repair_ffn && s->cols) || s->mend.across)
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
		if ((p->repair_ffn || p->repair_layers) && w->role == FL_DOWN)
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

/* By what it was chosen, and which of it was repaired. */
static struct fl_json *
by(const struct pruning *p)
{
	struct fl_json *o = fl_json_new_object(), *repaired = fl_json_new_array();
	const struct {
		const char *of, *score;
		bool cut, repaired;
	} part[] = { { "layers", p->layer_score, p->fewer, p->repair_layers },
		{ "width", p->rotate ? "directions" : p->width_score, p->narrower, p->repair_width },
		{ "ffn", p->ffn_score, p->thinner, p->repair_ffn } };

	for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
		if (part[i].cut)
			fl_json_set(o, part[i].of, fl_json_new_str(part[i].score));
		if (part[i].repaired)
			fl_json_push(repaired, fl_json_new_str(part[i].of));
	}
	fl_json_set(o, "repaired", repaired);
	return o;
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
	if (p->rotate)
		fl_json_set(kept, "directions", fl_json_new_int(plan->out.width));
	if (p->thinner) {
		struct fl_json *ffn = fl_json_new_array();

		for (int l = 0; l < p->in->layers; l++)
			if (!p->gone[l])
				fl_json_push(ffn, ranges(&plan->ffn[l]));
		fl_json_set(kept, "ffn", ffn);
	}
	if (p->fewer || p->narrower || p->thinner)
		fl_json_set(kept, "by", by(p));
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
	remark_unrepaired(&p);
	set_steps(&p);
	set_tying(&p);
	if (p.plan->basis)
		fl_rotate_steps(p.plan, p.plan->basis, !p.rotate);
	set_kept(&p);
	return p.plan;
}
