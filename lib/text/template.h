/* SPDX-License-Identifier: Apache-2.0 */
/* template.h -- chat templates: the part of Jinja that they are written in.
 *
 * Text with {{ expressions }}, {% statements %} and {# comments #}, as Jinja 3.1 renders it with the
 * settings of transformers (trim_blocks, lstrip_blocks, no escaping, immutable values, loop controls):
 *
 *     statements   if elif else, for (unpacking, if, else, break, continue), set (of a name, of a
 *                  namespace's member, as a block), macro, generation
 *     expressions  literals, lists, dicts, names, members, indices, slices, calls, filters, tests,
 *                  == != < <= > >= in not in, and or not, + - * / // % ~, x if y else z
 *     functions    raise_exception namespace dict range strftime_now
 *
 * Filters, tests and methods: the tables in template_filters.c and template_methods.c. What is not
 * understood is refused by name with its line, class DATA: a tag when the template is made, the rest
 * when it is reached. Nothing asks a clock: strftime_now is defined if the variables have a string of that
 * name, the date that it formats (base/date.h).
 *
 * A template is foreign code: nesting is bounded, and rendering may take a fixed number of steps and
 * amount of memory. One that is made does not change; threads may share it. */
#ifndef FL_TEXT_TEMPLATE_H
#define FL_TEXT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

struct fl_template;

/* `name` is what messages call it; copied, as is the text. NULL with err set. */
struct fl_template *fl_template_new(const char *text, size_t len, const char *name,
    struct fl_err *err) FL_MUST_USE;
void fl_template_free(struct fl_template *t); /* NULL is fine */

/* Does it mark what the assistant says, {% generation %}? */
bool fl_template_marks(const struct fl_template *t);

/* Parts of a text, from byte .. to byte. Zero-initialise; free(spans.v). */
struct fl_span {
	size_t from, to;
};
struct fl_spans {
	struct fl_span *v;
	size_t n, cap;
};
void fl_spans_push(struct fl_spans *s, size_t from, size_t to);

/* Appends to out what the template makes of the members of `variables`, and to marked, unless it is
 * NULL, where the generation blocks stand in out. */
int fl_template_render(const struct fl_template *t, const struct fl_json *variables,
    struct fl_str *out, struct fl_spans *marked, struct fl_err *err) FL_MUST_USE;

#endif
