/* SPDX-License-Identifier: Apache-2.0 */
#include "model/teacher.h"

#include "io/safetensors.h"

int
fl_teacher_open(struct fl_teacher *t, const char *path, const struct fl_teacher_key *key,
    struct fl_err *err)
{
	int cached = fl_safetensors_is(path, err);

	*t = (struct fl_teacher){ 0 };
	if (cached < 0)
		return -1;
	if (cached) {
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
