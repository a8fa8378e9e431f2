/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tensor.h"

#include "test.h"

static void
sizes_rows_and_shape(void)
{
	struct fl_tensor t;
	char buf[FL_TENSOR_SHAPE_LEN];

	CHECK(fl_tensor_init(&t, "w", FL_BF16, 2, (uint64_t[]){ 2048, 512 }) == 0);
	CHECK(t.size == 2097152 && fl_tensor_rows(&t) == 2048 && fl_tensor_row_size(&t) == 1024);
	CHECK_STR(fl_tensor_shape(&t, buf), "[2048, 512]");
	CHECK(fl_tensor_init(&t, "n", FL_F32, 1, (uint64_t[]){ 64 }) == 0);
	CHECK(fl_tensor_rows(&t) == 1 && fl_tensor_row_size(&t) == 256);
	CHECK(fl_tensor_init(&t, "s", FL_I64, 0, NULL) == 0 && t.size == 8);
	CHECK_STR(fl_tensor_shape(&t, buf), "[]");
	CHECK(fl_tensor_init(&t, "e", FL_F32, 2, (uint64_t[]){ 0, 9 }) == 0 && fl_tensor_row_size(&t) == 0);
}

static void
shapes_out_of_range_are_refused(void)
{
	struct fl_tensor t;
	uint64_t big[] = { 1ull << 32, 1ull << 31, 1, 1, 1 };

	CHECK(fl_tensor_init(&t, "w", FL_F32, 2, big) == -1);
	CHECK(fl_tensor_init(&t, "w", FL_F32, FL_TENSOR_DIMS + 1, big) == -1);
	CHECK(fl_tensor_init(&t, "w", FL_F32, -1, big) == -1);
}

int
main(void)
{
	TEST(sizes_rows_and_shape);
	TEST(shapes_out_of_range_are_refused);
	return test_done();
}
