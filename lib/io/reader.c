/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/str.h"
#include "io/checkpoint.h"
#include "io/safetensors.h"
#include "io/shards.h"
#include "io/source.h"

enum { SKIP = 1 << 20 };

/* The digest of all tensor bytes. What is skipped in a mapped checkpoint before anything was taken is
 * only noted, since nobody may ask (fl-info takes nothing, and does not wait for the disk). */
struct digest {
	struct fl_digest *state;
	struct piece {
		const void *p;
		size_t n;
	} *noted;
	size_t n, cap;
	bool taken;
	char hex[FL_DIGEST_LEN];
};

struct fl_reader {
	struct fl_source *src;
	struct fl_json *config;
	struct fl_str member, history;
	struct digest *digest;

	struct fl_safetensors *weights; /* the current file, */
	size_t at;			/* its next tensor, */
	uint64_t left;			/* and what is untaken of the one before */
	struct fl_digest *twin[2];	/* of the head and of the embedding, once they have come; */
	struct fl_digest *current;	/* the one of these that is being read, or NULL */

	struct fl_shards *shards;
	char name[FL_MEMBER_SHARD_LEN]; /* of the current file, where it is not its own */
	bool ended;
};

static struct digest *
digest_new(void)
{
	struct digest *d = fl_alloc(1, sizeof *d);

	d->state = fl_digest_new();
	return d;
}

static void
digest_free(struct digest *d)
{
	fl_digest_free(d->state);
	free(d->noted);
	free(d);
}

static void
digest_note(struct digest *d, const void *p, size_t n)
{
	d->noted = fl_grow(d->noted, &d->cap, d->n + 1, sizeof *d->noted);
	d->noted[d->n++] = (struct piece){ p, n };
}

static void
digest_noted(struct digest *d)
{
	for (size_t i = 0; i < d->n; i++)
		fl_digest_add(d->state, d->noted[i].p, d->noted[i].n);
	d->n = 0;
}

static void
digest_add(struct digest *d, const void *p, size_t n)
{
	d->taken = true;
	digest_noted(d);
	fl_digest_add(d->state, p, n);
}

static const char *
digest_hex(struct digest *d)
{
	digest_noted(d);
	return fl_digest_hex(d->state, d->hex);
}

const char *
fl_reader_name(const struct fl_reader *r)
{
	return fl_source_name(r->src);
}

const struct fl_json *
fl_reader_config(const struct fl_reader *r)
{
	return r->config;
}

bool
fl_reader_mapped(const struct fl_reader *r)
{
	return fl_source_mapped(r->src);
}

const char *
fl_reader_history(const struct fl_reader *r)
{
	return r->history.data ? r->history.data : "";
}

const char *
fl_reader_digest(const struct fl_reader *r)
{
	return digest_hex(r->digest);
}

bool
fl_reader_head_is_copy(const struct fl_reader *r)
{
	char hex[2][FL_DIGEST_LEN];

	for (size_t i = 0; i < 2; i++)
		if (r->twin[i])
			fl_digest_hex(r->twin[i], hex[i]);
	return r->twin[0] && r->twin[1] && strcmp(hex[0], hex[1]) == 0;
}

void
fl_reader_close(struct fl_reader *r)
{
	if (!r)
		return;
	fl_safetensors_free(r->weights);
	digest_free(r->digest);
	for (size_t i = 0; i < 2; i++)
		fl_digest_free(r->twin[i]);
	fl_json_free(r->config);
	fl_shards_free(r->shards);
	fl_str_free(&r->member);
	fl_str_free(&r->history);
	fl_source_close(r->src);
	free(r);
}

/* The whole of the current member, NUL-terminated. */
static int
read_member(struct fl_source *src, const struct fl_member *m, struct fl_str *out, struct fl_err *err)
{
	const void *p = fl_source_take(src, m->size, err);

	if (!p)
		return -1;
	fl_str_clear(out);
	fl_str_add(out, p, m->size);
	return 0;
}

