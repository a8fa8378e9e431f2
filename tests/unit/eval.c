/* SPDX-License-Identifier: Apache-2.0 */
/* The expected losses come from transformers: tests/interop/calibrate_cases.py. */
#include "model/eval.h"

#include "io/safetensors.h"
#include "text/tokens.h"

#include "test.h"

#define CASE "tests/data/calibrate"

/* The losses of the case: [contexts apart, 20 apart, with BOS][nats, predicted tokens]. */
static void
the_loss_is_that_of_transformers(void)
{
	static const struct {
		int stride;
		long bos;
	} how[] = { { 0, -1 }, { 20, -1 }, { 0, 1 } };
	struct fl_err err = { 0 };
	struct fl_model *m = fl_model_open(CASE "/model", &err);
	struct fl_tokens *t = fl_tokens_open(CASE "/tokens", 0, &err);
	struct fl_safetensors *want = fl_safetensors_open(CASE "/expected.safetensors", &err);
	const void *data;

	if (!test_check(m && t && want, __FILE__, __LINE__, CASE, err.text) ||
	    !CHECK(fl_safetensors_find(want, "loss", &data) != NULL))
		return;
	for (int i = 0; i < 3; i++) {
		struct fl_windows w = { .id = t->id, .n = t->n };
		struct fl_loss loss;
		double x[2];

		memcpy(x, (const double *)data + 2 * i, sizeof x);
		CHECK_OK(fl_windows_init(&w, &m->config, 0, how[i].stride, how[i].bos, &err), &err);
		CHECK_OK(fl_eval_loss(m, &w, FL_KV_F32, &loss, &err), &err);
		CHECK_NEAR(loss.nats, x[0], 1e-5);
		CHECK(loss.tokens == (long long)x[1]);
	}
	fl_safetensors_free(want);
	fl_tokens_close(t);
	fl_model_free(m);
}

/* Every token is fresh in at most one window, in order, and those that never are begin one. */
static void
windows_count_no_token_twice(void)
{
	struct fl_config c = { .context = 8 };
	struct fl_err err = { 0 };

	for (size_t n = 2; n < 40; n++)
		for (int stride = 1; stride <= 8; stride++)
			for (int bos = 0; bos <= (stride < 8); bos++) {
				struct fl_windows w = { .n = n };
				size_t next = 1 - (size_t)bos;

				CHECK_OK(fl_windows_init(&w, &c, 0, stride, bos ? 1 : -1, &err), &err);
				for (size_t i = 0; i < fl_windows_count(&w); i++) {
					struct fl_window at = fl_windows_at(&w, i);
					size_t first = at.start + at.fresh - (size_t)bos;

					CHECK(at.length >= 2 && at.length <= 8 && at.fresh >= 1);
					CHECK(first == next || (stride == 8 && first == next + 1));
					next = at.start + at.length - (size_t)bos;
				}
				CHECK(next == n || (stride == 8 && n % 8 == 1 && next == n - 1));
			}
}

/* Of each window what no window before it had, less the first of its own. */
static void
skipping_leaves_out_the_first_of_each_window(void)
{
	static const struct { int stride; size_t fresh[3]; } want[] = { { 0, { 5, 5, 5 } }, { 2, { 5, 6, 6 } } };
	struct fl_config c = { .context = 8 };
	struct fl_windows w = { .n = 24, .skip = 5 };
	struct fl_err err = { 0 };

	for (int i = 0; i < 2; i++) {
		CHECK_OK(fl_windows_init(&w, &c, 0, want[i].stride, -1, &err), &err);
		for (size_t k = 0; k < 3; k++)
			CHECK(fl_windows_at(&w, k).fresh == want[i].fresh[k]);
	}
}

static void
windows_that_cannot_be_are_refused(void)
{
	struct fl_config c = { .context = 8 };
	struct fl_windows w = { .n = 100 };
	struct fl_err err = { 0 };

	CHECK(fl_windows_init(&w, &c, 0, 9, -1, &err) == -1 && err.code == FL_EXIT_USAGE);
	err = (struct fl_err){ 0 };
	w.n = 1;
	CHECK(fl_windows_init(&w, &c, 0, 0, -1, &err) == -1 && err.code == FL_EXIT_DATA);
	err = (struct fl_err){ 0 };
	w.n = w.skip = 7;
	CHECK(fl_windows_init(&w, &c, 0, 0, -1, &err) == -1 && err.code == FL_EXIT_DATA);
	err = (struct fl_err){ 0 };
	w.skip = 8;
	CHECK(fl_windows_init(&w, &c, 0, 0, -1, &err) == -1 && err.code == FL_EXIT_USAGE);
}

static void
batches_hold_every_window_once(void)
{
	struct fl_config c = { .context = 300 };
	struct fl_err err = { 0 };
	static uint32_t id[5000];
	struct fl_windows w = { .id = id, .n = 5000 };
	struct fl_batch b = { 0 };
	size_t seen = 0, batches = 0;

	for (size_t i = 0; i < 5000; i++)
		id[i] = (uint32_t)i;
	CHECK_OK(fl_windows_init(&w, &c, 0, 200, -1, &err), &err);
	while (fl_windows_next(&w, fl_windows_count(&w), &b)) {
		CHECK(b.first == seen && b.windows * b.length <= fl_windows_rows(&w));
		for (size_t i = 0; i < b.windows; i++)
			CHECK(b.id[i * b.length] == 200 * (b.first + i));
		seen += b.windows;
		batches++;
	}
	CHECK(seen == fl_windows_count(&w) && batches > 1);
}

int
main(void)
{
	TEST(windows_count_no_token_twice);
	TEST(skipping_leaves_out_the_first_of_each_window);
	TEST(windows_that_cannot_be_are_refused);
	TEST(batches_hold_every_window_once);
	TEST(the_loss_is_that_of_transformers);
	return test_done();
}
