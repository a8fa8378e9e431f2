/* SPDX-License-Identifier: Apache-2.0 */
#include "export/pickle.h"

#include <stdio.h>
#include <string.h>

/* Of the opcodes in Lib/pickletools.py, those needed. */
enum {
	PROTO = 0x80, MARK = '(', STOP = '.', GLOBAL = 'c', REDUCE = 'R', BINPERSID = 'Q', EMPTY_DICT = '}',
	SETITEMS = 'u', EMPTY_TUPLE = ')', TUPLE = 't', BINUNICODE = 'X', BININT = 'J', LONG1 = 0x8a, NEWFALSE = 0x89,
};

static void
op(struct fl_pickle *p, int code)
{
	fl_str_putc(&p->text, (char)code);
}

static void
global(struct fl_pickle *p, const char *module, const char *name)
{
	op(p, GLOBAL);
	fl_str_printf(&p->text, "%s\n%s\n", module, name);
}

static void
text(struct fl_pickle *p, const char *s)
{
	uint32_t n = (uint32_t)strlen(s);

	op(p, BINUNICODE);
	fl_str_add(&p->text, &n, sizeof n);
	fl_str_add(&p->text, s, n);
}

static void
number(struct fl_pickle *p, uint64_t v)
{
	op(p, v <= INT32_MAX ? BININT : LONG1);
	if (v > INT32_MAX)
		fl_str_putc(&p->text, 8); /* bytes; v is below 2^63 */
	fl_str_add(&p->text, &v, v <= INT32_MAX ? 4 : 8);
}

void
fl_pickle_begin(struct fl_pickle *p)
{
	op(p, PROTO);
	op(p, 2);
	op(p, EMPTY_DICT);
	op(p, MARK);
}

/* name: torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks), where the storage
 * is the persistent ('storage', class, key, 'cpu', elements). */
void
fl_pickle_tensor(struct fl_pickle *p, const char *name, const char *storage, const uint64_t *shape, size_t dims)
{
	uint64_t all = 1;
	char key[24];

	for (size_t i = 0; i < dims; i++)
		all *= shape[i];
	snprintf(key, sizeof key, "%zu", p->n++);
	text(p, name);
	global(p, "torch._utils", "_rebuild_tensor_v2");
	op(p, MARK);
	op(p, MARK);
	text(p, "storage");
	global(p, "torch", storage);
	text(p, key);
	text(p, "cpu");
	number(p, all);
	op(p, TUPLE);
	op(p, BINPERSID);
	number(p, 0);
	op(p, MARK);
	for (size_t i = 0; i < dims; i++)
		number(p, shape[i]);
	op(p, TUPLE);
	op(p, MARK);
	for (size_t i = 0, stride = all; i < dims; i++)
		number(p, stride /= shape[i]);
	op(p, TUPLE);
	op(p, NEWFALSE);
	global(p, "collections", "OrderedDict");
	op(p, EMPTY_TUPLE);
	op(p, REDUCE);
	op(p, TUPLE);
	op(p, REDUCE);
}

void
fl_pickle_end(struct fl_pickle *p)
{
	op(p, SETITEMS);
	op(p, STOP);
}

void
fl_pickle_free(struct fl_pickle *p)
{
	fl_str_free(&p->text);
}
