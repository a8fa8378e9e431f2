/* SPDX-License-Identifier: Apache-2.0 */
#include "io/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "io/members.h"
#include "io/spill.h"

enum { BUFFER = 256 << 10, PENDING = 16 };

/* What the process still has to remove. Fixed storage, because the signal handler reads it on any
 * thread at any time: a name is complete before its slot is marked used and is never freed. It is a name in a directory
 * that is open: a path may lead elsewhere by then. */
static struct pending {
	atomic_int used; /* the process that made it: a forked child removes nothing */
	bool dir;
	int at;
	const char *name; /* the end of path */
	char path[PATH_MAX];
} pending[PENDING];

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ };

struct fl_output {
	char *target;	      /* what the user calls it */
	char *final;	      /* what commit renames to; NULL: written in place */
	struct pending *temp; /* NULL if there is no temporary name */
	bool dir;
	mode_t mode; /* of what it is to replace; 0: there is nothing */
	int fd;
	char *buffer;
	size_t used;
};

static void remove_dir(int at, const char *name);

/* All that is in an open directory. getdents64 and not readdir, which allocates: this runs in signal handlers. */
static void
empty_dir(int fd)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n;

	while ((n = getdents64(fd, buf, sizeof buf)) > 0)
		for (char *p = buf; p < buf + n;) {
			struct dirent64 *d = (void *)p;

			if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
			    unlinkat(fd, d->d_name, 0) < 0)
				remove_dir(fd, d->d_name);
			p += d->d_reclen;
		}
}

/* A directory in an open one, and all in it; a link is not followed. */
static void
remove_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	empty_dir(fd);
	close(fd);
	unlinkat(at, name, AT_REMOVEDIR);
}

static void
remove_one(const struct pending *p)
{
	if (p->dir)
		remove_dir(p->at, p->name);
	else
		unlinkat(p->at, p->name, 0);
}

static void
remove_pending(void)
{
	int me = getpid();

	for (int i = 0; i < PENDING; i++)
		if (pending[i].used == me)
			remove_one(&pending[i]);
}

