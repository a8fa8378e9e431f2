/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/checkpoint.h"
#include "io/members.h"
#include "io/output.h"
#include "io/safetensors.h"
#include "io/tar.h"
#include "io/zst.h"

struct fl_writer {
	struct fl_output *out;	   /* the archive or the directory */
	struct fl_tar_writer *tar; /* NULL: a directory, */
	struct fl_output *file;	   /* and the file of it that is being written */
	struct fl_zst *zst;	   /* between tar and out; NULL: plain */
	uint64_t left;		   /* bytes of the weights file still to be put */
	struct fl_json *places;	   /* tensor to weights file: the shard index */
	uint64_t total;		   /* bytes of all tensors */
	bool sharded;
	struct fl_str history; /* held back: it goes last, behind the index */
};

static int
push(void *ctx, const void *data, size_t n, struct fl_err *err)
{
	struct fl_writer *w = ctx;

	return w->zst ? fl_zst_put(w->zst, data, n, err) : fl_output_write(w->out, data, n, err);
}

static int
push_compressed(void *ctx, const void *data, size_t n, struct fl_err *err)
{
	struct fl_writer *w = ctx;

	return fl_output_write(w->out, data, n, err);
}

struct fl_writer *
fl_writer_open(const char *path, bool zstd, struct fl_err *err)
{
	bool dir = path && fl_str_ends(path, "/");
	struct fl_output *out = dir ? fl_output_open_dir(path, err) : fl_output_open(path, err);
	struct fl_writer *w;

	if (!out)
		return NULL;
	w = fl_alloc(1, sizeof *w);
	w->out = out;
	w->places = fl_json_new_object();
	if (!dir)
		w->tar = fl_tar_writer_open(push, w);
	if (!dir && (zstd || (path && fl_str_ends(path, ".zst"))))
		w->zst = fl_zst_new(push_compressed, w);
	return w;
}

static void
free_writer(struct fl_writer *w)
{
	fl_tar_writer_close(w->tar);
	fl_zst_free(w->zst);
	fl_json_free(w->places);
	fl_str_free(&w->history);
	free(w);
}

void
fl_writer_abandon(struct fl_writer *w)
{
	if (!w)
		return;
	fl_output_abandon(w->file);
	fl_output_abandon(w->out);
	w->file = w->out = NULL;
	free_writer(w);
}

/* A member: begin, put so many bytes, end. */

static int
begin(struct fl_writer *w, const char *name, uint64_t size, struct fl_err *err)
{
	if (w->left > 0)
		fl_bug("'%s' begins while %llu bytes of weights are missing", name,
		    (unsigned long long)w->left);
	if (w->tar)
		return fl_tar_begin(w->tar, name, size, err);
	w->file = fl_output_open_in(w->out, name, err);
	return w->file ? 0 : -1;
}

static int
put(struct fl_writer *w, const void *data, size_t n, struct fl_err *err)
{
	return w->tar ? fl_tar_put(w->tar, data, n, err) : fl_output_write(w->file, data, n, err);
}

static int
end(struct fl_writer *w, struct fl_err *err)
{
	struct fl_output *file = w->file;

	w->file = NULL;
	return file ? fl_output_commit(file, err) : 0;
}

static int
write_member(struct fl_writer *w, const char *name, const void *data, size_t size, struct fl_err *err)
{
	return begin(w, name, size, err) < 0 || put(w, data, size, err) < 0 ? -1 : end(w, err);
}

int
fl_writer_member(struct fl_writer *w, const char *name, const void *data, size_t size,
    struct fl_err *err)
{
	if (strcmp(name, FL_MEMBER_HISTORY_NAME) != 0)
		return write_member(w, name, data, size, err);
	fl_str_clear(&w->history);
	fl_str_add(&w->history, data, size);
	return 0;
}

static int
write_json(struct fl_writer *w, const char *name, const struct fl_json *v, struct fl_err *err)
{
	struct fl_str text = { 0 };
	int rc;

	fl_json_write(&text, v, 2);
	fl_str_putc(&text, '\n');
	rc = write_member(w, name, text.data, text.len, err);
	fl_str_free(&text);
	return rc;
}

int
fl_writer_config(struct fl_writer *w, const struct fl_json *config, struct fl_err *err)
{
	return write_json(w, FL_MEMBER_CONFIG_NAME, config, err);
}

/* The header of a weights file, with its length in front. */
static void
make_header(struct fl_str *out, const struct fl_tensor *tensor, size_t n,
    const struct fl_json *metadata)
{
	struct fl_json *usual = fl_json_new_object();

	fl_json_set(usual, "format", fl_json_new_str("pt"));
	fl_safetensors_header(out, tensor, n, metadata ? metadata : usual);
	fl_json_free(usual);
}

int
fl_writer_weights(struct fl_writer *w, const char *name, const struct fl_tensor *tensor, size_t n,
    const struct fl_json *metadata, struct fl_err *err)
{
	struct fl_str header = { 0 };
	uint64_t size = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		size += tensor[i].size;
		fl_json_set(w->places, tensor[i].name, fl_json_new_str(name));
	}
	w->total += size;
	w->sharded |= strcmp(name, FL_MEMBER_WEIGHTS_NAME) != 0;
	make_header(&header, tensor, n, metadata);
	rc = begin(w, name, header.len + size, err);
	if (rc == 0)
		rc = put(w, header.data, header.len, err);
	fl_str_free(&header);
	w->left = size;
	return rc == 0 && size == 0 ? end(w, err) : rc;
}

int
fl_writer_put(struct fl_writer *w, const void *data, size_t n, struct fl_err *err)
{
	if (n > w->left)
		fl_bug("%zu bytes for weights that need %llu", n, (unsigned long long)w->left);
	if (n == 0)
		return 0;
	w->left -= n;
	if (put(w, data, n, err) < 0)
		return -1;
	return w->left == 0 ? end(w, err) : 0;
}

static int
write_index(struct fl_writer *w, struct fl_err *err)
{
	struct fl_json *index = fl_json_new_object(), *metadata = fl_json_new_object();
	int rc;

	fl_json_set(metadata, "total_size", fl_json_new_int((long long)w->total));
	fl_json_set(index, "metadata", metadata);
	fl_json_set(index, "weight_map", w->places);
	w->places = NULL;
	rc = write_json(w, FL_MEMBER_INDEX_NAME, index, err);
	fl_json_free(index);
	return rc;
}

static int
write_rest(struct fl_writer *w, struct fl_err *err)
{
	if (w->sharded && write_index(w, err) < 0)
		return -1;
	if (w->history.len &&
	    write_member(w, FL_MEMBER_HISTORY_NAME, w->history.data, w->history.len, err) < 0)
		return -1;
	if (w->tar && fl_tar_finish(w->tar, err) < 0)
		return -1;
	return w->zst ? fl_zst_finish(w->zst, err) : 0;
}

int
fl_writer_commit(struct fl_writer *w, struct fl_err *err)
{
	int rc;

	if (w->left > 0)
		fl_bug("commit while %llu bytes of weights are missing", (unsigned long long)w->left);
	if (write_rest(w, err) < 0) {
		fl_writer_abandon(w);
		return -1;
	}
	rc = fl_output_commit(w->out, err);
	free_writer(w);
	return rc;
}
