/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/external.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/str.h"
#include "io/output.h"
#include "measure/device.h"
#include "measure/process.h"
#include "measure/report.h"
#include "model/roles.h"

enum { COOL_WAIT = 600, COOL_STEP = 5 }; /* seconds */

/* The runner ---------------------------------------------------------------------------------------- */

/* One of ours is beside the program: in a build and where it is installed, ../share/fl/runners. */
static char *
find_runner(const char *name, struct fl_err *err)
{
	char program[PATH_MAX], *real, *end;
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	struct fl_str path = { 0 };

	if (strchr(name, '/')) {
		fl_str_puts(&path, name);
	} else if (n > 0) {
		program[n] = '\0';
		end = strrchr(program, '/');
		*end = '\0';
		fl_str_printf(&path, "%s/../share/fl/runners/%s", program, name);
	}
	real = path.data ? realpath(path.data, NULL) : NULL;
	if (!real)
		fl_err_sys(err, "cannot find the runner '%s'", name);
	fl_str_free(&path);
	return real;
}

/* The last line that the runtime said, for a message. */
static void
quote_log(const char *log, struct fl_err *err)
{
	struct fl_err none = { 0 };
	size_t n;
	char *text = fl_slurp(log, 64 << 20, &n, &none), *line;

	while (text && n && text[n - 1] == '\n')
		text[--n] = '\0';
	if (text && n) {
		line = strrchr(text, '\n') ? strrchr(text, '\n') + 1 : text;
		fl_str_one_line(line);
		n = strlen(err->text);
		snprintf(err->text + n, sizeof err->text - n, "; it said: %.200s", line);
	}
	free(text);
}

static void
add_list(struct fl_str *s, const char *name, const int *v, size_t n)
{
	fl_str_printf(s, "%s='", name);
	for (size_t i = 0; i < n; i++)
		fl_str_printf(s, "%s%d", i ? " " : "", v[i]);
	fl_str_puts(s, "' ");
}

/* A line of shell: what is to be measured as its environment, and then the command. */
static char *
with_request(const struct fl_measure_opts *o, const char *command)
{
	struct fl_str s = { 0 };

	fl_str_puts(&s, "LC_ALL=C ");
	add_list(&s, "FL_PREFILL", o->prefill, o->prefills);
	add_list(&s, "FL_DECODE", o->decode, o->decodes);
	fl_str_printf(&s, "FL_GENERATE=%d FL_CHUNK=%d FL_WARMUP=%d FL_REPEAT=%d FL_THREADS=%d %s", o->tokens, o->chunk,
	    o->warmup, o->repeat, fl_parallel_threads(), command);
	return fl_str_steal(&s);
}

static int
prepare(const struct fl_external *x, const char *runner, const char *checkpoint, const struct fl_measure_opts *o,
    const char *dir, const char *log, struct fl_err *err)
{
	char *line = with_request(o, "exec sh \"$0\" prepare \"$1\" \"$2\"");
	const char *argv[] = { "sh", "-c", line, runner, checkpoint, dir, NULL };
	struct fl_process p = { argv, NULL, NULL, log, x->timeout };
	struct fl_str out = { 0 };
	int status = fl_process_run(&p, &out, err);

	fl_str_free(&out);
	free(line);
	if (status > 0) {
		errno = EIO;
		fl_err_sys(err, "the runner '%s' cannot prepare '%s'", x->runtime, checkpoint);
	}
	return status ? -1 : 0;
}

/* The device ---------------------------------------------------------------------------------------- */

static int
cool_down(const struct fl_external *x, const struct fl_device *d, struct fl_row *row, struct fl_err *err)
{
	double celsius;
	char *governor;

	for (int waited = 0;; waited += COOL_STEP) {
		if (fl_device_state(d, &governor, &celsius, err) < 0)
			return -1;
		if (!x->cool || isnan(celsius) || celsius < x->cool || waited >= COOL_WAIT)
			break;
		free(governor);
		sleep(COOL_STEP);
	}
	if (!isnan(celsius))
		fl_note("the hottest sensor is at %.0f degrees", celsius);
	if (x->cool && celsius >= x->cool)
		fl_warn("the device is still at %.0f degrees after %d s: measured all the same", celsius, COOL_WAIT);
	if (*governor)
		fl_row_str(row, "governor", governor);
	free(governor);
	return 0;
}

/* The answer ---------------------------------------------------------------------------------------- */

static int
add_repeats(struct fl_row *row, const char *name, const struct fl_json *list, struct fl_err *err)
{
	size_t n = fl_json_len(list);
	struct fl_repeats r = { .n = (int)n, .each = fl_alloc(n, sizeof *r.each) };
	int rc = n ? 0 : fl_err_data(err, "%s is an empty list", name);

	for (size_t i = 0; i < n && rc == 0; i++)
		if (isnan(r.each[i] = fl_json_real(fl_json_at(list, i), NAN)))
			rc = fl_err_data(err, "%s is a list of other things than numbers", name);
	if (rc == 0) {
		fl_repeats_finish(&r);
		fl_report_repeats(row, name, &r);
	}
	free(r.each);
	return rc;
}

static int
add_column(struct fl_row *row, const char *name, const struct fl_json *v, struct fl_err *err)
{
	double number = fl_json_real(v, NAN);

	if (fl_json_type(v) == FL_JSON_ARRAY)
		return add_repeats(row, name, v, err);
	if (fl_json_str(v))
		fl_row_str(row, name, fl_json_str(v));
	else if (fl_json_type(v) == FL_JSON_INT)
		fl_row_int(row, name, fl_json_int(v, 0));
	else if (isnan(number))
		return fl_err_data(err, "%s is neither a number, nor a list of them, nor words", name);
	else
		fl_row_real(row, name, number);
	return 0;
}

