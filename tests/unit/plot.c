/* SPDX-License-Identifier: Apache-2.0 */
#include "search/plot.h"

#include "tables.h"

static void
its_points_are_the_rows_with_both_by_rising_x(void)
{
	struct fl_table *t = test_good_table("arch\tloss_nats\tdecode_8_tok_s\n" "d64-f128-ff\t3\t20\n"
					     "d64-f128-fff\t2\t10\n" "d64-f128-f\t4\t\n" "d64-f128-fs\t5\t15\n", NULL);
	struct fl_objective y, x;
	struct fl_plot p;
	struct fl_err err = { 0 };
	size_t front[] = { 0, 1 };

	CHECK_OK(fl_objective_choose(t, "loss_nats,decode_8_tok_s", &y, &x, &err), &err);
	p = fl_plot_rows(t, &y, &x, front, 2);
	CHECK(p.n == 3 && p.x_large && !p.y_large);
	CHECK(p.point[0].x == 10 && p.point[0].y == 2 && p.point[0].layers == 3 && p.point[0].front);
	CHECK(p.point[1].x == 15 && p.point[1].y == 5 && p.point[1].layers == 2 && !p.point[1].front);
	CHECK(p.point[2].x == 20 && p.point[2].y == 3 && p.point[2].layers == 2 && p.point[2].front);
	fl_plot_free(&p);
	fl_objective_free(&y);
	fl_objective_free(&x);
	CHECK(fl_objective_choose(t, "loss_nats,arch", &y, &x, &err) < 0 && !y.v && !y.se);
	fl_table_free(t);
}

int
main(void)
{
	TEST(its_points_are_the_rows_with_both_by_rising_x);
	return test_done();
}
