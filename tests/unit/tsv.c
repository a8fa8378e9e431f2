/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tsv.h"

#include <unistd.h>

#include "test.h"

/* The table read from a file that holds `text`. */
static struct fl_tsv *
read_text(const char *text, size_t n, struct fl_err *err)
{
	char path[] = "/tmp/fl-test-XXXXXX";
	int fd = mkstemp(path);
	struct fl_tsv *t;

	CHECK(write(fd, text, n) == (ssize_t)n);
	close(fd);
	*err = (struct fl_err){ 0 };
	t = fl_tsv_read(path, err);
	unlink(path);
	return t;
}

static void
a_table_is_read_by_name(void)
{
	static const char text[] = "arch\tloss_nats\tttft_s\r\nd1-f1-f\t2.5\t\r\nd2-f1-f\tnan\t0.1";
	struct fl_err err;
	struct fl_tsv *t = read_text(text, sizeof text - 1, &err);

	if (!CHECK(t != NULL))
		return;
	CHECK(t->rows == 2 && t->columns == 3);
	CHECK(fl_tsv_column(t, "ttft_s") == 2 && fl_tsv_column(t, "ttft") == -1);
	CHECK_STR(fl_tsv_cell(t, 0, 1), "2.5");
	CHECK_STR(fl_tsv_cell(t, 0, 2), "");
	CHECK_STR(fl_tsv_cell(t, 1, 2), "0.1");
	fl_tsv_free(t);
	t = read_text("arch\n", 5, &err);
	CHECK(t && t->rows == 0 && t->columns == 1);
	fl_tsv_free(t);
}

static void
what_is_no_table_is_refused_with_its_line(void)
{
	static const struct {
		const char *text;
		size_t n;
		const char *says;
	} bad[] = {
		{ "", 0, "is empty" },
		{ "a\tb\n1\t2\n3\n", 10, "line 3: 1 cells where the header has 2" },
		{ "a\n1\t2\n", 6, "line 2: 2 cells where the header has 1" },
		{ "a\t\n", 3, "column 2 has no name" },
		{ "\n", 1, "column 1 has no name" },
		{ "a\ta\n", 4, "two columns are named 'a'" },
		{ "a\n\0\n", 4, "holds a NUL byte" },
	};
	struct fl_err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK(!read_text(bad[i].text, bad[i].n, &err) && err.code == FL_EXIT_DATA);
		if (!CHECK(strstr(err.text, bad[i].says) != NULL))
			printf("# %s\n", err.text);
	}
}

static void
a_row_is_printed_as_text_and_as_json(void)
{
	struct fl_row r = { 0 };
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	fl_row_str(&r, "arch", "a\tb\n\"c\"");
	fl_row_int(&r, "n", 12);
	fl_row_real(&r, "x_s", 0.1);
	fl_row_real(&r, "y_s", NAN);
	fl_row_real(&r, "z_s", 1e-9);
	fl_row_real(&r, "u", INFINITY);
	fl_row_real(&r, "v", -INFINITY);
	fl_row_print(&r, f, true, false);
	fl_row_print(&r, f, false, true);
	fclose(f);
	CHECK_STR(text, "arch\tn\tx_s\ty_s\tz_s\tu\tv\na b \"c\"\t12\t0.1\tnan\t1e-09\tnan\tnan\n"
			"{\"arch\":\"a b \\\"c\\\"\",\"n\":12,\"x_s\":0.1,\"y_s\":null,\"z_s\":1e-09,"
			"\"u\":null,\"v\":null}\n");
	fl_row_free(&r);
	free(text);
}

static void
a_row_takes_what_it_has_not(void)
{
	struct fl_row r = { 0 }, more = { 0 };
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	fl_row_int(&r, "chunk", 7);
	fl_row_str(&more, "runtime", "mine");
	fl_row_int(&more, "chunk", 9);
	fl_row_real(&more, "x_s", 0.5);
	fl_row_complete(&r, &more);
	CHECK(!more.cell && more.n == 0);
	fl_row_print(&r, f, true, true);
	fclose(f);
	CHECK_STR(text, "{\"chunk\":7,\"runtime\":\"mine\",\"x_s\":0.5}\n");
	fl_row_free(&r);
	free(text);
}

int
main(void)
{
	TEST(a_table_is_read_by_name);
	TEST(what_is_no_table_is_refused_with_its_line);
	TEST(a_row_is_printed_as_text_and_as_json);
	TEST(a_row_takes_what_it_has_not);
	return test_done();
}
