/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/device.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "measure/process.h"

/* Where files are kept there; the shell's current directory from then on. Anyone may have made a directory of that
 * name, or a link that leads elsewhere. */
#define STORE "d=/data/local/tmp; [ -d $d ] || d=${TMPDIR:-/tmp}; d=$d/fl-$(id -u); " \
	      "[ -d $d ] || mkdir -m 700 $d || exit; " \
	      "[ -O $d ] && [ ! -L $d ] || { echo \"$d is not ours\" >&2; exit 1; }; cd $d && "

/* A command does the same when it is run again, so one connection that is refused ends nothing: ssh's status for that. */
enum { NO_CONNECTION = 255, RETRIES = 3, RETRY_WAIT = 2 };

/* Commands ------------------------------------------------------------------------------------------ */

static int
command(const struct fl_device *d, const char *dir, const char *line, const char *input, struct fl_str *out,
    struct fl_err *err)
{
	struct fl_str whole = { 0 }, plain = { 0 };
	const char *here[] = { "sh", "-c", NULL, NULL };
	const char *there[] = { "sh", "-c", NULL, "fl-measure", NULL, NULL };
	struct fl_process p = { d->via ? there : here, d->via ? NULL : dir, input, d->log, d->timeout };
	int status;

	fl_str_printf(&plain, "export LC_ALL=C; %s", line); /* numbers with points, whatever its user's language */
	fl_str_printf(&whole, "%s \"$1\"", d->via ? d->via : "");
	here[2] = there[4] = plain.data;
	there[2] = whole.data;
	for (int left = RETRIES;; left--) {
		status = fl_process_run(&p, out, err);
		if (!d->via || status != NO_CONNECTION || left == 0)
			break;
		fl_note("'%s' has no connection: once more in %d s", d->via, RETRY_WAIT);
		fl_str_clear(out);
		sleep(RETRY_WAIT);
	}
	fl_str_free(&whole);
	fl_str_free(&plain);
	if (status < 0)
		return fl_err_prefix(err, "'%s'", d->via ? d->via : "sh");
	if (status == 0)
		return 0;
	errno = EIO;
	return d->via ? fl_err_sys(err, "'%s' failed with status %d", d->via, status) :
			fl_err_sys(err, "a command failed with status %d", status);
}

int
fl_device_run(const struct fl_device *d, const char *place, const char *line, struct fl_str *out, struct fl_err *err)
{
	struct fl_str there = { 0 };
	int rc;

	if (!d->via)
		return command(d, place, line, NULL, out, err);
	fl_str_printf(&there, STORE "cd %s && %s", place, line);
	rc = command(d, NULL, there.data, NULL, out, err);
	fl_str_free(&there);
	return rc;
}

int
fl_device_state(const struct fl_device *d, char **governor, double *celsius, struct fl_err *err)
{
	struct fl_str out = { 0 };
	double thousandths;
	char *end;

	if (command(d, NULL,
		"echo $(cat /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor 2>/dev/null | sort -u);"
		"cat /sys/class/thermal/thermal_zone*/temp 2>/dev/null | sort -n | tail -n 1", NULL, &out, err) < 0)
		return -1;
	fl_str_putc(&out, '\n');
	end = strchr(out.data, '\n');
	*end++ = '\0';
	end[strcspn(end, "\r\n")] = '\0';
	*celsius = fl_num_real(end, -1e6, 1e6, &thousandths) == 0 ? thousandths / 1000 : NAN;
	out.data[strcspn(out.data, "\r")] = '\0';
	fl_str_one_line(out.data);
	*governor = fl_strdup(out.data);
	fl_str_free(&out);
	return 0;
}

/* Files --------------------------------------------------------------------------------------------- */

struct file {
	char *path, *name; /* here; there */
	char hash[FL_DIGEST_LEN];
	size_t size;
};

struct files {
	struct file *v;
	size_t n, cap;
};

/* Names go through a shell that we do not know. */
static bool
is_plain(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(name);
}

static int
add(struct files *f, const char *path, const char *name, struct fl_err *err)
{
	struct fl_digest *digest;
	struct fl_file in;
	struct file *x;

	if (!is_plain(name))
		return fl_err_data(err, "'%s' has a name that cannot be sent", path);
	if (fl_file_open(&in, path, SIZE_MAX, err) < 0)
		return -1;
	f->v = fl_grow(f->v, &f->cap, f->n + 1, sizeof *f->v);
	x = &f->v[f->n++];
	*x = (struct file){ fl_strdup(path), fl_strdup(name), "", in.size };
	digest = fl_digest_new();
	fl_digest_add(digest, in.data, in.size);
	fl_digest_hex(digest, x->hash);
	fl_digest_free(digest);
	fl_file_close(&in);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static int
list(const char *dir, const char *program, struct files *f, struct fl_err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	struct fl_str path = { 0 };
	struct stat st;
	int rc = 0;

	if (!d)
		return fl_err_sys(err, "cannot read '%s'", dir);
	while (rc == 0 && (e = readdir(d))) {
		fl_str_clear(&path);
		fl_str_printf(&path, "%s/%s", dir, e->d_name);
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (stat(path.data, &st) < 0)
			rc = fl_err_sys(err, "cannot read '%s'", path.data);
		else if (!S_ISREG(st.st_mode) || strcmp(e->d_name, "run") == 0)
			rc = fl_err_data(err, "the runner made '%s': there may be plain files only, and none called run", path.data);
		else
			rc = add(f, path.data, e->d_name, err);
	}
	closedir(d);
	fl_str_free(&path);
	if (rc == 0)
		rc = add(f, program, "run", err);
	qsort(f->v, f->n, sizeof *f->v, by_name);
	return rc;
}

static void
free_files(struct files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].path);
		free(f->v[i].name);
	}
	free(f->v);
}

