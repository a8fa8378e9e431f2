/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <limits.h>

#include "test.h"

static struct fl_json *
parse(const char *text, struct fl_err *err)
{
	*err = (struct fl_err){ 0 };
	return fl_json_parse(text, strlen(text), "x.json", err);
}

/* Parses text and writes it again. */
static void
same(const char *text, int indent, const char *expected)
{
	struct fl_err err;
	struct fl_json *v = parse(text, &err);
	struct fl_str s = { 0 };

	fl_json_write(&s, v, indent);
	CHECK_STR(s.data, expected);
	fl_str_free(&s);
	fl_json_free(v);
}

static void
text_is_written_in_one_way(void)
{
	same(" { \"b\" : 1 , \"a\" : [ ] , \"c\": { } } ", 0, "{\"b\":1,\"a\":[],\"c\":{}}");
	same("[1.0,1e-6,1E5,-0.0,0.1]", 0, "[1.0,1e-06,100000.0,-0.0,0.1]");
	same("\"\\u00e9\\ud83d\\ude00\\u0000\\t\\/\"", 0, "\"\303\251\360\237\230\200\\u0000\\t/\"");
	same("{\"a\":[1,{\"b\":null}]}", 2, "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ]\n}");
	same("9223372036854775807", 0, "9223372036854775807");
	/* beyond 64 bits, beside what is not */
	same("[1000000000000000019884624838656,-9223372036854775808,0.12345678901234567890123,"
	     "-9223372036854775809,\"9223372036854775808\"]", 0,
	    "[1e+30,-9223372036854775808,0.12345678901234568,-9.223372036854776e+18,"
	    "\"9223372036854775808\"]");
}

static void
what_is_not_json_is_refused_with_its_line(void)
{
	static const char *const bad[] = { "", "{", "[1,]", "{\"a\":1,\"a\":2}", "nan", "[1e999]",
		"[9223372036854775808,1e999]", "\"\\ud800\"", "\"\377\"", "{'a':1}", "[1] x", "01", "\"a\nb\"" };
	struct fl_err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!CHECK(!parse(bad[i], &err) && err.code == FL_EXIT_DATA))
			printf("# %s\n", bad[i]);
	CHECK(!parse("{\n\"a\":1,\n\"a\":2}", &err));
	CHECK(strncmp(err.text, "'x.json' is not valid JSON, line 3: ", 36) == 0);
}

static void
depth_is_bounded_outside_strings(void)
{
	char text[200];
	struct fl_err err;
	struct fl_json *v;

	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	text[128] = '\0';
	v = parse(text, &err);
	CHECK(v != NULL);
	fl_json_free(v);
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	text[130] = '\0';
	CHECK(!parse(text, &err));
	CHECK_STR(err.text, "'x.json' nests deeper than 64 levels");
	memset(text, '[', 190);
	text[0] = text[190] = '"';
	text[191] = '\0';
	v = parse(text, &err);
	CHECK(v != NULL);
	fl_json_free(v);
}

static void
the_number_of_values_is_bounded(void)
{
	struct fl_str s = { 0 };
	struct fl_err err;

	fl_str_putc(&s, '[');
	for (int i = 0; i < 1 << 20; i++)
		fl_str_puts(&s, "{},");
	fl_str_puts(&s, "0]");
	CHECK(!parse(s.data, &err));
	CHECK_STR(err.text, "'x.json' has too many values");
	fl_str_free(&s);
}

static void
a_chain_of_lookups_needs_one_check(void)
{
	struct fl_err err;
	struct fl_json *v = parse("{\"a\":{\"b\":[10,2.5,\"s\",true]}}", &err);
	const struct fl_json *b = fl_json_get(fl_json_get(v, "a"), "b");

	CHECK(fl_json_len(b) == 4 && fl_json_len(NULL) == 0);
	CHECK(fl_json_int(fl_json_at(b, 0), -1) == 10 && fl_json_real(fl_json_at(b, 0), -1) == 10);
	CHECK(fl_json_int(fl_json_at(b, 1), -1) == -1 && fl_json_real(fl_json_at(b, 1), -1) == 2.5);
	CHECK_STR(fl_json_str(fl_json_at(b, 2)), "s");
	CHECK(fl_json_bool(fl_json_at(b, 3), false) && !fl_json_bool(fl_json_at(b, 0), false));
	CHECK(!fl_json_at(b, 4) && !fl_json_get(b, "x") && !fl_json_str(b));
	CHECK(fl_json_int(fl_json_get(fl_json_get(v, "x"), "y"), 5) == 5);
	CHECK(fl_json_type(NULL) == FL_JSON_NONE && fl_json_type(b) == FL_JSON_ARRAY);
	fl_json_free(v);
}

static void
members_keep_their_order_when_changed(void)
{
	struct fl_json *o = fl_json_new_object(), *copy;
	struct fl_str s = { 0 };
	char key[8];

	for (int i = 20; i > 0; i--) {
		snprintf(key, sizeof key, "k%d", i);
		fl_json_set(o, key, fl_json_new_int(i));
	}
	fl_json_set(o, "k20", fl_json_new_null());
	fl_json_del(o, "k19");
	copy = fl_json_copy(o);
	for (void *it = fl_json_first(copy); it; it = fl_json_next(copy, it))
		fl_str_printf(&s, "%s ", fl_json_key(it));
	CHECK_STR(s.data, "k20 k18 k17 k16 k15 k14 k13 k12 k11 k10 k9 k8 k7 k6 k5 k4 k3 k2 k1 ");
	CHECK(fl_json_type(fl_json_get(copy, "k20")) == FL_JSON_NULL);
	fl_str_free(&s);
	fl_json_free(o);
	fl_json_free(copy);
}

static void
strings_that_are_not_utf8_still_become_json(void)
{
	struct fl_json *v = fl_json_new_str("a\377\303b");

	CHECK_STR(fl_json_str(v), "a??b");
	fl_json_free(v);
	v = fl_json_new_str("\303\251");
	CHECK_STR(fl_json_str(v), "\303\251");
	fl_json_free(v);
}

int
main(void)
{
	TEST(text_is_written_in_one_way);
	TEST(what_is_not_json_is_refused_with_its_line);
	TEST(depth_is_bounded_outside_strings);
	TEST(the_number_of_values_is_bounded);
	TEST(a_chain_of_lookups_needs_one_check);
	TEST(members_keep_their_order_when_changed);
	TEST(strings_that_are_not_utf8_still_become_json);
	return test_done();
}
