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
#include "base/log.h"
#include "base/str.h"
#include "io/input.h"
#include "io/tar.h"
#include "io/zst.h"

/* Bounds on what an archive can make us hold: names, and bytes in front of config.json. */
enum { MAX_MEMBERS = 10000, MAX_HELD = 256 << 20 };

struct entry {
	char *name;
	enum fl_member_kind kind;
	uint64_t size;
	const char *data; /* where it lies in memory; NULL: not (yet) there, or empty */
	size_t map_size;  /* of a mapping of its own, at data */
	char *held;	  /* a copy kept back, freed with the entry */
};

struct fl_source {
	char *name;
	bool remarks, mapped;
	char *remarked; /* the nested directory named last, so that one line covers it */
	char *prefix;	/* of all names, with its slash; NULL: not known yet */
	struct entry *e; /* mapped: all members; else those seen so far */
	size_t n, cap, at;
	int dirfd; /* of a directory */

	char *map; /* of a plain tar file */
	size_t map_size;
	bool map_pulled;
	struct fl_input *input; /* of a stream */
	struct fl_tar *tar;

	const char *p; /* the current member: what is left of it, */
	uint64_t left;
	bool streaming; /* at p, or still to come from the tar: */
	const char *piece; /* the part of it that has come */
	size_t piece_size;
	struct fl_str joined; /* pieces put together */
	uint64_t held_bytes;
};

const char *
fl_source_name(const struct fl_source *s)
{
	return s->name;
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
	for (size_t i = 0; i < s->n; i++) {
		if (s->e[i].map_size)
			munmap((void *)(uintptr_t)s->e[i].data, s->e[i].map_size);
		free(s->e[i].held);
		free(s->e[i].name);
	}
	fl_tar_close(s->tar);
	fl_input_close(s->input);
	if (s->map)
		munmap(s->map, s->map_size);
	if (s->dirfd >= 0)
		close(s->dirfd);
	fl_str_free(&s->joined);
	free(s->e);
	free(s->prefix);
	free(s->remarked);
	free(s->name);
	free(s);
}

/* Names */

/* Without "." components and doubled slashes; refuses what leads out of the archive. */
static char *
normalize(const struct fl_source *s, const char *name, struct fl_err *err)
{
	struct fl_str out = { 0 };

	if (name[0] == '/') {
		fl_err_data(err, "'%s': member '%s' has an absolute name", s->name, name);
		return NULL;
	}
	for (const char *p = name; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			fl_err_data(err, "'%s': member '%s' leads out of the archive", s->name, name);
			fl_str_free(&out);
			return NULL;
		}
		if (n > 0 && !(n == 1 && p[0] == '.')) {
			if (out.len)
				fl_str_putc(&out, '/');
			fl_str_add(&out, p, n);
		}
		p += n + strspn(p + n, "/");
	}
	return fl_str_steal(&out);
}

/* One remark for each file left out, or for each directory of them. */
static void
remark(struct fl_source *s, const char *name)
{
	size_t n = strcspn(name, "/");
	char *shown = fl_strndup(name, n + (name[n] == '/'));

	if (s->remarks && !(s->remarked && strcmp(s->remarked, shown) == 0))
		fl_warn("'%s': leaving out '%s', which is no part of a checkpoint", s->name, shown);
	free(s->remarked);
	s->remarked = shown;
}

/* Whether a name without prefix belongs to the checkpoint: 1 with its kind, 0 if left out, -1. */
static int
classify(struct fl_source *s, const char *name, uint64_t size, enum fl_member_kind *kind,
    struct fl_err *err)
{
	*kind = fl_member_kind(name, size);
	if (*kind == FL_MEMBER_STALE)
		remark(s, name);
	if (*kind == FL_MEMBER_STALE || *kind == FL_MEMBER_HIDDEN)
		return 0;
	if (*kind != FL_MEMBER_WEIGHTS && size > FL_MEMBER_MAX)
		return fl_err_data(err, "'%s': member '%s' is larger than %llu MiB", s->name, name,
		    (unsigned long long)(FL_MEMBER_MAX >> 20));
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->e[i].name, name) == 0)
			return fl_err_data(err, "'%s' has two members '%s'", s->name, name);
	return 1;
}