static struct fl_json *
read_json(struct fl_reader *r, const struct fl_member *m, struct fl_err *err)
{
	struct fl_json *v = NULL;

	if (read_member(r->src, m, &r->member, err) == 0)
		v = fl_json_parse(r->member.data, r->member.len, m->name, err);
	if (v && fl_json_type(v) != FL_JSON_OBJECT) {
		fl_err_data(err, "'%s' is not an object", m->name);
		fl_json_free(v);
		v = NULL;
	}
	if (!v && err->code == FL_EXIT_DATA)
		fl_err_prefix(err, "'%s'", fl_reader_name(r));
	return v;
}

static int
read_history(struct fl_reader *r, const struct fl_member *m, struct fl_err *err)
{
	if (read_member(r->src, m, &r->history, err) < 0)
		return -1;
	if (memchr(r->history.data, '\0', r->history.len))
		return fl_err_data(err, "'%s': '%s' holds a NUL byte", fl_reader_name(r), m->name);
	return 0;
}

static int
read_config(struct fl_reader *r, struct fl_err *err)
{
	struct fl_member m;
	int got = fl_source_next(r->src, &m, err);

	if (got < 0)
		return -1;
	if (got == 0 || m.kind != FL_MEMBER_CONFIG)
		return fl_err_data(err, "'%s' holds no config.json", fl_reader_name(r));
	r->config = read_json(r, &m, err);
	return r->config ? 0 : -1;
}

struct fl_reader *
fl_reader_open(const char *path, struct fl_err *err)
{
	struct fl_source *src = fl_source_open(path, true, err);
	struct fl_reader *r;

	if (!src)
		return NULL;
	r = fl_alloc(1, sizeof *r);
	r->src = src;
	r->digest = digest_new();
	r->shards = fl_shards_new(src);
	if (read_config(r, err) == 0)
		return r;
	fl_reader_close(r);
	return NULL;
}

static struct fl_safetensors *
read_header(struct fl_reader *r, const struct fl_member *m, struct fl_err *err)
{
	const void *p = fl_source_take(r->src, 8, err);
	uint64_t len;

	if (!p || fl_safetensors_room(p, m->size, m->name, &len, err) < 0)
		return NULL;
	p = fl_source_take(r->src, len, err);
	return p ? fl_safetensors_parse_sized(p, len, m->size, m->name, err) : NULL;
}

static int
begin_weights(struct fl_reader *r, const struct fl_member *m, struct fl_item *item, struct fl_err *err)
{
	if (!fl_shards_count(r->shards, m->name))
		return 0;
	fl_safetensors_free(r->weights);
	r->weights = read_header(r, m, err);
	if (!r->weights)
		return fl_err_prefix(err, "'%s'", fl_reader_name(r));
	r->at = 0;
	*item = (struct fl_item){
		.kind = FL_ITEM_WEIGHTS,
		.name = fl_shards_name(r->shards, m->name, r->name),
		.tensor = r->weights->tensor,
		.n = r->weights->n,
		.metadata = r->weights->metadata,
	};
	return fl_shards_tensors(r->shards, m->name, r->weights->tensor, r->weights->n, err) < 0 ? -1 : 1;
}

/* Handles a member that has just begun; 1 if it gives an item, 0 if it is kept here. */
static int
begin_member(struct fl_reader *r, const struct fl_member *m, struct fl_item *item, struct fl_err *err)
{
	struct fl_json *index;

	switch (m->kind) {
	case FL_MEMBER_WEIGHTS:
	case FL_MEMBER_SHARD:
	case FL_MEMBER_NAMED: return begin_weights(r, m, item, err);
	case FL_MEMBER_INDEX:
		index = read_json(r, m, err);
		return index ? fl_shards_index(r->shards, index, err) : -1;
	case FL_MEMBER_HISTORY: return read_history(r, m, err);
	case FL_MEMBER_SMALL: break;
	default: fl_bug("member '%s' is of kind %d", m->name, (int)m->kind);
	}
	if (read_member(r->src, m, &r->member, err) < 0)
		return -1;
	*item = (struct fl_item){
		.kind = FL_ITEM_MEMBER,
		.name = m->name,
		.data = r->member.data,
		.size = r->member.len,
	};
	return 1;
}

