/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/report.h"

#include <math.h>
#include <stdio.h>

#include "base/parallel.h"
#include "measure/cpu.h"
#include "model/cost.h"
#include "model/roles.h"

void
fl_report_repeats(struct fl_row *row, const char *name, const struct fl_repeats *r)
{
	char text[FL_REPORT_NAME + sizeof "_sd"];

	fl_row_real(row, name, r->median);
	snprintf(text, sizeof text, "%s_sd", name);
	fl_row_real(row, text, r->sd);
	snprintf(text, sizeof text, "%s_n", name);
	fl_row_int(row, text, r->n);
}

void
fl_report_flop(struct fl_row *row, const struct fl_config *c, const struct fl_measure_opts *o)
{
	char name[FL_REPORT_NAME];

	for (size_t i = 0; i < o->prefills; i++) {
		snprintf(name, sizeof name, "ttft_%d_flop", o->prefill[i]);
		fl_row_int(row, name, (long long)fl_cost_prefill(c, (size_t)o->prefill[i]));
	}
	for (size_t i = 0; i < o->decodes; i++) {
		snprintf(name, sizeof name, "decode_%d_flop", o->decode[i]);
		fl_row_int(row, name, (long long)fl_cost_decode(c, (size_t)o->decode[i]));
	}
}

static void
add_times(const struct fl_measure_opts *o, const struct fl_measured *x, struct fl_row *row)
{
	char name[FL_REPORT_NAME];

	for (size_t i = 0; i < o->prefills; i++) {
		snprintf(name, sizeof name, "ttft_%d_s", o->prefill[i]);
		fl_report_repeats(row, name, &x->ttft[i]);
	}
	for (size_t i = 0; i < o->decodes; i++) {
		snprintf(name, sizeof name, "decode_%d_tok_s", o->decode[i]);
		fl_report_repeats(row, name, &x->decode[i]);
	}
}

void
fl_report_native(const struct fl_model *m, const struct fl_measure_opts *o, const struct fl_measured *x,
    struct fl_row *row)
{
	const double mib = 1 << 20;
	char text[FL_ARCH_LEN], words[FL_CPU_LEN];
	struct fl_arch arch;

	fl_config_arch(&m->config, &arch);
	fl_row_str(row, "arch", fl_arch_format(&arch, text));
	add_times(o, x, row);
	fl_report_flop(row, &m->config, o);
	fl_row_int(row, "params", (long long)fl_config_parameters(&m->config));
	fl_row_real(row, "weights_mib", (double)m->bytes / mib);
	fl_row_real(row, "loaded_mib", (double)x->loaded_bytes / mib);
	if (!isnan(x->load_s))
		fl_row_real(row, "load_s", x->load_s);
	fl_row_real(row, "cache_mib", (double)x->cache_bytes / mib);
	fl_row_real(row, "peak_mib", (double)x->peak_bytes / mib);
	fl_row_int(row, "threads", fl_parallel_threads());
	fl_row_int(row, "chunk", o->chunk);
	fl_row_str(row, "kv", o->cache.kind == FL_KV_INT8 ? "int8" : "f32");
	fl_row_str(row, "swa", o->cache.ring ? "ring" : "exact");
	fl_row_str(row, "cpu", fl_cpu_features(words));
	fl_row_str(row, "kernels", fl_cpu_kernels(words));
}