/* name becomes the entry's. */
static struct entry *
append(struct fl_source *s, char *name, uint64_t size)
{
	s->e = fl_grow(s->e, &s->cap, s->n + 1, sizeof *s->e);
	s->e[s->n] = (struct entry){ .name = name, .size = size };
	return &s->e[s->n++];
}

/* Strips the prefix from all entries and keeps those that belong; the others are freed. */
static int
settle(struct fl_source *s, struct fl_err *err)
{
	size_t n = s->n, skip = strlen(s->prefix);
	int rc = 0;

	s->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct entry e = s->e[i];
		bool inside = strncmp(e.name, s->prefix, skip) == 0;

		if (rc >= 0 && inside) {
			memmove(e.name, e.name + skip, strlen(e.name + skip) + 1);
			rc = classify(s, e.name, e.size, &e.kind, err);
		} else if (rc >= 0 && e.name[0] != '.') {
			rc = fl_err_data(err, "'%s': member '%s' lies outside '%s'", s->name, e.name,
			    s->prefix);
		}
		if (rc > 0 && inside) {
			s->e[s->n++] = e;
		} else {
			free(e.held);
			free(e.name);
		}
	}
	return rc < 0 ? -1 : 0;
}

/* Mapped: everything is listed first. */

static int
by_kind_and_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->name, y->name);
}

static int
list_dir(struct fl_source *s, DIR *dir, struct fl_err *err)
{
	struct dirent *d;
	struct stat st;

	s->prefix = fl_strdup("");
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		if (fstatat(s->dirfd, d->d_name, &st, 0) < 0)
			return fl_err_sys(err, "cannot open '%s/%s'", s->name, d->d_name);
		if (S_ISDIR(st.st_mode)) {
			append(s, fl_strdup(d->d_name), 0);
			s->e[s->n - 1].name = fl_realloc(s->e[s->n - 1].name, strlen(d->d_name) + 2, 1);
			strcat(s->e[s->n - 1].name, "/");
		} else if (S_ISREG(st.st_mode)) {
			append(s, fl_strdup(d->d_name), (uint64_t)st.st_size);
		} else {
			return fl_err_data(err, "'%s/%s' is not a plain file", s->name, d->d_name);
		}
	}
	return 0;
}

/* The directory that all visible members share, unless config.json stands outside it. */
static char *
common_prefix(const struct fl_source *s)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const char *name = s->e[i].name;

		if (name[0] == '.')
			continue;
		if (!first) {
			first = name;
			n = strcspn(name, "/") + 1;
		}
		if (!strchr(name, '/') || strncmp(name, first, n) != 0)
			return fl_strdup("");
	}
	return fl_strndup(first ? first : "", first ? n : 0);
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

static int
list_tar(struct fl_source *s, struct fl_err *err)
{
	struct fl_tar_member m;
	int got;

	s->tar = fl_tar_open(pull_map, s, s->name);
	while ((got = fl_tar_next(s->tar, &m, err)) > 0) {
		char *name = normalize(s, m.name, err);
		const void *data = NULL;
		size_t n = 0;

		if (!name)
			return -1;
		if (m.directory) {
			free(name);
			continue;
		}
		append(s, name, m.size);
		if (s->n > MAX_MEMBERS)
			return fl_err_data(err, "'%s' has more than %d members", s->name, MAX_MEMBERS);
		if (m.size == 0)
			continue;
		if (fl_tar_data(s->tar, &data, &n, err) < 0)
			return -1;
		if (n != m.size) /* the map is one piece; libarchive gives what is there of it */
			return fl_err_data(err, "'%s' ends early", s->name);
		s->e[s->n - 1].data = data;
	}
	if (got < 0)
		return -1;
	s->prefix = common_prefix(s);
	return 0;
}

static int
sort_list(struct fl_source *s, struct fl_err *err)
{
	s->mapped = true;
	/* By name first, so that what is said about them comes in one order too. */
	qsort(s->e, s->n, sizeof *s->e, by_kind_and_name);
	if (settle(s, err) < 0)
		return -1;
	qsort(s->e, s->n, sizeof *s->e, by_kind_and_name);
	return 0;
}

