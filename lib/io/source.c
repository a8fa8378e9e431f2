/* SPDX-License-Identifier: Apache-2.0 */
#include "io/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "io/entries.h"
#include "io/input.h"
#include "io/tar.h"
#include "io/zst.h"

enum {
	MAX_HELD = 64 << 20, /* of what stands in front of config.json on a pipe */
	DROP = 16 << 20,     /* mapped pages are given back in strides of this */
};

struct fl_source {
	char *name;
	bool mapped;
	struct fl_entries list; /* mapped: all members; else those seen so far */
	size_t at;		/* the next of them to hand out */

	int dirfd;	 /* of a directory */
	char *map;	 /* of a plain tar file */
	size_t map_size;
	bool map_pulled;
	struct fl_input *input; /* of a stream */
	struct fl_tar *tar;
	bool ended; /* the stream, before config.json came */

	uint64_t left;	   /* what is untaken of the current member, */
	const char *p;	   /* here, */
	const char *kept;  /* where its pages begin that were not given back, */
	bool streaming;	   /* or partly still to come from the tar, */
	const char *piece; /* and this is what has come */
	size_t piece_size;
	struct fl_str joined; /* pieces put together */
	uint64_t held;	      /* bytes held back */
};

const char *
fl_source_name(const struct fl_source *s)
{
	return s->name;
}

const char *
fl_source_known(const struct fl_source *s, size_t i)
{
	return i < s->list.n ? s->list.e[i].name : NULL;
}

bool
fl_source_mapped(const struct fl_source *s)
{
	return s->mapped;
}

void
fl_source_close(struct fl_source *s)
{
	if (!s)
		return;
	fl_entries_free(&s->list);
	fl_tar_close(s->tar);
	fl_input_close(s->input);
	if (s->map)
		munmap(s->map, s->map_size);
	if (s->dirfd >= 0)
		close(s->dirfd);
	fl_str_free(&s->joined);
	free(s->name);
	free(s);
}

/* Mapped: everything is listed first. */

static int
list_file(struct fl_source *s, const char *name, struct fl_err *err)
{
	struct fl_str shown = { 0 };
	struct stat st;

	if (name[0] == '.')
		return 0;
	if (fstatat(s->dirfd, name, &st, 0) < 0)
		return fl_err_sys(err, "cannot open '%s/%s'", s->name, name);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return fl_err_data(err, "'%s/%s' is not a plain file", s->name, name);
	fl_str_printf(&shown, S_ISDIR(st.st_mode) ? "%s/" : "%s", name);
	fl_entries_add(&s->list, fl_str_steal(&shown), (uint64_t)st.st_size);
	return 0;
}

static int
list_dir(struct fl_source *s, struct fl_err *err)
{
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		fl_err_sys(err, "cannot read '%s'", s->name);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (rc == 0 && (errno = 0, d = readdir(dir)))
		rc = list_file(s, d->d_name, err);
	if (rc == 0 && errno)
		rc = fl_err_sys(err, "cannot read '%s'", s->name);
	closedir(dir);
	s->list.prefix = fl_strdup("");
	return rc;
}

/* NULL with errno set. */
static void *
map_file(int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, size, MADV_SEQUENTIAL);
	return p;
}

static int
pull_map(void *ctx, const void **data, size_t *n, struct fl_err *err)
{
	struct fl_source *s = ctx;

	(void)err;
	*data = s->map;
	*n = s->map_pulled ? 0 : s->map_size;
	s->map_pulled = true;
	return 0;
}

/* The next member of the archive that is a file, its name normalized and the caller's. */
static int
next_stored(struct fl_source *s, char **name, uint64_t *size, struct fl_err *err)
{
	struct fl_tar_member m;
	int got;

	s->piece_size = 0;
	do
		got = fl_tar_next(s->tar, &m, err);
	while (got > 0 && m.directory);
	if (got <= 0)
		return got;
	*size = m.size;
	*name = fl_entries_name(&s->list, m.name, err);
	return *name ? 1 : -1;
}

/* The map is handed to libarchive in one piece, and it hands out pieces of the same memory: a member
 * is one of them. */
