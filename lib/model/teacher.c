/* SPDX-License-Identifier: Apache-2.0 */
#include "model/teacher.h"

#include <stdio.h>
#include <sys/stat.h>

/* A safetensors file begins with the length of its header, and the header with a brace; no archive does.
 * What is no file would not survive being opened twice, and is a checkpoint. */
static bool
is_cache(const char *path)
{
	struct stat st;
	FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
	char start[9];
	bool is = f && fread(start, sizeof start, 1, f) == 1 && start[8] == '{';

	if (f)
		fclose(f);
	return is;
}

int
fl_teacher_open(struct fl_teacher *t, const char *path, const struct fl_teacher_key *key,
    struct fl_err *err)
{
	*t = (struct fl_teacher){ 0 };
	if (is_cache(path)) {
		t->cache = fl_teacher_cache_open(path, key, err);
		return t->cache ? 0 : -1;
	}
	t->model = fl_model_open(path, err);
	if (!t->model)
		return -1;
	if ((size_t)t->model->config.vocab != key->vocab)
		return fl_err_data(err, "'%s' has a vocabulary of %d, the model one of %zu", path,
		    t->model->config.vocab, key->vocab);
	return 0;
}
