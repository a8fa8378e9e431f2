/* SPDX-License-Identifier: Apache-2.0 */
/* value.h -- what templates compute with: Python's values, as far as they need them.
 *
 * Values are immutable, but for namespaces, and live as long as the heap they were made on. The heap has
 * a budget: a unit a step, and one for each 16 bytes made or looked at. Functions that may exhaust it
 * say so with NULL, false, a FAILED value or -1, and nothing else makes them fail unless said. */
#ifndef FL_TEXT_VALUE_H
#define FL_TEXT_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"

enum fl_value_kind {
	FL_VALUE_FAILED,
	FL_VALUE_UNDEFINED, /* str is its name */
	FL_VALUE_NONE,
	FL_VALUE_BOOL,
	FL_VALUE_INT,
	FL_VALUE_REAL,
	FL_VALUE_STR, /* UTF-8 */
	FL_VALUE_LIST,
	FL_VALUE_MAP, /* keys are strings, in the order in which they came */
	FL_VALUE_NAMESPACE,
	FL_VALUE_MACRO,
};

struct fl_text {
	const char *s;
	size_t n;
};

struct fl_value {
	enum fl_value_kind kind;
	union {
		long long i; /* BOOL, too */
		double x;
		struct fl_text str;
		struct fl_list *list;
		struct fl_map *map; /* NAMESPACE, too */
		const struct fl_macro *macro;
	};
};

struct fl_list {
	struct fl_value *v;
	size_t n;
};

struct fl_map {
	struct fl_member {
		struct fl_text key;
		struct fl_value v;
	} *m;
	size_t n, cap;
};

struct fl_heap {
	struct fl_arena arena;
	size_t left; /* of the budget */
	int depth;   /* of what recurses; see fl_heap_enter() */
};

bool fl_heap_spend(struct fl_heap *h, size_t units);
void *fl_heap_alloc(struct fl_heap *h, size_t count, size_t size);

/* Before and after each level of a recursion; false: too deep, and the budget is gone. */
bool fl_heap_enter(struct fl_heap *h);
void fl_heap_leave(struct fl_heap *h);

bool fl_text_is(struct fl_text t, const char *s);
bool fl_text_equal(struct fl_text a, struct fl_text b);
const char *fl_text_next(const char *p, const char *end, bool *space); /* as Python counts spaces */

struct fl_value fl_value_bool(bool b);
struct fl_value fl_value_int(long long i);
struct fl_value fl_value_str(const char *s, size_t n); /* not copied */
struct fl_value fl_value_copy(struct fl_heap *h, const char *s, size_t n);
struct fl_value fl_value_list(struct fl_heap *h, size_t n); /* of n undefined values */
struct fl_value fl_value_map(struct fl_heap *h, enum fl_value_kind kind); /* MAP or NAMESPACE, empty */
struct fl_value fl_value_of_json(struct fl_heap *h, const struct fl_json *v);

bool fl_map_set(struct fl_heap *h, struct fl_map *m, struct fl_text key, struct fl_value v);
struct fl_value *fl_map_get(struct fl_heap *h, const struct fl_map *m, struct fl_text key); /* or NULL */

const char *fl_value_name(enum fl_value_kind kind); /* "a string" */
bool fl_value_true(struct fl_value v);
bool fl_value_is_number(struct fl_value v); /* bool, int, real */
double fl_value_real(struct fl_value v);    /* of a number */
bool fl_value_equal(struct fl_heap *h, struct fl_value a, struct fl_value b);

/* What iterating over it gives, as a list; NULL if it cannot be. A string gives its characters, a map its
 * keys, an undefined value nothing. */
struct fl_list *fl_value_items(struct fl_heap *h, struct fl_value v);
size_t fl_value_length(struct fl_value v); /* of what can be iterated over */

/* As Python's str() does it: a string. Lists, maps and macros are FAILED. */
struct fl_value fl_value_text(struct fl_heap *h, struct fl_value v);

/* As Python's json.dumps(ensure_ascii=False) does it; indent < 0: one line. -1, too, for what has no
 * JSON. */
int fl_value_json(struct fl_heap *h, struct fl_value v, int indent, struct fl_str *out);

#endif