static int
list_tar(struct fl_source *s, struct fl_err *err)
{
	struct fl_entry *e;
	const void *data;
	uint64_t size;
	char *name;
	size_t n;
	int got;

	s->tar = fl_tar_open(pull_map, s, s->name);
	while ((got = next_stored(s, &name, &size, err)) > 0) {
		e = fl_entries_add(&s->list, name, size);
		if (size == 0)
			continue;
		if (fl_tar_data(s->tar, &data, &n, err) < 0)
			return -1;
		if (n != size)
			return fl_err_data(err, "'%s' ends early", s->name);
		e->data = data;
	}
	s->list.prefix = fl_entries_common(&s->list);
	return got;
}

static int
map_member(struct fl_source *s, struct fl_entry *e, struct fl_err *err)
{
	struct stat st;
	void *p = NULL;
	int fd;

	if (s->dirfd < 0 || e->size == 0 || e->data)
		return 0;
	fd = openat(s->dirfd, e->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		fl_err_sys(err, "cannot open '%s/%s'", s->name, e->name);
	else if ((uint64_t)st.st_size != e->size)
		fl_err_data(err, "'%s/%s' changes while it is read", s->name, e->name);
	else if (!(p = map_file(fd, e->size)))
		fl_err_sys(err, "cannot read '%s/%s'", s->name, e->name);
	if (fd >= 0)
		close(fd);
	if (!p)
		return -1;
	e->data = p;
	e->map_size = e->size;
	return 0;
}

/* Mapped bytes in front of p have been handed out and are likely done with. Their pages come back by
 * themselves if not. */
static void
give_back(struct fl_source *s, const char *p)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)s->kept / page * page,
		  to = (uintptr_t)p / page * page;

	if (to - from < DROP)
		return;
	madvise((void *)from, to - from, MADV_DONTNEED);
	s->kept = p;
}

/* Streams */

/* The next n bytes of the current member as one piece of memory. */
static const void *
join(struct fl_source *s, uint64_t n, struct fl_err *err)
{
	const void *data;

	fl_str_clear(&s->joined);
	fl_str_add(&s->joined, "", 0);
	while (s->joined.len < n) {
		size_t want = n - s->joined.len, k = want < s->piece_size ? want : s->piece_size;

		if (k > 0) {
			fl_str_add(&s->joined, s->piece, k);
			s->piece += k;
			s->piece_size -= k;
			continue;
		}
		if (fl_tar_data(s->tar, &data, &s->piece_size, err) < 0)
			return NULL;
		if (s->piece_size == 0) {
			fl_err_data(err, "'%s' ends early", s->name);
			return NULL;
		}
		s->piece = data;
	}
	return s->joined.data;
}

/* What to do with a member in front of config.json: 1 to keep it back, 0 to leave it out. Until
 * config.json has shown the common directory a name may begin with one or not. */
static int
judge_early(struct fl_source *s, const char *name, uint64_t size, struct fl_err *err)
{
	const char *slash = strchr(name, '/');
	enum fl_member_kind kind = fl_member_kind(slash ? slash + 1 : name, size);

	if (kind == FL_MEMBER_WEIGHTS || kind == FL_MEMBER_SHARD)
		return fl_err_data(err,
		    "'%s': weights stand before config.json; give it as a directory or a plain tar file",
		    s->name);
	if (kind == FL_MEMBER_STALE || kind == FL_MEMBER_NAMED)
		fl_entries_remark(&s->list, name);
	if (kind == FL_MEMBER_STALE || kind == FL_MEMBER_NAMED || kind == FL_MEMBER_HIDDEN)
		return 0;
	s->held += size;
	if (size > MAX_HELD || s->held > MAX_HELD)
		return fl_err_data(err,
		    "'%s': too much stands before config.json; give it as a directory or a plain tar file",
		    s->name);
	return fl_entries_full(&s->list, err) < 0 ? -1 : 1;
}

/* Keeps back config.json or what stands before it; name becomes ours. */
static int
hold(struct fl_source *s, char *name, uint64_t size, struct fl_err *err)
{
	int rc = judge_early(s, name, size, err);
	struct fl_entry *e;

	if (rc <= 0) {
		free(name);
		return rc;
	}
	e = fl_entries_add(&s->list, name, size);
	if (!join(s, size, err))
		return -1;
	e->data = e->held = fl_str_steal(&s->joined);
	return 0;
}

