/* SPDX-License-Identifier: Apache-2.0 */
/* entries.h -- the list of a checkpoint's members while they are found: which are let in, and as what.
 *
 * Names come from other people's archives. One is let in only if it stays inside, is not there yet,
 * belongs to a checkpoint, and is small enough if it has to be held whole. */
#ifndef FL_IO_ENTRIES_H
#define FL_IO_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/members.h"

struct fl_entry {
	char *name;
	uint64_t hash; /* of the name */
	enum fl_member_kind kind;
	uint64_t size;
	const char *data; /* where it lies in memory; NULL: not (yet) there, or empty */
	size_t map_size;  /* of a mapping of its own, at data */
	char *held;	  /* data as a copy of its own */
};

struct fl_entries {
	const char *what; /* names the archive in messages */
	bool remarks;	  /* say what is left out */
	char *remarked;	  /* private */
	char *prefix;	  /* the common directory with its slash, or ""; NULL: not known yet */
	struct fl_entry *e;
	size_t n, cap;
};

void fl_entries_free(struct fl_entries *list);

/* name as it is compared and kept: without "." components and doubled slashes. Absolute names, "..",
 * control characters and what is longer than a path can be are refused. The caller's to free; NULL with
 * err set. */
char *fl_entries_name(const struct fl_entries *list, const char *name, struct fl_err *err) FL_MUST_USE;

/* -1 with err set if the list holds as many as it may. */
int fl_entries_full(const struct fl_entries *list, struct fl_err *err) FL_MUST_USE;

/* Appends without judging; name becomes the list's. The entry lives until the next is added. */
struct fl_entry *fl_entries_add(struct fl_entries *list, char *name, uint64_t size);

/* The prefix is known: strips it and appends what is let in (1) or leaves it out (0); -1 with err set.
 * name becomes the list's in any case. */
int fl_entries_admit(struct fl_entries *list, char *name, uint64_t size, struct fl_err *err) FL_MUST_USE;

/* The same for everything that was added before the prefix was known. */
int fl_entries_settle(struct fl_entries *list, struct fl_err *err) FL_MUST_USE;

/* The prefix that all visible names share: their first directory, or "". The caller's. */
char *fl_entries_common(const struct fl_entries *list);

void fl_entries_sort(struct fl_entries *list); /* by kind, then by name */

/* One line for a file that is left out, or for a whole directory of them. */
void fl_entries_remark(struct fl_entries *list, const char *name);

#endif
