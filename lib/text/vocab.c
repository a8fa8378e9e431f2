/* SPDX-License-Identifier: Apache-2.0 */
#include "text/vocab.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"

static size_t
find(const struct fl_vocab *v, const char *text, size_t len)
{
	size_t mask = v->slots - 1, i = (size_t)fl_hash(text, len, 0) & mask;

	for (; v->slot[i]; i = (i + 1) & mask) {
		const struct fl_token *t = &v->token[v->slot[i] - 1];

		if (t->len == len && memcmp(t->text, text, len) == 0)
			break;
	}
	return i;
}

/* At most half of the slots are taken. */
static void
reserve(struct fl_vocab *v)
{
	if (2 * (v->count + 1) <= v->slots)
		return;
	v->slots = v->slots ? 2 * v->slots : 1024;
	free(v->slot);
	v->slot = fl_alloc(v->slots, sizeof *v->slot);
	for (size_t id = 0; id < v->n; id++)
		if (v->token[id].text)
			v->slot[find(v, v->token[id].text, v->token[id].len)] = (uint32_t)id + 1;
}

static void
extend(struct fl_vocab *v, size_t n)
{
	if (n <= v->n)
		return;
	v->token = fl_grow(v->token, &v->cap, n, sizeof *v->token);
	memset(v->token + v->n, 0, (n - v->n) * sizeof *v->token);
	v->n = n;
}

int
fl_vocab_add(struct fl_vocab *v, long long id, const char *text, size_t len, uint8_t type,
    struct fl_err *err)
{
	int shown = len < 100 ? (int)len : 100; /* not every text is ended by a NUL */
	size_t at;

	if (id < 0 || id >= FL_VOCAB_MAX)
		return fl_err_data(err, "token '%.*s' has the id %lld, out of range", shown, text, id);
	extend(v, (size_t)id + 1);
	reserve(v);
	if (v->token[id].text)
		return fl_err_data(err, "tokens '%s' and '%.*s' have the same id %lld",
		    v->token[id].text, shown, text, id);
	at = find(v, text, len);
	if (v->slot[at])
		return fl_err_data(err, "token '%.*s' has two ids", shown, text);
	v->token[id] = (struct fl_token){ fl_strndup(text, len), (uint32_t)len, type };
	v->slot[at] = (uint32_t)id + 1;
	v->count++;
	return 0;
}

long
fl_vocab_find(const struct fl_vocab *v, const char *text, size_t len)
{
	return v->slots ? (long)v->slot[find(v, text, len)] - 1 : -1;
}

void
fl_vocab_free(struct fl_vocab *v)
{
	for (size_t id = 0; id < v->n; id++)
		free(v->token[id].text);
	free(v->token);
	free(v->slot);
	*v = (struct fl_vocab){ 0 };
}