static int
map_member(struct fl_source *s, struct entry *e, struct fl_err *err)
{
	struct stat st;
	void *p = MAP_FAILED;
	int fd;

	if (s->dirfd < 0 || e->size == 0 || e->data)
		return 0;
	fd = openat(s->dirfd, e->name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0) {
		if ((uint64_t)st.st_size != e->size) {
			close(fd);
			return fl_err_data(err, "'%s/%s' changes while it is read", s->name, e->name);
		}
		p = mmap(NULL, e->size, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	if (p == MAP_FAILED)
		fl_err_sys(err, "cannot open '%s/%s'", s->name, e->name);
	if (fd >= 0)
		close(fd);
	if (p == MAP_FAILED)
		return -1;
	madvise(p, e->size, MADV_SEQUENTIAL);
	e->data = p;
	e->map_size = e->size;
	return 0;
}

/* Streams */

static const void *
join(struct fl_source *s, uint64_t n, struct fl_err *err)
{
	fl_str_clear(&s->joined);
	fl_str_add(&s->joined, "", 0);
	while (s->joined.len < n) {
		uint64_t want = n - s->joined.len;
		size_t k = want < s->piece_size ? (size_t)want : s->piece_size;
		const void *data;

		if (k > 0) {
			fl_str_add(&s->joined, s->piece, k);
			s->piece += k;
			s->piece_size -= k;
		}
		if (s->joined.len == n)
			break;
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

/* Keeps back a small member that stands before config.json; name becomes ours. Until config.json has
 * shown the common directory a name may or may not have one, so it is judged both ways. */
static int
hold(struct fl_source *s, char *name, uint64_t size, struct fl_err *err)
{
	const char *slash = strchr(name, '/');
	enum fl_member_kind with = fl_member_kind(name, size),
			    without = slash ? fl_member_kind(slash + 1, size) : with;
	struct entry *e;
	const void *data;

	if (with == FL_MEMBER_WEIGHTS || without == FL_MEMBER_WEIGHTS) {
		fl_err_data(err, "'%s': weights stand before config.json; give it as a file", s->name);
		free(name);
		return -1;
	}
	if (without == FL_MEMBER_STALE || without == FL_MEMBER_HIDDEN) {
		if (without == FL_MEMBER_STALE)
			remark(s, name);
		free(name);
		return 0;
	}
	e = append(s, name, size);
	s->held_bytes += size;
	if (s->n > MAX_MEMBERS || s->held_bytes > MAX_HELD)
		return fl_err_data(err, "'%s': too much stands before config.json; give it as a file",
		    s->name);
	data = join(s, size, err);
	if (!data)
		return -1;
	e->data = e->held = fl_strndup(data, size);
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
	*name = normalize(s, m.name, err);
	return *name ? 1 : -1;
}

/* Reads up to config.json, which may stand in one directory that is then common to all. */
static int
find_config(struct fl_source *s, struct fl_err *err)
{
	uint64_t size;
	char *name;
	int got;

	while ((got = next_stored(s, &name, &size, err)) > 0) {
		const char *slash = strchr(name, '/');
		bool found = strcmp(slash ? slash + 1 : name, FL_MEMBER_CONFIG_NAME) == 0 &&
			     name[0] != '.';

		if (found)
			s->prefix = fl_strndup(name, slash ? (size_t)(slash + 1 - name) : 0);
		if (hold(s, name, size, err) < 0)
			return -1;
		if (found)
			break;
	}
	if (got == 0)
		s->prefix = fl_strdup("");
	if (got < 0 || settle(s, err) < 0)
		return -1;
	for (size_t i = 0; i < s->n; i++) /* to the front, the others in their order */
		if (s->e[i].kind == FL_MEMBER_CONFIG) {
			struct entry config = s->e[i];

			memmove(s->e + 1, s->e, i * sizeof *s->e);
			s->e[0] = config;
		}
	return 0;
}

static int
next_streamed(struct fl_source *s, struct fl_err *err)
{
	size_t skip = strlen(s->prefix);
	enum fl_member_kind kind;
	uint64_t size;
	char *name;
	int got;

	while ((got = next_stored(s, &name, &size, err)) > 0) {
		if (strncmp(name, s->prefix, skip) != 0) {
			if (name[0] != '.')
				got = fl_err_data(err, "'%s': member '%s' lies outside '%s'", s->name,
				    name, s->prefix);
		} else {
			memmove(name, name + skip, strlen(name + skip) + 1);
			got = classify(s, name, size, &kind, err);
			if (got > 0 && s->n >= MAX_MEMBERS)
				got = fl_err_data(err, "'%s' has more than %d members", s->name,
				    MAX_MEMBERS);
			if (got > 0) {
				append(s, name, size)->kind = kind;
				return 1;
			}
		}
		free(name);
		if (got < 0)
			return -1;
	}
	return got;
}

/* Opening */

static bool
mappable(int fd, const struct stat *st)
{
	char magic[FL_ZST_MAGIC];

	if (!S_ISREG(st->st_mode) || st->st_size == 0 || lseek(fd, 0, SEEK_CUR) != 0)
		return false;
	return pread(fd, magic, sizeof magic, 0) != sizeof magic || !fl_zst_begins(magic);
}

static int
open_file(struct fl_source *s, int fd, const struct stat *st, struct fl_err *err)
{
	void *p;

	if (!mappable(fd, st)) {
		s->input = fl_input_open(fd, s->name);
		s->tar = fl_tar_open(fl_input_pull, s->input, s->name);
		return find_config(s, err);
	}
	p = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		fl_err_sys(err, "cannot read '%s'", s->name);
	if (fd != STDIN_FILENO)
		close(fd);
	if (p == MAP_FAILED)
		return -1;
	s->map = p;
	s->map_size = (size_t)st->st_size;
	return list_tar(s, err) < 0 ? -1 : sort_list(s, err);
}

static int
open_dir(struct fl_source *s, int fd, struct fl_err *err)
{
	int copy = dup(fd), rc;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	s->dirfd = fd;
	if (!dir)
		return fl_err_sys(err, "cannot read '%s'", s->name);
	rc = list_dir(s, dir, err);
	closedir(dir);
	return rc < 0 ? -1 : sort_list(s, err);
}

struct fl_source *
fl_source_open(const char *path, bool remarks, struct fl_err *err)
{
	bool in = !path || strcmp(path, "-") == 0;
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;
	struct fl_source *s;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fl_err_sys(err, "cannot open '%s'", in ? "standard input" : path);
		return NULL;
	}
	s = fl_alloc(1, sizeof *s);
	s->name = fl_strdup(in ? "standard input" : path);
	s->remarks = remarks;
	s->dirfd = -1;
	rc = S_ISDIR(st.st_mode) ? open_dir(s, fd, err) : open_file(s, fd, &st, err);
	if (rc == 0)
		return s;
	fl_source_close(s);
	return NULL;
}

int
fl_source_next(struct fl_source *s, struct fl_member *m, struct fl_err *err)
{
	struct entry *e;

	if (s->at == s->n) {
		int got = s->mapped ? 0 : next_streamed(s, err);

		if (got <= 0)
			return got;
	}
	e = &s->e[s->at++];
	if (map_member(s, e, err) < 0)
		return -1;
	s->p = e->data;
	s->left = e->size;
	s->streaming = !s->mapped && !e->held;
	*m = (struct fl_member){ e->name, e->kind, e->size };
	return 1;
}

const void *
fl_source_take(struct fl_source *s, uint64_t n, struct fl_err *err)
{
	const void *p = s->p ? s->p : "";

	if (n > s->left) {
		fl_err_data(err, "'%s': member '%s' ends early", s->name, s->e[s->at - 1].name);
		return NULL;
	}
	s->left -= n;
	if (!s->streaming) {
		if (s->p)
			s->p += n;
		return p;
	}
	if (n > s->piece_size)
		return join(s, n, err);
	if (n == 0)
		return p;
	p = s->piece;
	s->piece += n;
	s->piece_size -= n;
	return p;
}
