/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include "test.h"

/* As `printf '' | xxhsum -H2` and `printf abc | xxhsum -H2` print them. */
static void
the_digest_is_xxh3_128_however_it_is_fed(void)
{
	struct fl_digest *d = fl_digest_new();
	char hex[FL_DIGEST_LEN];

	CHECK_STR(fl_digest_hex(d, hex), "99aa06d3014798d86001c324468d497f");
	fl_digest_add(d, "a", 1);
	fl_digest_add(d, NULL, 0);
	fl_digest_add(d, "bc", 2);
	CHECK_STR(fl_digest_hex(d, hex), "06b05ab6733a618578af5f94892f3950");
	fl_digest_free(d);
	CHECK(fl_hash("abc", 3, 0) != fl_hash("abc", 3, 1) && fl_hash("abc", 3, 0) != fl_hash("abd", 3, 0));
}

int
main(void)
{
	TEST(the_digest_is_xxh3_128_however_it_is_fed);
	return test_done();
}
