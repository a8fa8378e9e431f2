/* SPDX-License-Identifier: Apache-2.0 */
/* shards.c -- decides which weights files count, by the index or by their names. */
#include "io/shards.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

enum { UNKNOWN = -1 };

struct fl_shards {
	const struct fl_source *src;
	struct fl_json *index;	/* NULL: none, or not yet */
	struct fl_json *named;	/* files of the index: name to true */
	struct fl_json *files;	/* weights files that counted: name to true */
	struct fl_json *places; /* every tensor of them: name to file */
	int set;		/* without index, how many shards there should be; 0: model.safetensors */
	bool own_names;		/* the files of the index are named as one set */
	int given;		/* names given out where they are not */
	bool sets;		/* shards of another set were left out */
	char *left;		/* the first file left out, */
	size_t lefts;		/* and how many */
};

struct fl_shards *
fl_shards_new(const struct fl_source *src)
{
	struct fl_shards *s = fl_alloc(1, sizeof *s);

	s->src = src;
	s->set = UNKNOWN;
	s->files = fl_json_new_object();
	s->places = fl_json_new_object();
	return s;
}

void
fl_shards_free(struct fl_shards *s)
{
	fl_json_free(s->index);
	fl_json_free(s->named);
	fl_json_free(s->files);
	fl_json_free(s->places);
	free(s->left);
	free(s);
}

/* Returns how many shards the set has that a file belongs to by its name, 0 if it is model.safetensors. */
static int
set_of(const char *file)
{
	int which, of;

	if (strcmp(file, FL_MEMBER_WEIGHTS_NAME) == 0)
		return 0;
	return fl_member_shard(file, &which, &of) ? of : UNKNOWN;
}

/* Collects the files of a weight_map; NULL with err set. */
static struct fl_json *
files_of(const struct fl_json *map, const char *what, struct fl_err *err)
{
	struct fl_json *files = fl_json_new_object();

	if (fl_json_type(map) != FL_JSON_OBJECT || fl_json_len(map) == 0)
		fl_err_data(err, "'%s': " FL_MEMBER_INDEX_NAME " has no weight_map", what);
	for (void *it = fl_json_first(map); it && !err->code; it = fl_json_next(map, it)) {
		const char *file = fl_json_str(fl_json_value(it));

		if (file)
			fl_json_set(files, file, fl_json_new_bool(true));
		else
			fl_err_data(err, "'%s': " FL_MEMBER_INDEX_NAME " names no file for tensor '%s'", what,
			    fl_json_key(it));
	}
	if (!err->code)
		return files;
	fl_json_free(files);
	return NULL;
}

static bool
is_there(const struct fl_shards *s, const char *file)
{
	const char *name;

	for (size_t i = 0; (name = fl_source_known(s->src, i)); i++)
		if (strcmp(name, file) == 0)
			return true;
	return false;
}

static bool
any_is_there(const struct fl_shards *s, const struct fl_json *files)
{
	const char *name;

	for (size_t i = 0; (name = fl_source_known(s->src, i)); i++)
		if (fl_json_get(files, name))
			return true;
	return false;
}

static bool
are_one_set(const struct fl_json *files)
{
	int set = set_of(fl_json_key(fl_json_first(files)));

	for (void *it = fl_json_first(files); it; it = fl_json_next(files, it))
		if (set_of(fl_json_key(it)) != set)
			return false;
	return set != UNKNOWN;
}

int
fl_shards_index(struct fl_shards *s, struct fl_json *index, struct fl_err *err)
{
	const char *what = fl_source_name(s->src);

	s->index = index;
	s->named = files_of(fl_json_get(index, "weight_map"), what, err);
	if (!s->named)
		return -1;
	if (is_there(s, FL_MEMBER_WEIGHTS_NAME) && !any_is_there(s, s->named)) {
		fl_warn("'%s': leaving out '" FL_MEMBER_INDEX_NAME "', none of whose files is there", what);
		fl_json_free(s->index);
		fl_json_free(s->named);
		s->index = s->named = NULL;
		return 0;
	}
	s->own_names = are_one_set(s->named);
	return 0;
}

static bool
belongs(struct fl_shards *s, const char *file)
{
	int set = set_of(file);

	if (s->named)
		return fl_json_get(s->named, file);
	if (s->set == UNKNOWN)
		s->set = set;
	s->sets |= set > 0 && s->set > 0 && set != s->set;
	return set != UNKNOWN && set == s->set;
}

