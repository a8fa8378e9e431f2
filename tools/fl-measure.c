/* SPDX-License-Identifier: Apache-2.0 */
/* fl-measure.c -- how fast a model is, as a row of a table: on this machine in our own forward pass, measure/native.h, or
 * in another runtime and perhaps elsewhere, measure/external.h.
 *
 * A model comes from a checkpoint, or, since only the time counts, from a configuration and an architecture string
 * with random weights. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tsv.h"
#include "measure/external.h"
#include "measure/memory.h"
#include "measure/native.h"
#include "measure/quiet.h"
#include "measure/report.h"
#include "measure/trace.h"
#include "model/drawn.h"

static const char *arch_text, *config_path, *kv = "int8", *swa = "exact";
static const char *head;
static const char *const heads[] = { "int4", "int8", NULL }, *const swas[] = { "exact", "ring", NULL };
static struct fl_nums prefill, decode;
static struct fl_measure_opts opt = { .tokens = 32, .chunk = 1024, .warmup = 1, .repeat = 3 };
static struct fl_external external = { .timeout = 600 };
static bool quantize, json;
static int threads; /* 0: one a core */

static const struct fl_opt opts[] = {
	{ 0, "prefill", "n,...",
	  "Measure the time to the first token of prompts of n tokens. Without it and without --decode, "
	  "1024,2048.", .nums = &prefill, .min = 1, .max = 1 << 20 },
	{ 0, "decode", "n,...",
	  "Measure the decode rate with n tokens in the cache. Without it and without --prefill, 0,1024.",
	  .nums = &decode, .min = 0, .max = 1 << 20 },
	{ 0, "generate", "n", "Generate n tokens for each decode rate. The default is 32.",
	  .num = &opt.tokens, .min = 1, .max = 1 << 20 },
	{ 0, "chunk", "n", "Compute prompts n tokens at a time. The default is 1024.",
	  .num = &opt.chunk, .min = 1, .max = 1 << 20 },
	{ 0, "warmup", "n", "Do n rounds first that do not count. The default is 1.",
	  .num = &opt.warmup, .min = 0, .max = 1000 },
	{ 0, "repeat", "n", "Do n rounds that count. The default is 3.", .num = &opt.repeat, .min = 1,
	  .max = 1000 },
	FL_OPT_CKPT(config_path,
	    "Instead of an operand, measure random weights for the configuration of path, a checkpoint or a "
	    "config.json."),
	FL_OPT_ARCH(arch_text,
	    "With -c, give the model the sizes and the attention of this architecture string, fl-arch(7).",
	    .with = "checkpoint"),
	{ 0, "quantize", NULL, "With -c, weights of 4 bits, as fl-quantize makes them.",
	  .flag = &quantize, .with = "checkpoint" },
	{ 0, "head", "type", "With --quantize, a head of int4 or int8. The default is that of fl-quantize.", .word = &head,
	  .words = heads, .with = "quantize" },
	{ 0, "kv", "type", "Store keys and values as type. The default is int8, with queries of 8 bits too.",
	  .word = &kv, .words = fl_kv_kinds },
	{ 0, "swa", "way", "Compute windows in this way: exact, what they see and no more, or ring, all of a ring "
	  "twice as long as the window and as the chunk. The default is exact.", .word = &swa, .words = swas },
	{ 0, "trace", NULL, "Print where the time goes instead: by operator, beside the machine's limits.",
	  .flag = &opt.trace },
	{ 0, "runtime", "runner", "Measure in another runtime: llama.cpp, executorch, onnxruntime, native on a device, or by "
	  "a script of your own, whose path has a slash.", .str = &external.runtime },
	{ 0, "via", "command", "With --runtime, measure where command runs its last argument, 'ssh phone' or 'adb shell'.",
	  .str = &external.via, .with = "runtime" },
	{ 0, "timeout", "s", "With --runtime, give up what takes longer than s seconds. The default is 600.",
	  .num = &external.timeout, .min = 1, .max = 1 << 20, .with = "runtime" },
	{ 0, "cool", "n", "With --runtime, wait until the hottest sensor is below n degrees Celsius, 10 minutes at most.",
	  .num = &external.cool, .min = 1, .max = 200, .with = "runtime" },
	FL_OPT_JSON(json),
	{ 'j', "threads", "n", "Measure with n threads. The default is one a core; with --via it must be said.",
	  .num = &threads, .min = 1, .max = 1024 },
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-measure", .brief = "measure the latency and the memory of a checkpoint",
	.operands = "[checkpoint]", .max_operands = 1, .opts = opts,
};

