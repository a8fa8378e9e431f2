/* SPDX-License-Identifier: Apache-2.0 */
#include "model/teacher.h"

#include <string.h>
#include <unistd.h>

#include "base/ranks.h"
#include "model/config.h"
#include "model/roles.h"

/* Known before any weight is read. */
static int
check_fingerprint(const struct fl_teacher_cache *c, const struct fl_teacher_opts *o, struct fl_err *err)
{
	struct fl_config config;
	struct fl_reader *in = fl_config_open(o->path, &config, err);
	char print[FL_DIGEST_LEN];

	if (!in)
		return -1;
	fl_config_fingerprint(&config, print);
	fl_config_free(&config);
	fl_reader_close(in);
	if (strcmp(print, fl_teacher_cache_fingerprint(c)) != 0)
		return fl_err_data(err, "'%s' was made of another teacher; remove it to make it anew",
		    o->cache_path);
	return 0;
}

static int
make_cache(struct fl_teacher *t, const struct fl_teacher_opts *o, const struct fl_teacher_key *key,
    struct fl_samples *s, struct fl_err *err)
{
	int bad;

	if (fl_ranks_self() != 0)
		return 0;
	if (!o->path)
		return fl_err_usage(err, "'%s' is not there: name a teacher to make it of", o->cache_path);
	t->model = fl_model_open(o->path, err);
	if (!t->model)
		return -1;
	bad = fl_teacher_cache_write(o->cache_path, t->model, s, o->count, key, o->top, err);
	fl_model_free(t->model);
	t->model = NULL;
	return bad;
}

int
fl_teacher_open(struct fl_teacher *t, const struct fl_teacher_opts *o, const struct fl_teacher_key *key,
    struct fl_samples *s, struct fl_err *err)
{
	bool there = fl_ranks_all(o->cache_path && access(o->cache_path, F_OK) == 0), made;

	*t = (struct fl_teacher){ 0 };
	if (!o->cache_path && !o->path)
		return 0;
	if (!o->cache_path) {
		t->model = fl_model_open(o->path, err);
		return t->model ? 0 : -1;
	}
	made = there || make_cache(t, o, key, s, err) == 0;
	if (!fl_ranks_all(made))
		return fl_err_data(err, "another rank failed");
	t->cache = fl_teacher_cache_open(o->cache_path, key, err);
	if (!t->cache)
		return -1;
	return there && o->path ? check_fingerprint(t->cache, o, err) : 0;
}

void
fl_teacher_close(struct fl_teacher *t)
{
	fl_model_free(t->model);
	fl_teacher_cache_close(t->cache);
	*t = (struct fl_teacher){ 0 };
}