/* What a column is called; X_sd and X_n must fit too. */
static bool
is_name(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

	return n > 0 && n <= FL_REPORT_NAME && !s[n];
}

static int
check_names(const struct fl_row *row, struct fl_err *err)
{
	for (size_t i = 0; i < row->n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(row->cell[i].name, row->cell[k].name) == 0)
				return fl_err_data(err, "there are two columns '%s'", row->cell[i].name);
	return 0;
}

/* A number above zero, or a list of such. */
static bool
is_positive(const struct fl_json *v)
{
	size_t n = fl_json_type(v) == FL_JSON_ARRAY ? fl_json_len(v) : 0;

	for (size_t i = 0; i < n; i++)
		if (!(fl_json_real(fl_json_at(v, i), NAN) > 0))
			return false;
	return n > 0 || fl_json_real(v, NAN) > 0;
}

static int
check_asked(const struct fl_json *answer, const char *what, const int *v, size_t n, const char *unit, struct fl_err *err)
{
	char name[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s_%d_%s", what, v[i], unit);
		if (!is_positive(fl_json_get(answer, name)))
			return fl_err_data(err, "there is no %s above zero", name);
	}
	return 0;
}

static int
read_answer(const char *text, const struct fl_measure_opts *o, struct fl_row *row, struct fl_err *err)
{
	const char *line = NULL;
	struct fl_json *answer;
	int rc;

	for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (*p == '{')
			line = p; /* the last */
	if (!line)
		return fl_err_data(err, "it printed no line of JSON");
	answer = fl_json_parse(line, strcspn(line, "\n"), "its answer", err);
	if (!answer)
		return -1;
	rc = check_asked(answer, "ttft", o->prefill, o->prefills, "s", err);
	if (rc == 0)
		rc = check_asked(answer, "decode", o->decode, o->decodes, "tok_s", err);
	for (void *it = fl_json_first(answer); it && rc == 0; it = fl_json_next(answer, it))
		if (!is_name(fl_json_key(it)))
			rc = fl_err_data(err, "'%s' is no name of a column", fl_json_key(it));
		else if (strcmp(fl_json_key(it), "arch") != 0) /* what a native row says of itself */
			rc = add_column(row, fl_json_key(it), fl_json_value(it), err);
	if (rc == 0)
		rc = check_names(row, err);
	fl_json_free(answer);
	return rc;
}

/* What we know of the model and of the request, where the runner does not say it. */
static void
complete(const struct fl_external *x, const struct fl_config *c, const struct fl_measure_opts *o, struct fl_row *row)
{
	struct fl_row ours = { 0 };

	fl_report_flop(&ours, c, o);
	fl_row_int(&ours, "params", (long long)fl_config_parameters(c));
	fl_row_int(&ours, "threads", fl_parallel_threads());
	fl_row_int(&ours, "chunk", o->chunk);
	fl_row_str(&ours, "runtime", x->runtime);
	fl_row_complete(row, &ours);
}

/* All of it ----------------------------------------------------------------------------------------- */

static int
measure_in(const char *dir, const struct fl_external *x, const char *runner, const char *checkpoint,
    const struct fl_measure_opts *o, struct fl_row *row, struct fl_err *err)
{
	struct fl_str log = { 0 }, out = { 0 }, files = { 0 }, command = { 0 };
	struct fl_device d = { x->via, NULL, x->timeout };
	char *place = NULL, *line = NULL;
	int rc;

	fl_str_printf(&log, "%s/log", dir);
	fl_str_printf(&files, "%s/files", dir);
	d.log = log.data;
	rc = prepare(x, runner, checkpoint, o, files.data, log.data, err);
	if (rc == 0)
		rc = fl_device_send(&d, files.data, runner, &place, err);
	if (rc == 0)
		rc = cool_down(x, &d, row, err);
	if (rc == 0) {
		fl_str_printf(&command, "exec $(command -v timeout > /dev/null && echo timeout %d) sh ./run run", x->timeout);
		line = with_request(o, command.data);
		rc = fl_device_run(&d, place, line, &out, err);
	}
	if (rc == 0 && read_answer(out.data, o, row, err) < 0)
		rc = fl_err_prefix(err, "the runner '%s'", x->runtime);
	if (rc < 0)
		quote_log(log.data, err);
	free(place);
	free(line);
	fl_str_free(&log);
	fl_str_free(&out);
	fl_str_free(&files);
	fl_str_free(&command);
	return rc;
}

int
fl_measure_external(const struct fl_external *x, const char *checkpoint, const struct fl_config *c,
    const struct fl_measure_opts *o, struct fl_row *row, struct fl_err *err)
{
	char text[FL_ARCH_LEN];
	struct fl_arch arch;
	char *runner = find_runner(x->runtime, err);
	struct fl_output *dir = NULL;
	int rc = -1;

	if (!runner)
		return -1;
	fl_config_arch(c, &arch);
	fl_row_str(row, "arch", fl_arch_format(&arch, text));
	dir = fl_output_open_scratch(err);
	if (dir) {
		rc = measure_in(fl_output_path(dir), x, runner, checkpoint, o, row, err);
		fl_output_abandon(dir);
	}
	complete(x, c, o, row);
	free(runner);
	return rc;
}