static void
check_list(const char *name, const struct fl_nums *list)
{
	for (size_t i = 0; i < list->n; i++)
		for (size_t k = 0; k < i; k++)
			if (list->v[i] == list->v[k])
				fl_die(FL_EXIT_USAGE, "--%s: %d is given twice", name, list->v[i]);
}

static void
check_usage(int operands, const char *checkpoint)
{
	static int prompts[] = { 1024, 2048 }, depths[] = { 0, 1024 };

	if (config_path && operands)
		fl_die(FL_EXIT_USAGE, "-c stands for a checkpoint: give one or the other");
	if (external.via && !threads)
		fl_die(FL_EXIT_USAGE, "how many threads does the device have? --via needs -j");
	if (threads)
		fl_parallel_set(threads);
	if (external.runtime && (strcmp(kv, "int8") != 0 || strcmp(swa, "exact") != 0))
		fl_die(FL_EXIT_USAGE, "--kv and --swa are of our own runtime: --runtime takes neither");
	if (external.runtime && (config_path || opt.trace || !checkpoint || fl_is_dash(checkpoint)))
		fl_die(FL_EXIT_USAGE, "--runtime measures a checkpoint that has a name%s", opt.trace ? ", and has no --trace" : "");
	check_list("prefill", &prefill);
	check_list("decode", &decode);
	opt.cache = (struct fl_cache_opts){ fl_kv_kind(kv), strcmp(swa, "ring") == 0 };
	if (!prefill.n && !decode.n) {
		prefill = (struct fl_nums){ 2, prompts };
		decode = (struct fl_nums){ 2, depths };
	}
	opt.prefill = prefill.v;
	opt.prefills = prefill.n;
	opt.decode = decode.v;
	opt.decodes = decode.n;
}

/* The measurement --------------------------------------------------------------------------------- */

static void
warn_of_length(const struct fl_config *c)
{
	int longest = fl_measure_longest(&opt);

	if (longest > c->context)
		fl_warn("%d tokens exceed the model's context of %d: measured all the same", longest,
		    c->context);
}

/* A checkpoint in another runtime. */
static void
measure_elsewhere(const char *path)
{
	struct fl_err err = { 0 };
	struct fl_row row = { 0 };
	struct fl_config c;
	struct fl_reader *in = fl_config_open(path, &c, &err);

	if (!in)
		fl_die_err(&err);
	fl_reader_close(in);
	warn_of_length(&c);
	if (fl_measure_external(&external, path, &c, &opt, &row, &err) < 0)
		fl_die_err(&err);
	fl_row_print(&row, stdout, true, json);
}

static void
warn_of_noise(const struct fl_quiet *begin)
{
	struct fl_noise n = fl_quiet_end(begin);

	if (n.others > 0.05 || n.stolen > 0.02)
		fl_warn("the machine was not quiet: other processes used %.0f %% of its time, %.0f %% was "
			"stolen from it", 100 * n.others, 100 * n.stolen);
}

static struct fl_model *
load(const char *path, struct fl_measured *out)
{
	struct fl_err err = { 0 };
	uint64_t before = fl_memory_resident();
	double start = fl_clock();
	struct fl_model *m =
	    config_path ? fl_model_drawn(config_path, arch_text, !quantize ? 0 : !head ? -1 : strcmp(head, "int8") == 0 ? 8 : 4,
		&err) : fl_model_open(path, &err);

	if (!m)
		fl_die_err(&err);
	fl_model_pack(m);
	out->load_s = config_path ? NAN : fl_clock() - start;
	out->loaded_bytes = fl_memory_resident() > before ? fl_memory_resident() - before : 0;
	return m;
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	struct fl_measured measured;
	struct fl_row row = { 0 };
	struct fl_quiet begin;
	struct fl_model *m;
	int i = fl_cli(&tool, argc, argv);

	check_usage(argc - i, argv[i]);
	if (external.runtime) {
		measure_elsewhere(argv[i]);
		return fl_finish(FL_EXIT_OK);
	}
	fl_parallel_pin();
	m = load(argv[i], &measured);
	warn_of_length(&m->config);
	fl_quiet_begin(&begin);
	if (fl_measure_native(m, &opt, &measured, &err) < 0)
		fl_die_err(&err);
	warn_of_noise(&begin);
	if (opt.trace) {
		fl_trace_print(m, &opt, &measured, json, stdout);
	} else {
		fl_report_native(m, &opt, &measured, &row);
		fl_row_print(&row, stdout, true, json);
	}
	return fl_finish(FL_EXIT_OK);
}
