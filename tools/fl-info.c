/* SPDX-License-Identifier: Apache-2.0 */
/* fl-info.c -- say what a checkpoint, a configuration or a metrics file is. */
#include <stdio.h>

#include "base/cli.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "export/export.h"
#include "io/history.h"
#include "io/safetensors.h"
#include "model/fingerprint.h"
#include "model/inspect.h"
#include "model/metrics.h"
#include "model/roles.h"
#include "model/score.h"
#include "model/tokenizer_of.h"

static bool check, json;
static const char *target;
static const struct fl_export_opts export; /* the defaults */

static const struct fl_opt opts[] = {
	{ 0, "check", NULL,
	  "Read every tensor too: each must be there, in the shape the configuration implies, with finite "
	  "values; and the tokenizer, if there is one. Print nothing.", .flag = &check },
	{ 0, "check-for", "target",
	  "Say what target, executorch, gguf, hf or onnx, cannot express of this model, and exit 1; print nothing if it can.",
	  .word = &target, .words = fl_export_targets },
	FL_OPT_JSON(json),
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-info", .brief = "say what a checkpoint, a config.json or a metrics file is",
	.operands = "[file]", .max_operands = 1, .opts = opts,
};

/* One fact a line; "name" padded for people, or all of them as one JSON object. */
static struct fl_json *facts;

static void
fact(const char *name, struct fl_json *value)
{
	fl_json_set(facts, name, value);
}

static void
fact_str(const char *name, const char *value)
{
	fact(name, fl_json_new_str(value));
}

static void
print_facts(void)
{
	struct fl_str s = { 0 };

	if (json) {
		fl_json_write(&s, facts, 2);
		puts(s.data);
		return;
	}
	for (void *it = fl_json_first(facts); it; it = fl_json_next(facts, it)) {
		const char *text = fl_json_str(fl_json_value(it));

		fl_str_clear(&s);
		if (text)
			fl_str_puts(&s, text);
		else
			fl_json_write(&s, fl_json_value(it), 0);
		fl_str_one_line(s.data);
		printf("%-16s %s\n", fl_json_key(it), s.data);
	}
}

static void
rope_facts(const struct fl_rope *r)
{
	struct fl_str name = { 0 };

	fact("rope_theta", fl_json_new_real(r->theta));
	if (r->kind == FL_ROPE_PLAIN)
		return;
	fl_str_printf(&name, "rope_%s_factor", fl_rope_name(r->kind));
	fact(name.data, fl_json_new_real(r->factor));
	fl_str_free(&name);
}

static void
config_facts(const struct fl_config *c)
{
	char arch_text[FL_ARCH_LEN], hex[FL_DIGEST_LEN];
	struct fl_arch arch;

	fl_config_arch(c, &arch);
	fact_str("arch", json ? fl_arch_format(&arch, arch_text) : fl_arch_short(&arch, arch_text));
	fact_str("family", c->family->model_type);
	fact("layers", fl_json_new_int(c->layers));
	fact("width", fl_json_new_int(c->width));
	fact("ffn", fl_json_new_int(c->ffn));
	fact("heads", fl_json_new_int(c->heads));
	fact("kv_heads", fl_json_new_int(c->kv_heads));
	fact("head_dim", fl_json_new_int(c->head_dim));
	fact("vocabulary", fl_json_new_int(c->vocab));
	fact("tied", fl_json_new_bool(c->tied));
	fact("context", fl_json_new_int(c->context));
	if (c->window)
		fact("window", fl_json_new_int(c->window));
	rope_facts(&c->rope);
	fact("parameters", fl_json_new_int((long long)fl_config_parameters(c)));
	fact_str("fingerprint", fl_config_fingerprint(c, hex));
}

static void
byte_facts(const struct fl_inspection *in)
{
	struct fl_str name = { 0 };

	fact("tensors", fl_json_new_int((long long)in->tensors));
	fact("bytes", fl_json_new_int((long long)in->bytes));
	for (enum fl_group g = 0; g < FL_GROUPS; g++) {
		fl_str_clear(&name);
		fl_str_printf(&name, "bytes_%s", fl_group_name(g));
		if (in->group_bytes[g])
			fact(name.data, fl_json_new_int((long long)in->group_bytes[g]));
	}
	for (enum fl_dtype t = 0; t < FL_DTYPES; t++) {
		fl_str_clear(&name);
		fl_str_printf(&name, "bytes_as_%s", fl_dtype_name(t));
		if (in->dtype_bytes[t])
			fact(name.data, fl_json_new_int((long long)in->dtype_bytes[t]));
	}
	fl_str_free(&name);
}

/* A line of fl-history.jsonl for people: the tool, its arguments, the digest of what it read. Whoever
 * wrote it, it stays one line. */
static void
print_step(const struct fl_json *step)
{
	const struct fl_json *arguments = fl_json_get(step, "arguments");
	const char *input = fl_json_str(fl_json_get(step, "input"));
	struct fl_str s = { 0 };

	fl_str_puts(&s, fl_json_str(fl_json_get(step, "tool")));
	for (size_t i = 0; i < fl_json_len(arguments); i++)
		fl_str_printf(&s, " %s", fl_json_str(fl_json_at(arguments, i)));
	if (input)
		fl_str_printf(&s, " < %.8s", input);
	fl_str_one_line(s.data);
	fl_str_one_line(s.data);
	printf("%-16s %s\n", "history", s.data);
	fl_str_free(&s);
}