bool
fl_shards_count(struct fl_shards *s, const char *file)
{
	if (belongs(s, file)) {
		fl_json_set(s->files, file, fl_json_new_bool(true));
		return true;
	}
	if (s->lefts++ == 0)
		s->left = fl_strdup(file);
	return false;
}

const char *
fl_shards_name(struct fl_shards *s, const char *file, char *buf)
{
	if (!s->named || s->own_names)
		return file;
	if (fl_json_len(s->named) == 1)
		return FL_MEMBER_WEIGHTS_NAME;
	return fl_member_shard_name(buf, ++s->given, (int)fl_json_len(s->named));
}

int
fl_shards_tensors(struct fl_shards *s, const char *file, const struct fl_tensor *tensor, size_t n, struct fl_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = tensor[i].name, *other = fl_json_str(fl_json_get(s->places, name));

		if (other)
			return fl_err_data(err, "'%s': tensor '%s' is in '%s' and in '%s'", fl_source_name(s->src),
			    name, other, file);
		fl_json_set(s->places, name, fl_json_new_str(file));
	}
	return 0;
}

/* Says that what decides about a file has come after it was taken or left out otherwise. */
static int
too_late(const struct fl_shards *s, const char *file, struct fl_err *err)
{
	return fl_err_data(err,
	    "'%s': '%s' comes before what says whether it counts; give the checkpoint as a directory or a plain tar file",
	    fl_source_name(s->src), file);
}

static int
check_index(const struct fl_shards *s, struct fl_err *err)
{
	const struct fl_json *map = fl_json_get(s->index, "weight_map");
	const char *what = fl_source_name(s->src);

	for (void *it = fl_json_first(s->named); it; it = fl_json_next(s->named, it)) {
		const char *file = fl_json_key(it);

		if (fl_json_get(s->files, file))
			continue;
		if (is_there(s, file))
			return too_late(s, file, err);
		return fl_err_data(err, "'%s': '%s', a file of the index, is missing", what, file);
	}
	for (void *it = fl_json_first(s->files); it; it = fl_json_next(s->files, it))
		if (!fl_json_get(s->named, fl_json_key(it)))
			return too_late(s, fl_json_key(it), err);
	for (void *it = fl_json_first(map); it; it = fl_json_next(map, it)) {
		const char *tensor = fl_json_key(it), *is = fl_json_str(fl_json_get(s->places, tensor));

		if (!is)
			return fl_err_data(err, "'%s': tensor '%s' of the index is missing", what, tensor);
		if (strcmp(fl_json_str(fl_json_value(it)), is) != 0)
			return fl_err_data(err, "'%s': tensor '%s' is in '%s', not where the index says", what, tensor,
			    is);
	}
	for (void *it = fl_json_first(s->places); it; it = fl_json_next(s->places, it))
		if (!fl_json_get(map, fl_json_key(it)))
			return fl_err_data(err, "'%s': tensor '%s' is not in the index", what, fl_json_key(it));
	return 0;
}

static int
check_set(const struct fl_shards *s, struct fl_err *err)
{
	char shard[FL_MEMBER_SHARD_LEN];

	if (s->set > 0 && is_there(s, FL_MEMBER_WEIGHTS_NAME))
		return too_late(s, fl_json_key(fl_json_first(s->files)), err);
	if (s->sets)
		return fl_err_data(err,
		    "'%s' holds two sets of shards and no index that says which counts: '%s' is of another",
		    fl_source_name(s->src), s->left);
	for (int i = 1; i <= s->set; i++)
		if (!fl_json_get(s->files, fl_member_shard_name(shard, i, s->set)))
			return fl_err_data(err, "'%s': shard '%s' is missing", fl_source_name(s->src), shard);
	return 0;
}

static void
remark(const struct fl_shards *s)
{
	struct fl_str more = { 0 };

	if (s->lefts > 1)
		fl_str_printf(&more, " and %zu more weights files", s->lefts - 1);
	fl_warn("'%s': leaving out '%s'%s, %s", fl_source_name(s->src), s->left, more.data ? more.data : "",
	    s->index ? "which the index does not name" : "beside the weights that count");
	fl_str_free(&more);
}

int
fl_shards_end(const struct fl_shards *s, struct fl_err *err)
{
	if (fl_json_len(s->files) == 0 && (!s->index || s->lefts == 0))
		return fl_err_data(err, "'%s' holds no " FL_MEMBER_WEIGHTS_NAME, fl_source_name(s->src));
	if ((s->index ? check_index(s, err) : check_set(s, err)) < 0)
		return -1;
	if (s->lefts)
		remark(s);
	return 0;
}