static void
on_signal(int sig)
{
	remove_pending();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
install(void)
{
	static bool done;
	struct sigaction ours = { .sa_handler = on_signal }, old;

	if (done)
		return;
	done = true;
	atexit(remove_pending);
	at_quick_exit(remove_pending);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(signals[i], &ours, NULL);
}

/* Removes what a process of this user that was killed left in this directory. A process of another machine or container that
 * shares the directory cannot be asked for, and may have our number; the lock that every output holds
 * says that it lives. Where others may write, too, a name can become another's at any moment: what is emptied is what was
 * opened and looked at. */
static void
remove_leftovers(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	struct stat st;
	long pid;
	int fd, end;

	while (dir && (d = readdir(dir))) {
		end = 0;
		if (sscanf(d->d_name, ".fl-%ld-%*u.tmp%n", &pid, &end) < 1 || !end || d->d_name[end] ||
		    pid < 1 || (pid != getpid() && (kill((pid_t)pid, 0) == 0 || errno != ESRCH)))
			continue;
		fd = openat(dirfd(dir), d->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid()) {
			if (S_ISDIR(st.st_mode))
				empty_dir(fd);
			unlinkat(dirfd(dir), d->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
		}
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}

static struct fl_output *
new_output(const char *target, int fd)
{
	struct fl_output *o = fl_alloc(1, sizeof *o);

	o->target = fl_strdup(target);
	o->fd = fd;
	return o;
}

/* The end of every life: closes, forgets the temporary name (removing it if `removing`), frees. */
static void
finish(struct fl_output *o, bool removing)
{
	if (o->fd >= 0 && o->fd != STDOUT_FILENO)
		close(o->fd);
	if (o->temp && removing)
		remove_one(o->temp);
	if (o->temp) {
		o->temp->used = 0;
		close(o->temp->at);
	}
	free(o->buffer);
	free(o->final);
	free(o->target);
	free(o);
}

static int
cannot_write(const struct fl_output *o, struct fl_err *err)
{
	if (strcmp(o->target, "standard output") == 0)
		return fl_err_sys(err, "cannot write to standard output");
	return fl_err_sys(err, "cannot write '%s'", o->target);
}

static struct fl_output *
opened(struct fl_output *o, struct fl_err *err)
{
	if (o->fd >= 0)
		return o;
	cannot_write(o, err);
	finish(o, true);
	return NULL;
}

static struct pending *
free_slot(void)
{
	for (struct pending *p = pending; p < pending + PENDING; p++)
		if (!p->used)
			return p;
	fl_bug("more than %d outputs at once", PENDING);
}

/* The descriptor of a new file or directory, or -1 and errno, and then there is none. */
static int
create(const struct pending *p, mode_t mode)
{
	int fd, why;

	if (!p->dir)
		return openat(p->at, p->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (mkdirat(p->at, p->name, mode) < 0)
		return -1;
	fd = openat(p->at, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		why = errno;
		unlinkat(p->at, p->name, AT_REMOVEDIR);
		errno = why;
	}
	return fd;
}

/* Makes the output under an unused name beside the final one; o->fd stays -1 if that fails, and errno
 * says why. The name is registered before it exists: the other way round, a signal in between would
 * leave it behind. */
static void
open_temp(struct fl_output *o, mode_t mode)
{
	char *copy = fl_strdup(o->final), *parent = dirname(copy);
	struct pending *p = free_slot();
	static unsigned serial;
	int n, why;

	install();
	remove_leftovers(parent);
	p->dir = o->dir;
	p->at = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (p->at >= 0) {
		n = snprintf(p->path, sizeof p->path, "%s/.fl-%ld-%u.tmp", parent, (long)getpid(), serial++);
		errno = ENAMETOOLONG;
		if (n < 0 || (size_t)n >= sizeof p->path)
			break;
		p->name = strrchr(p->path, '/') + 1;
		p->used = getpid();
		o->fd = create(p, mode);
		if (o->fd >= 0)
			break;
		p->used = 0;
		if (errno != EEXIST)
			break;
	}
	why = errno;
	free(copy);
	if (o->fd >= 0)
		o->temp = p;
	else if (p->at >= 0)
		close(p->at);
	errno = why;
	if (o->fd < 0)
		return;
	flock(o->fd, LOCK_EX | LOCK_NB);
	if (o->mode)
		fchmod(o->fd, o->mode & 07777);
}

/* Where path leads: a link stays, and what it points to is replaced. NULL with errno set. */
static char *
resolve(const char *path)
{
	char *real = realpath(path, NULL);

	return real || errno != ENOENT || !*path ? real : fl_strdup(path);
}

struct fl_output *
fl_output_open(const char *path, struct fl_err *err)
{
	struct fl_output *o;
	struct stat st;
	bool exists;

	if (!path || strcmp(path, "-") == 0)
		return new_output("standard output", STDOUT_FILENO);
	exists = stat(path, &st) == 0;
	o = new_output(path, -1);
	if (exists && !S_ISREG(st.st_mode)) /* a device, a pipe: there is nothing to replace */
		o->fd = open(path, O_WRONLY | O_CLOEXEC);
	else if ((exists || errno == ENOENT) && (o->final = resolve(path))) {
		o->mode = exists ? st.st_mode : 0;
		open_temp(o, 0666);
	}
	return opened(o, err);
}

/* What a directory holds. 0, or -1 with errno. */
struct holdings {
	bool history, others, nested;
};

static int
look_into(DIR *dir, struct holdings *h)
{
	struct dirent *d;
	struct stat st;

	while (errno = 0, d = readdir(dir)) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -1;
		h->others = true;
		h->history |= strcmp(d->d_name, FL_MEMBER_HISTORY_NAME) == 0;
		h->nested |= S_ISDIR(st.st_mode);
	}
	return errno ? -1 : 0;
}

/* Whether path no longer names the directory that is open: another run has put its own there. */
static bool
has_moved(DIR *dir, const char *path)
{
	struct stat was, is;

	return fstat(dirfd(dir), &was) == 0 &&
	    (stat(path, &is) < 0 || was.st_dev != is.st_dev || was.st_ino != is.st_ino);
}

/* Whether commit may put a new directory in the place of this one: it holds plain files only, and
 * either none or a checkpoint that has a history, so one of ours. A model from elsewhere should not go
 * without being asked for. */
static int
check_replaceable(const char *path, const char *shown, struct fl_err *err)
{
	DIR *dir = opendir(path);
	struct holdings h = { 0 };
	int bad, why, rc = 0;
	bool moved;

	if (!dir)
		return errno == ENOENT ? 0 : fl_err_sys(err, "cannot write '%s'", shown);
	bad = look_into(dir, &h);
	why = errno;
	moved = (bad || !h.history) && has_moved(dir, path);
	closedir(dir);
	if (moved)
		return check_replaceable(path, shown, err);
	errno = why;
	if (bad)
		rc = fl_err_sys(err, "cannot read '%s'", shown);
	else if (h.nested)
		rc = fl_err_usage(err, "'%s' holds other directories and is not replaced", shown);
	else if (h.others && !h.history)
		rc = fl_err_usage(err, "'%s' has no fl-history.jsonl, so it is not replaced", shown);
	return rc;
}

/* Whether a file of the old directory belongs to what the new one has otherwise: weights go only where
 * there are others. */
static bool
is_superseded(const struct fl_output *o, const char *name)
{
	switch (fl_member_kind(name, 0)) {
	case FL_MEMBER_CONFIG:
	case FL_MEMBER_HISTORY: return true;
	case FL_MEMBER_INDEX:
	case FL_MEMBER_WEIGHTS:
	case FL_MEMBER_SHARD:
		return faccessat(o->fd, FL_MEMBER_WEIGHTS_NAME, F_OK, 0) == 0 ||
		    faccessat(o->fd, FL_MEMBER_INDEX_NAME, F_OK, 0) == 0;
	default: return false;
	}
}

/* Whether nothing but what belongs to the old weights would go with the old directory: a file of the
 * user's, or a member that the new checkpoint does not have, should not vanish without a word. */
static int
check_nothing_lost(const struct fl_output *o, struct fl_err *err)
{
	DIR *dir = opendir(o->final);
	struct dirent *d;
	int rc = 0;

	if (!dir)
		return errno == ENOENT ? 0 : fl_err_sys(err, "cannot write '%s'", o->target);
	while (rc == 0 && (errno = 0, d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    is_superseded(o, d->d_name) || faccessat(o->fd, d->d_name, F_OK, 0) == 0)
			continue;
		rc = errno != ENOENT ?
			 fl_err_sys(err, "cannot write '%s'", o->target) :
			 fl_err_usage(err, "'%s' holds '%s', which would be lost, so it is not replaced",
			     o->target, d->d_name);
	}
	if (rc == 0 && errno)
		rc = fl_err_sys(err, "cannot read '%s'", o->target);
	closedir(dir);
	return rc;
}

struct fl_output *
fl_output_open_dir(const char *path, struct fl_err *err)
{
	struct fl_output *o = new_output(path, -1);
	size_t n = strlen(path);
	struct stat st;
	char *bare;

	while (n > 1 && path[n - 1] == '/')
		n--;
	bare = fl_strndup(path, n);
	o->dir = true;
	o->final = resolve(bare);
	free(bare);
	if (o->final && check_replaceable(o->final, path, err) < 0) {
		finish(o, true);
		return NULL;
	}
	if (o->final) {
		o->mode = stat(o->final, &st) == 0 ? st.st_mode : 0;
		open_temp(o, 0777);
	}
	return opened(o, err);
}

struct fl_output *
fl_output_open_in(const struct fl_output *dir, const char *name, struct fl_err *err)
{
	struct fl_str shown = { 0 };
	struct fl_output *o;

	fl_str_printf(&shown, "%s%s%s", dir->target, fl_str_ends(dir->target, "/") ? "" : "/", name);
	o = new_output(shown.data, openat(dir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
	fl_str_free(&shown);
	return opened(o, err);
}

struct fl_output *
fl_output_open_scratch(struct fl_err *err)
{
	const char *tmp = fl_spill_dir();
	struct fl_str path = { 0 };
	struct fl_output *o;

	o = new_output(tmp, -1);
	fl_str_printf(&path, "%s/scratch", tmp); /* the name that it never gets */
	o->dir = true;
	o->final = fl_str_steal(&path);
	open_temp(o, 0700); /* a model may lie there */
	return opened(o, err);
}

const char *
fl_output_path(const struct fl_output *o)
{
	return o->temp ? o->temp->path : NULL;
}

static int
write_all(const struct fl_output *o, const char *p, size_t n, struct fl_err *err)
{
	while (n > 0) {
		ssize_t k = write(o->fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return cannot_write(o, err);
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

static int
flush(struct fl_output *o, struct fl_err *err)
{
	size_t n = o->used;

	o->used = 0;
	return write_all(o, o->buffer, n, err);
}

/* Small pieces are gathered, large ones go straight from the caller's memory. */
int
fl_output_write(struct fl_output *o, const void *data, size_t n, struct fl_err *err)
{
	if (n > BUFFER - o->used && flush(o, err) < 0)
		return -1;
	if (n >= BUFFER)
		return write_all(o, data, n, err);
	if (!o->buffer)
		o->buffer = fl_alloc(BUFFER, 1);
	if (n)
		memcpy(o->buffer + o->used, data, n);
	o->used += n;
	return 0;
}

/* For file systems that cannot exchange two names: what is there steps aside, under a name that no one
 * else removes. */
static int
replace_dir(int at, const char *new, const char *old)
{
	struct fl_str aside = { 0 };
	int rc, why;

	fl_str_printf(&aside, "%s.old", new);
	rc = renameat(at, old, at, aside.data) == 0 || errno == ENOENT ? renameat(at, new, at, old) : -1;
	why = errno;
	if (rc == 0)
		remove_dir(at, aside.data);
	else
		renameat(at, aside.data, at, old);
	fl_str_free(&aside);
	errno = why;
	return rc;
}

/* Both names exchange at once, so that the older directory is under the temporary name. One that
 * appears between two attempts is exchanged too. */
static int
rename_dir(int at, const char *new, const char *old)
{
	do {
		if (renameat2(at, new, at, old, RENAME_EXCHANGE) == 0)
			return 0;
		if (errno == EINVAL || errno == ENOSYS)
			return replace_dir(at, new, old);
		if (errno == ENOENT && renameat(at, new, at, old) == 0)
			return 0;
	} while (errno == ENOTEMPTY || errno == EEXIST);
	return -1;
}

/* Gives the output its name, in the directory that it was made in. */
static int
give_name(const struct fl_output *o)
{
	const struct pending *p = o->temp;
	const char *slash = strrchr(o->final, '/'), *name = slash ? slash + 1 : o->final;

	return o->dir ? rename_dir(p->at, p->name, name) : renameat(p->at, p->name, p->at, name);
}

/* Puts what is written so far where a power cut leaves it. Not everything that can be written to knows of that. */
static int
settle(int fd)
{
	return fd < 0 || fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS ? 0 : -1;
}

/* The same of the name. A directory that cannot be read cannot be settled. */
static void
settle_name(const struct pending *p)
{
	int fd = openat(p->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	settle(fd);
	if (fd >= 0)
		close(fd);
}

int
fl_output_commit(struct fl_output *o, struct fl_err *err)
{
	int fd = o->fd, rc = o->dir ? check_nothing_lost(o, err) : flush(o, err);

	o->fd = -1;
	if (rc == 0 && settle(fd) < 0)
		rc = cannot_write(o, err);
	if (fd == STDOUT_FILENO) /* stays open; but what it could not write may be told at a close only */
		fd = dup(fd);
	if ((fd < 0 || close(fd) < 0) && rc == 0)
		rc = cannot_write(o, err);
	if (rc == 0 && o->temp && give_name(o) < 0)
		rc = cannot_write(o, err);
	if (rc == 0 && o->temp)
		settle_name(o->temp);
	finish(o, rc < 0 || o->dir); /* the temporary name may be that of an older directory now */
	return rc;
}

void
fl_output_abandon(struct fl_output *o)
{
	if (o)
		finish(o, true);
}

int
fl_output_end(struct fl_output *o, int rc, struct fl_err *err)
{
	if (rc == 0)
		return fl_output_commit(o, err);
	fl_output_abandon(o);
	return -1;
}
