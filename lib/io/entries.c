/* SPDX-License-Identifier: Apache-2.0 */
#include "io/entries.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/str.h"

/* A bound on what an archive can make us hold; hashes of names are compared one by one. */
enum { MAX_ENTRIES = 10000, MAX_NAME = 4096 };

static void
free_entry(struct fl_entry *e)
{
	if (e->map_size)
		munmap((void *)(uintptr_t)e->data, e->map_size);
	free(e->held);
	free(e->name);
}

void
fl_entries_free(struct fl_entries *list)
{
	for (size_t i = 0; i < list->n; i++)
		free_entry(&list->e[i]);
	free(list->e);
	free(list->prefix);
	free(list->remarked);
}

static int
check_name(const struct fl_entries *list, const char *name, struct fl_err *err)
{
	if (name[0] == '/')
		return fl_err_data(err, "'%s': member '%s' has an absolute name", list->what, name);
	if (strlen(name) > MAX_NAME)
		return fl_err_data(err, "'%s': member '%.40s...' has a name of more than %d bytes",
		    list->what, name, MAX_NAME);
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			return fl_err_data(err, "'%s': member '%s' has a control character in its name",
			    list->what, name);
	return 0;
}

char *
fl_entries_name(const struct fl_entries *list, const char *name, struct fl_err *err)
{
	struct fl_str out = { 0 };

	if (check_name(list, name, err) < 0)
		return NULL;
	for (const char *p = name; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			fl_err_data(err, "'%s': member '%s' leads out of the archive", list->what, name);
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

void
fl_entries_remark(struct fl_entries *list, const char *name)
{
	size_t n = strcspn(name, "/");
	char *shown = fl_strndup(name, n + (name[n] == '/'));

	if (list->remarks && !(list->remarked && strcmp(list->remarked, shown) == 0))
		fl_warn("'%s': leaving out '%s', which is no part of a checkpoint", list->what, shown);
	free(list->remarked);
	list->remarked = shown;
}

int
fl_entries_full(const struct fl_entries *list, struct fl_err *err)
{
	if (list->n < MAX_ENTRIES)
		return 0;
	return fl_err_data(err, "'%s' has more than %d members", list->what, MAX_ENTRIES);
}

struct fl_entry *
fl_entries_add(struct fl_entries *list, char *name, uint64_t size)
{
	list->e = fl_grow(list->e, &list->cap, list->n + 1, sizeof *list->e);
	list->e[list->n] = (struct fl_entry){ .name = name, .hash = fl_hash(name, strlen(name), 0), .size = size };
	return &list->e[list->n++];
}

/* 1 if a name without prefix belongs to the checkpoint, with its kind; 0 if not; -1. */
static int
judge(struct fl_entries *list, const char *name, uint64_t size, enum fl_member_kind *kind,
    struct fl_err *err)
{
	uint64_t hash = fl_hash(name, strlen(name), 0);

	*kind = fl_member_kind(name, size);
	if (*kind == FL_MEMBER_STALE)
		fl_entries_remark(list, name);
	if (*kind == FL_MEMBER_STALE || *kind == FL_MEMBER_HIDDEN)
		return 0;
	if (!fl_member_is_weights(*kind) && size > FL_MEMBER_MAX)
		return fl_err_data(err, "'%s': member '%s' is larger than %llu MiB", list->what, name,
		    (unsigned long long)(FL_MEMBER_MAX >> 20));
	if (fl_entries_full(list, err) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++)
		if (list->e[i].hash == hash && strcmp(list->e[i].name, name) == 0)
			return fl_err_data(err, "'%s' has two members '%s'", list->what, name);
	return 1;
}

int
fl_entries_admit(struct fl_entries *list, char *name, uint64_t size, struct fl_err *err)
{
	size_t skip = strlen(list->prefix);
	enum fl_member_kind kind = FL_MEMBER_HIDDEN;
	int rc = 0;

	if (strncmp(name, list->prefix, skip) == 0) {
		memmove(name, name + skip, strlen(name + skip) + 1);
		rc = judge(list, name, size, &kind, err);
	} else if (name[0] != '.') {
		rc = fl_err_data(err, "'%s': member '%s' lies outside '%s'", list->what, name,
		    list->prefix);
	}
	if (rc > 0)
		fl_entries_add(list, name, size)->kind = kind;
	else
		free(name);
	return rc;
}

int
fl_entries_settle(struct fl_entries *list, struct fl_err *err)
{
	struct fl_entries old = *list;
	int rc = 0;

	list->e = NULL;
	list->n = list->cap = 0;
	for (size_t i = 0; i < old.n; i++) {
		struct fl_entry *e = &old.e[i];

		if (rc < 0) { /* the rest goes without being looked at */
			free_entry(e);
			continue;
		}
		rc = fl_entries_admit(list, e->name, e->size, err);
		if (rc > 0) {
			list->e[list->n - 1].data = e->data;
			list->e[list->n - 1].held = e->held;
		} else {
			free(e->held);
		}
	}
	free(old.e);
	return rc < 0 ? -1 : 0;
}

char *
fl_entries_common(const struct fl_entries *list)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const char *name = list->e[i].name;

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
by_kind_and_name(const void *a, const void *b)
{
	const struct fl_entry *x = a, *y = b;

	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->name, y->name);
}

void
fl_entries_sort(struct fl_entries *list)
{
	if (list->n > 0)
		qsort(list->e, list->n, sizeof *list->e, by_kind_and_name);
}