/* A connection that dies leaves a file that is too short, and that has no name yet. */
static int
send(const struct fl_device *d, const struct file *f, struct fl_err *err)
{
	struct fl_str line = { 0 }, out = { 0 };
	int rc;

	fl_str_printf(&line, STORE "cat > %s.$$ && [ $(wc -c < %s.$$) = %zu ] && mv %s.$$ %s", f->hash, f->hash, f->size,
	    f->hash, f->hash);
	rc = command(d, NULL, line.data, f->path, &out, err);
	fl_str_free(&line);
	fl_str_free(&out);
	return rc < 0 ? fl_err_prefix(err, "sending '%s'", f->name) : 0;
}

static int
send_missing(const struct fl_device *d, const struct files *f, struct fl_err *err)
{
	struct fl_str line = { 0 }, missing = { 0 };
	int rc;

	fl_str_puts(&line, STORE "for f in");
	for (size_t i = 0; i < f->n; i++)
		fl_str_printf(&line, " %s", f->v[i].hash);
	fl_str_puts(&line, "; do [ -e $f ] || echo $f; done");
	rc = command(d, NULL, line.data, NULL, &missing, err);
	for (size_t i = 0; rc == 0 && missing.len && i < f->n; i++)
		if (strstr(missing.data, f->v[i].hash))
			rc = send(d, &f->v[i], err);
	fl_str_free(&line);
	fl_str_free(&missing);
	return rc;
}

/* The place is named by what is in it; names in it are links to the files. What other places had goes, or a search
 * would fill a phone. */
static int
arrange(const struct fl_device *d, const struct files *f, char **place, struct fl_err *err)
{
	struct fl_str line = { 0 }, out = { 0 };
	struct fl_digest *digest = fl_digest_new();
	char hash[FL_DIGEST_LEN];
	int rc;

	for (size_t i = 0; i < f->n; i++) {
		fl_digest_add(digest, f->v[i].name, strlen(f->v[i].name) + 1);
		fl_digest_add(digest, f->v[i].hash, FL_DIGEST_LEN);
	}
	fl_digest_hex(digest, hash);
	fl_digest_free(digest);
	fl_str_printf(&line, STORE "mkdir -p run-%s && cd run-%s", hash, hash);
	for (size_t i = 0; i < f->n; i++)
		fl_str_printf(&line, " && ln -sf ../%s ./%s", f->v[i].hash, f->v[i].name);
	fl_str_printf(&line, " && cd .. && for f in *; do case ' run-%s", hash);
	for (size_t i = 0; i < f->n; i++)
		fl_str_printf(&line, " %s", f->v[i].hash);
	fl_str_puts(&line, " ' in *\" $f \"*) ;; *) rm -rf ./$f ;; esac; done");
	rc = command(d, NULL, line.data, NULL, &out, err);
	fl_str_clear(&out);
	fl_str_printf(&out, "run-%s", hash);
	*place = fl_str_steal(&out);
	fl_str_free(&line);
	return rc;
}

static int
link_here(const char *dir, const char *program, struct fl_err *err)
{
	struct fl_str path = { 0 };
	int bad;

	fl_str_printf(&path, "%s/run", dir);
	bad = symlink(program, path.data);
	fl_str_free(&path);
	return bad ? fl_err_sys(err, "cannot link '%s' into '%s'", program, dir) : 0;
}

int
fl_device_send(const struct fl_device *d, const char *dir, const char *program, char **place, struct fl_err *err)
{
	struct files f = { 0 };
	int rc;

	*place = NULL;
	if (!d->via) {
		*place = fl_strdup(dir);
		return link_here(dir, program, err);
	}
#ifdef FL_PORTABLE
	return fl_err_usage(err, "a program for devices measures on no other: it has no --via");
#endif
	rc = list(dir, program, &f, err);
	if (rc == 0)
		rc = send_missing(d, &f, err);
	if (rc == 0)
		rc = arrange(d, &f, place, err);
	free_files(&f);
	return rc;
}
