/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on paper, against sums made by hand. */
#include "test.h"

#include "model/cost.h"

/* A layer's linear weights: attention 64 x 64 (q), 2 x 32 x 64 (k, v), 64 x 64 (o) = 12288; FFN
 * 3 x 96 x 64 = 18432. The head has 6400. A key costs 4 x 64 a query. */
static const struct fl_config tiny = { .width = 64, .ffn = 96, .layers = 3, .heads = 4, .kv_heads = 2,
	.head_dim = 16, .vocab = 100, .window = 3, .pattern = "fws" };

enum { LINEAR = 2 * (2 * 12288 + 3 * 18432), HEAD = 2 * 6400, KEY = 4 * 64 };

static void
a_prompt_costs_its_tokens_the_keys_they_see_and_one_head(void)
{
	CHECK(fl_cost_prefill(&tiny, 1) == LINEAR + 2 * KEY + HEAD);
	CHECK(fl_cost_prefill(&tiny, 3) == 3 * LINEAR + (6 + 6) * KEY + HEAD);
	/* full: 1 + 2 + 3 + 4 + 5; window: 1 + 2 + 3 + 3 + 3 */
	CHECK(fl_cost_prefill(&tiny, 5) == 5 * LINEAR + (15 + 12) * KEY + HEAD);
	CHECK(fl_cost_prefill(&tiny, 5) == 818432);
}

static void
a_token_costs_the_keys_before_it_and_its_own(void)
{
	CHECK(fl_cost_decode(&tiny, 0) == LINEAR + (1 + 1) * KEY + HEAD);
	CHECK(fl_cost_decode(&tiny, 2) == LINEAR + (3 + 3) * KEY + HEAD);
	CHECK(fl_cost_decode(&tiny, 3) == LINEAR + (4 + 3) * KEY + HEAD);
	CHECK(fl_cost_decode(&tiny, 7) == 175360);
}

static void
a_prompt_is_its_tokens_one_after_the_other(void)
{
	uint64_t sum = fl_cost_prefill(&tiny, 1);

	for (size_t n = 1; n < 20; n++) {
		sum += fl_cost_decode(&tiny, n) - HEAD;
		CHECK(fl_cost_prefill(&tiny, n + 1) == sum);
	}
}

static void
the_shape_of_350m(void)
{
	struct fl_config c = { .width = 1024, .ffn = 4096, .layers = 12, .heads = 32, .kv_heads = 8,
		.head_dim = 64, .vocab = 202048, .pattern = "ffsfssffsfsf" };

	/* 2 x (12 x 3 x 1024 x 4096 + 7 x 1024 x (2 x 2048 + 2 x 512)) a token, 7 x 4 x 2048 a key */
	CHECK(fl_cost_prefill(&c, 1024) == 1024 * 375390208ull + 57344ull * 524800 + 413794304);
	CHECK(fl_cost_decode(&c, 1024) == 375390208 + 57344 * 1025 + 413794304);
}

int
main(void)
{
	TEST(a_prompt_costs_its_tokens_the_keys_they_see_and_one_head);
	TEST(a_token_costs_the_keys_before_it_and_its_own);
	TEST(a_prompt_is_its_tokens_one_after_the_other);
	TEST(the_shape_of_350m);
	return test_done();
}