static int
next_tensor(struct fl_reader *r, struct fl_item *item)
{
	static const char *const twins[2] = { "lm_head.weight", "embed_tokens.weight" };
	const struct fl_tensor *t = &r->weights->tensor[r->at++];

	r->left = t->size;
	r->current = NULL;
	for (size_t i = 0; i < 2; i++)
		if (fl_str_ends(t->name, twins[i]) && !r->twin[i])
			r->current = r->twin[i] = fl_digest_new();
	*item = (struct fl_item){ .kind = FL_ITEM_TENSOR, .name = t->name, .tensor = t, .n = 1 };
	return 1;
}

/* Past what is untaken of the current tensor. */
static int
skip(struct fl_reader *r, struct fl_err *err)
{
	if (fl_reader_mapped(r) && !r->digest->taken) {
		const void *p = fl_source_take(r->src, r->left, err);

		if (!p)
			return -1;
		digest_note(r->digest, p, r->left);
		if (r->current)
			fl_digest_add(r->current, p, r->left);
		r->left = 0;
	}
	while (r->left > 0)
		if (!fl_reader_take(r, r->left < SKIP ? r->left : SKIP, err))
			return -1;
	return 0;
}

int
fl_reader_next(struct fl_reader *r, struct fl_item *item, struct fl_err *err)
{
	struct fl_member m;
	int got = 0;

	if (r->left > 0 && skip(r, err) < 0)
		return -1;
	if (r->weights && r->at < r->weights->n)
		return next_tensor(r, item);
	while (got == 0 && !r->ended) {
		got = fl_source_next(r->src, &m, err);
		if (got == 0 && fl_shards_end(r->shards, err) < 0)
			return -1;
		r->ended = got == 0;
		if (got > 0)
			got = begin_member(r, &m, item, err);
	}
	return got;
}

const void *
fl_reader_take(struct fl_reader *r, size_t n, struct fl_err *err)
{
	const void *p;

	if (n > r->left)
		fl_bug("%zu bytes taken of a tensor that has %llu left", n, (unsigned long long)r->left);
	p = fl_source_take(r->src, n, err);
	if (!p)
		return NULL;
	r->left -= n;
	digest_add(r->digest, p, n);
	if (r->current)
		fl_digest_add(r->current, p, n);
	return p;
}

/* A directory has the file or not; whatever else it holds does not matter. */
static int
members_of_dir(const char *dir, const char *const *name, size_t n, struct fl_str *text,
    struct fl_err *err)
{
	struct fl_str path = { 0 };

	for (size_t i = 0; i < n && !err->code; i++) {
		fl_str_clear(&path);
		fl_str_printf(&path, "%s/%s", dir, name[i]);
		if (access(path.data, F_OK) == 0)
			text[i].data = fl_slurp(path.data, FL_MEMBER_MAX, &text[i].len, err);
		else if (errno != ENOENT)
			fl_err_sys(err, "cannot open '%s'", path.data);
	}
	fl_str_free(&path);
	return err->code ? -1 : 0;
}

int
fl_checkpoint_members(const char *path, const char *const *name, size_t n, struct fl_str *text,
    struct fl_err *err)
{
	struct fl_source *src;
	struct fl_member m;
	struct stat st;
	int got;

	if (path && strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return members_of_dir(path, name, n, text, err);
	src = fl_source_open(path, false, err);
	if (!src)
		return -1;
	while ((got = fl_source_next(src, &m, err)) > 0)
		for (size_t i = 0; i < n && got > 0; i++)
			if (strcmp(m.name, name[i]) == 0 && read_member(src, &m, &text[i], err) < 0)
				got = -1;
	fl_source_close(src);
	return got;
}
