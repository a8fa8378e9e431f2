/* SPDX-License-Identifier: Apache-2.0 */
/* libarchive takes a tar without end marker for a complete one, and stops at the first zero block of a
 * longer one. So the bytes are watched as they are handed to it: how many there were, and how many
 * zeros they end with. After its end of archive everything is drained, and all bytes from where it saw
 * the end must be zeros, two blocks of 512 at least. */
#include "io/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	END_MARKER = 2 * 512,
	MAX_PADDING = 16 << 20, /* behind it; tar fills a record, of 10 KiB unless told */
};

struct fl_tar {
	struct archive *a;
	fl_tar_pull *pull;
	void *ctx;
	const char *what;
	struct fl_err err;     /* of pull, while libarchive is between it and us */
	uint64_t total, zeros; /* bytes pulled, and how many zeros they end with */
	bool ended;
	struct fl_tar_member member; /* the current one, */
	uint64_t given;		     /* and how much of it was handed out */
};

static ssize_t
pull(struct archive *a, void *ctx, const void **data)
{
	struct fl_tar *t = ctx;
	const char *p;
	size_t n, k;

	if (t->err.code || t->pull(t->ctx, data, &n, &t->err) < 0) {
		archive_set_error(a, EIO, "cannot read");
		return -1;
	}
	p = *data;
	if (t->total == 0 && n >= 4 && memcmp(p, "GGUF", 4) == 0)
		fl_err_data(&t->err, "'%s' is a GGUF file: make a checkpoint of it with fl-import", t->what);
	for (k = n; k > 0 && p[k - 1] == 0; k--)
		;
	t->zeros = k ? n - k : t->zeros + n;
	t->total += n;
	t->ended = n == 0;
	return (ssize_t)n;
}

struct fl_tar *
fl_tar_open(fl_tar_pull *from, void *ctx, const char *what)
{
	struct fl_tar *t = fl_alloc(1, sizeof *t);

	t->a = archive_read_new();
	if (!t->a || archive_read_support_format_tar(t->a) != ARCHIVE_OK)
		fl_no_memory("a tar reader");
	t->pull = from;
	t->ctx = ctx;
	t->what = what;
	return t;
}

void
fl_tar_close(struct fl_tar *t)
{
	if (t)
		archive_read_free(t->a);
	free(t);
}

/* What is wrong when libarchive gives up: our own reading, an early end, or the bytes. */
static int
refuse(struct fl_tar *t, struct fl_err *err)
{
	if (t->err.code) {
		if (!err->code)
			*err = t->err;
		return -1;
	}
	if (t->total == 0)
		return fl_err_data(err, "'%s' is empty", t->what);
	if (t->ended && archive_file_count(t->a) > 0)
		return fl_err_data(err, "'%s' ends early", t->what);
	if (archive_file_count(t->a) > 0)
		return fl_err_data(err, "'%s' is a damaged tar", t->what);
	return fl_err_data(err, "'%s' is neither a tar nor a zstd-compressed tar", t->what);
}

static int
check_end(struct fl_tar *t, struct fl_err *err)
{
	uint64_t end = (uint64_t)archive_read_header_position(t->a);
	const void *data;

	while (!t->ended && t->total <= end + MAX_PADDING)
		if (pull(t->a, t, &data) < 0)
			return refuse(t, err);
	if (t->total < end + END_MARKER)
		return fl_err_data(err, "'%s' ends early", t->what);
	if (t->total - t->zeros > end)
		return fl_err_data(err, "'%s' has bytes after its end", t->what);
	if (t->total - end > MAX_PADDING)
		return fl_err_data(err, "'%s' has more than %d MiB of padding after its end", t->what,
		    MAX_PADDING >> 20);
	return 0;
}

static int
check_member(struct archive_entry *e, const char *name, const char *what, struct fl_err *err)
{
	if (archive_entry_hardlink(e) || archive_entry_symlink(e))
		return fl_err_data(err, "'%s': member '%s' is a link", what, name);
	if (archive_entry_filetype(e) != AE_IFREG && archive_entry_filetype(e) != AE_IFDIR)
		return fl_err_data(err, "'%s': member '%s' is not a plain file", what, name);
	if (archive_entry_sparse_count(e) > 0)
		return fl_err_data(err, "'%s': member '%s' is stored as a sparse file", what, name);
	if (!archive_entry_size_is_set(e) || archive_entry_size(e) < 0)
		return fl_err_data(err, "'%s': member '%s' has no size", what, name);
	return 0;
}

