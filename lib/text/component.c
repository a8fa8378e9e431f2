/* SPDX-License-Identifier: Apache-2.0 */
#include "text/component.h"

#include <string.h>

const char *
fl_component_type(const struct fl_json *v)
{
	const char *type = fl_json_str(fl_json_get(v, "type"));

	return type ? type : "";
}

bool
fl_component_is(const struct fl_json *v, const char *type)
{
	return strcmp(fl_component_type(v), type) == 0;
}

bool
fl_component_absent(const struct fl_json *v)
{
	return fl_json_type(v) == FL_JSON_NONE || fl_json_type(v) == FL_JSON_NULL;
}

int
fl_component_unsupported(const char *what, const struct fl_json *v, struct fl_err *err)
{
	return fl_err_data(err, "unsupported %s '%s'", what, fl_component_type(v));
}

/* Whether word is one of the words in list, which single spaces separate. */
static bool
listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, " "), p += *p == ' ')
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

int
fl_component_check(const struct fl_json *v, const char *known, const char *what, struct fl_err *err)
{
	for (void *it = fl_json_first(v); it; it = fl_json_next(v, it))
		if (!listed(known, fl_json_key(it)))
			return fl_err_data(err, "unsupported member '%s' of %s '%s'",
			    fl_json_key(it), what, fl_component_type(v));
	return 0;
}

const char *
fl_component_text(const struct fl_json *v, size_t *len)
{
	*len = fl_json_str(v) ? fl_json_str_len(v) : 0;
	return *len ? fl_json_str(v) : NULL;
}