/* Reads up to config.json, which may stand in one directory that is then common to all. */
static int
find_config(struct fl_source *s, struct fl_err *err)
{
	bool found = false;
	uint64_t size;
	char *name;
	int got = 0;

	while (!found && (got = next_stored(s, &name, &size, err)) > 0) {
		const char *slash = strchr(name, '/'), *base = slash ? slash + 1 : name;

		found = name[0] != '.' && strcmp(base, FL_MEMBER_CONFIG_NAME) == 0;
		if (found)
			s->list.prefix = fl_strndup(name, (size_t)(base - name));
		if (hold(s, name, size, err) < 0)
			return -1;
	}
	if (!found)
		s->list.prefix = fl_strdup("");
	s->ended = !found;
	if (got < 0 || fl_entries_settle(&s->list, err) < 0)
		return -1;
	fl_entries_sort(&s->list);
	return 0;
}

static int
next_streamed(struct fl_source *s, struct fl_err *err)
{
	uint64_t size;
	char *name;
	int got, in;

	while ((got = next_stored(s, &name, &size, err)) > 0) {
		in = fl_entries_admit(&s->list, name, size, err);
		if (in != 0)
			return in;
	}
	return got;
}

/* Opening */

static bool
mappable(int fd, const struct stat *st)
{
	char magic[FL_ZST_MAGIC];

	if (!S_ISREG(st->st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
		return false;
	return pread(fd, magic, sizeof magic, 0) == sizeof magic && !fl_zst_begins(magic);
}

static int
map_tar(struct fl_source *s, int fd, size_t size, struct fl_err *err)
{
	s->map = map_file(fd, size);
	if (!s->map)
		fl_err_sys(err, "cannot read '%s'", s->name);
	if (fd != STDIN_FILENO)
		close(fd);
	if (!s->map)
		return -1;
	s->map_size = size;
	return list_tar(s, err);
}

/* Takes fd over. */
static int
open_kind(struct fl_source *s, int fd, const struct stat *st, struct fl_err *err)
{
	int rc;

	s->mapped = S_ISDIR(st->st_mode) || mappable(fd, st);
	if (!s->mapped) {
		s->input = fl_input_open(fd, s->name);
		s->tar = fl_tar_open(fl_input_pull, s->input, s->name);
		return find_config(s, err);
	}
	if (S_ISDIR(st->st_mode)) {
		s->dirfd = fd;
		rc = list_dir(s, err);
	} else {
		rc = map_tar(s, fd, (size_t)st->st_size, err);
	}
	if (rc < 0)
		return -1;
	fl_entries_sort(&s->list); /* remarks, too, come in the order of names */
	if (fl_entries_settle(&s->list, err) < 0)
		return -1;
	fl_entries_sort(&s->list);
	return 0;
}

struct fl_source *
fl_source_open(const char *path, bool remarks, struct fl_err *err)
{
	bool in = !path || strcmp(path, "-") == 0;
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct fl_source *s;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fl_err_sys(err, "cannot open '%s'", fl_input_name(path));
		if (fd > STDIN_FILENO)
			close(fd);
		return NULL;
	}
	s = fl_alloc(1, sizeof *s);
	s->name = fl_strdup(fl_input_name(path));
	s->list.what = s->name;
	s->list.remarks = remarks;
	s->dirfd = -1;
	if (open_kind(s, fd, &st, err) == 0)
		return s;
	fl_source_close(s);
	return NULL;
}

int
fl_source_next(struct fl_source *s, struct fl_member *m, struct fl_err *err)
{
	struct fl_entry *e;

	if (s->at == s->list.n) {
		int got = s->mapped || s->ended ? 0 : next_streamed(s, err);

		if (got <= 0)
			return got;
	}
	e = &s->list.e[s->at++];
	if (map_member(s, e, err) < 0)
		return -1;
	s->p = s->kept = e->data;
	s->left = e->size;
	s->streaming = !s->mapped && !e->held;
	*m = (struct fl_member){ e->name, e->kind, e->size };
	return 1;
}

const void *
fl_source_take(struct fl_source *s, uint64_t n, struct fl_err *err)
{
	const char *p;

	if (n > s->left) {
		fl_err_data(err, "'%s': member '%s' ends early", s->name, s->list.e[s->at - 1].name);
		return NULL;
	}
	s->left -= n;
	if (n == 0)
		return "";
	if (s->streaming && n > s->piece_size)
		return join(s, n, err);
	if (s->streaming) {
		p = s->piece;
		s->piece += n;
		s->piece_size -= n;
	} else {
		p = s->p;
		s->p += n;
		if (s->mapped)
			give_back(s, p);
	}
	return p;
}