int
fl_tar_next(struct fl_tar *t, struct fl_tar_member *m, struct fl_err *err)
{
	struct archive_entry *e;
	const char *name;
	int rc;

	if (t->total == 0 && archive_read_open2(t->a, t, NULL, pull, NULL, NULL) != ARCHIVE_OK)
		return refuse(t, err);
	rc = archive_read_next_header(t->a, &e);
	if (rc == ARCHIVE_EOF)
		return t->total ? check_end(t, err) : refuse(t, err);
	/* A name outside the locale is good enough; other warnings are of records that were not understood. */
	if (rc != ARCHIVE_OK && !(rc == ARCHIVE_WARN && archive_errno(t->a) == EILSEQ))
		return refuse(t, err);
	name = archive_entry_pathname(e);
	if (!name)
		name = archive_entry_pathname_utf8(e);
	if (!name || !*name)
		return fl_err_data(err, "'%s' has a member without a readable name", t->what);
	if (check_member(e, name, t->what, err) < 0)
		return -1;
	t->member.name = name;
	t->member.size = (uint64_t)archive_entry_size(e);
	t->member.directory = archive_entry_filetype(e) == AE_IFDIR;
	t->given = 0;
	*m = t->member;
	return 1;
}

int
fl_tar_data(struct fl_tar *t, const void **data, size_t *n, struct fl_err *err)
{
	la_int64_t offset;
	int rc;

	do
		rc = archive_read_data_block(t->a, data, n, &offset);
	while (rc == ARCHIVE_OK && *n == 0);
	if (rc != ARCHIVE_EOF && rc != ARCHIVE_OK)
		return refuse(t, err);
	if (rc == ARCHIVE_EOF) {
		*n = 0;
		offset = (la_int64_t)t->member.size;
	}
	/* Of a sparse file that check_member() did not know for one. */
	if ((uint64_t)offset != t->given || *n > t->member.size - t->given)
		return fl_err_data(err, "'%s': the pieces of member '%s' do not fill its size", t->what,
		    t->member.name);
	t->given += *n;
	return 0;
}

struct fl_tar_writer {
	struct archive *a;
	struct archive_entry *e;
	fl_tar_push *push;
	void *ctx;
	struct fl_err err; /* of push */
};

/* libarchive never hears of a failure: after one it would not free all of its memory. What follows a
 * failure is thrown away, and written() reports it. */
static la_ssize_t
push(struct archive *a, void *ctx, const void *data, size_t n)
{
	struct fl_tar_writer *w = ctx;

	(void)a;
	if (w->err.code == FL_EXIT_OK && w->push(w->ctx, data, n, &w->err) < 0 && !w->err.code)
		fl_bug("a write failed without a reason");
	return (la_ssize_t)n;
}

/* Nothing is gathered here (blocks of 0): headers and data pass to push as they are. */
struct fl_tar_writer *
fl_tar_writer_open(fl_tar_push *to, void *ctx)
{
	struct fl_tar_writer *w = fl_alloc(1, sizeof *w);

	w->a = archive_write_new();
	w->e = archive_entry_new();
	w->push = to;
	w->ctx = ctx;
	if (!w->a || !w->e || archive_write_set_format_pax_restricted(w->a) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(w->a, 0) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(w->a, 1) != ARCHIVE_OK ||
	    archive_write_open(w->a, w, NULL, push, NULL) != ARCHIVE_OK)
		fl_no_memory("a tar writer");
	return w;
}

static int
written(const struct fl_tar_writer *w, bool ok, struct fl_err *err)
{
	if (!ok)
		fl_bug("tar writer: %s", archive_error_string(w->a));
	if (w->err.code == FL_EXIT_OK)
		return 0;
	if (err->code == FL_EXIT_OK)
		*err = w->err;
	return -1;
}

int
fl_tar_begin(struct fl_tar_writer *w, const char *name, uint64_t size, struct fl_err *err)
{
	archive_entry_clear(w->e);
	archive_entry_set_pathname(w->e, name);
	archive_entry_set_size(w->e, (la_int64_t)size);
	archive_entry_set_filetype(w->e, AE_IFREG);
	archive_entry_set_perm(w->e, 0644);
	/* a warning: the name is not UTF-8 and was stored as it is */
	return written(w, archive_write_header(w->a, w->e) >= ARCHIVE_WARN, err);
}

int
fl_tar_put(struct fl_tar_writer *w, const void *data, size_t n, struct fl_err *err)
{
	return written(w, archive_write_data(w->a, data, n) == (la_ssize_t)n, err);
}

int
fl_tar_finish(struct fl_tar_writer *w, struct fl_err *err)
{
	return written(w, archive_write_close(w->a) == ARCHIVE_OK, err);
}

/* libarchive ends the archive when it is freed, if that was not done: into nowhere. */
void
fl_tar_writer_close(struct fl_tar_writer *w)
{
	if (!w)
		return;
	w->err.code = FL_EXIT_NO;
	archive_write_free(w->a);
	archive_entry_free(w->e);
	free(w);
}