static int
history_facts(const char *text, struct fl_err *err)
{
	struct fl_json *all = fl_history_parse(text, err);

	if (!all)
		return -1;
	if (json && fl_json_len(all))
		fact("history", all);
	print_facts();
	for (size_t i = 0; !json && i < fl_json_len(all); i++)
		print_step(fl_json_at(all, i));
	return 0;
}

/* The tokenizer, if there is one, is read as --check reads weights: all of it must be understood. */
static int
check_tokenizer(const struct fl_inspection *in, const struct fl_config *c, const char *what, struct fl_err *err)
{
	struct fl_tokenizer *t;
	int rc;

	if (!fl_tokenizer_in_files(in->tokenizer))
		return 0;
	t = fl_tokenizer_of_files(in->tokenizer, what, err);
	if (!t)
		return -1;
	rc = target ? fl_export_check_tokenizer(target, t, c, err) : 0;
	if (rc == 0 && fl_tokenizer_size(t) > (size_t)c->vocab)
		fl_warn("'%s': the tokenizer has %zu tokens, the embedding %d rows", what, fl_tokenizer_size(t), c->vocab);
	fl_tokenizer_free(t);
	return rc;
}

static int
checkpoint(const char *path, struct fl_err *err)
{
	struct fl_inspection in;
	struct fl_config c;
	struct fl_reader *r = fl_config_open(path, &c, err);

	if (!r || (target && fl_export_check(target, &c, &export, err) < 0) ||
	    fl_inspect(r, &c, check, &in, err) < 0 ||
	    ((check || target) && check_tokenizer(&in, &c, fl_reader_name(r), err) < 0))
		return -1;
	if (check || target)
		return 0;
	config_facts(&c);
	byte_facts(&in);
	fact_str("digest", fl_reader_digest(r));
	if (history_facts(fl_reader_history(r), err) < 0)
		return fl_err_prefix(err, "'%s'", fl_reader_name(r));
	return 0;
}

/* Of config.json alone: all that follows from it. */
static int
config(const char *path, struct fl_err *err)
{
	struct fl_config c;
	size_t len;
	char *text = fl_slurp(path, 16 << 20, &len, err);
	struct fl_json *j = text ? fl_json_parse(text, len, path, err) : NULL;

	if (!j || fl_config_parse(&c, j, path, err) < 0 || (target && fl_export_check(target, &c, &export, err) < 0))
		return -1;
	if (check || target)
		return 0;
	config_facts(&c);
	print_facts();
	return 0;
}

/* The order that drop losses say, a fact that their least, mean and largest do not show. */
static void
order_fact(const struct fl_metrics *m, enum fl_metric which, const char *name)
{
	int order[FL_ARCH_LAYERS], n = m->sum[which] ? fl_score_order(m, which, order) : 0;
	struct fl_json *a = n > 0 ? fl_json_new_array() : NULL;

	for (int i = 0; i < n; i++)
		fl_json_push(a, fl_json_new_int(order[i]));
	if (a)
		fact(name, a);
}

static void
print_metric(const struct fl_metrics *m, enum fl_metric which)
{
	size_t rows, cols;

	fl_metric_shape(m, which, &rows, &cols);
	for (size_t r = 0; r < rows; r++) {
		struct fl_metric_range x = fl_metric_range(m, which, r);

		if (x.n)
			printf("%s\t%zu\t%zu\t%.6g\t%.6g\t%.6g\n", fl_metric_name(which), r, x.n, x.least, x.mean, x.most);
	}
}

static void
print_moments(const struct fl_moments *m, const char *name)
{
	for (size_t r = 0; r < m->sites && fl_moments_any(m); r++) {
		struct fl_moments_range x = fl_moments_range(m, r);

		printf("%s\t%zu\t%zu\t%.6g\t%.6g\t%.6g\n", name, r, fl_moments_size(m), x.least, x.mean, x.most);
	}
}

static int
metrics(const char *path, struct fl_err *err)
{
	struct fl_metrics *m = fl_metrics_read(path, err);

	if (!m)
		return -1;
	if (target)
		return fl_err_data(err, "'%s' holds metrics: --check-for takes a checkpoint or a config.json", path);
	fact_str("fingerprint", m->fingerprint);
	fact("tokens", fl_json_new_int(m->tokens));
	fact("sequences", fl_json_new_int(m->sequences));
	fact("context", fl_json_new_int(m->context));
	fact("bos", fl_json_new_bool(m->bos));
	order_fact(m, FL_LAYER_DROP_LOSS, "drop_layers");
	order_fact(m, FL_ATTN_DROP_LOSS, "drop_attention");
	if (check)
		return 0;
	print_facts();
	if (json)
		return 0;
	puts("member\trow\tcolumns\tleast\tmean\tmost");
	for (enum fl_metric i = 0; i < FL_METRICS; i++)
		if (m->sum[i])
			print_metric(m, i);
	for (enum fl_moment i = 0; i < FL_MOMENTS; i++)
		print_moments(&m->moment[i], fl_moment_name(i));
	return 0;
}

static int
any(const char *path, struct fl_err *err)
{
	int sums = fl_safetensors_is(path, err);
	char first = '\0';

	if (sums < 0 || fl_file_peek(path, &first, 1, err) < 0)
		return -1;
	if (sums)
		return metrics(path, err);
	return first == '{' ? config(path, err) : checkpoint(path, err);
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	int i = fl_cli(&tool, argc, argv);

	if (json && (check || target))
		fl_die(FL_EXIT_USAGE, "--check and --check-for print nothing: they take no --json");
	facts = fl_json_new_object();
	if (any(argv[i], &err) < 0)
		fl_die_err(&err);
	return fl_finish(FL_EXIT_OK);
}
