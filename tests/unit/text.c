/* SPDX-License-Identifier: Apache-2.0 */
/* The smaller modules of text/: UTF-8, normal form C (against utf8proc's own), patterns, merges. */
#include <unistd.h>
#include <utf8proc.h>

#include "base/rng.h"
#include "base/str.h"
#include "test.h"
#include "text/bpe.h"
#include "text/scan.h"
#include "text/split.h"
#include "text/tokens.h"
#include "text/unicode.h"
#include "text/utf8.h"

static struct fl_err err;

static void
utf8_accepts_what_utf8proc_accepts(void)
{
	/* all sequences of the bytes at which validity changes, up to four long */
	static const unsigned char edge[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2,
		0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff };
	enum { N = sizeof edge };

	for (int i = 0; i < N * N * N * N; i++) {
		unsigned char s[4] = { edge[i % N], edge[i / N % N], edge[i / N / N % N], edge[i / N / N / N] };
		size_t at = 0;
		utf8proc_int32_t c;
		utf8proc_ssize_t n;

		while (at < 4 && (n = utf8proc_iterate(s + at, (utf8proc_ssize_t)(4 - at), &c)) > 0)
			at += (size_t)n;
		if (!CHECK(fl_utf8_valid((char *)s, 4) == at))
			printf("# %02x %02x %02x %02x\n", s[0], s[1], s[2], s[3]);
	}
}

static void
utf8_characters_come_back(void)
{
	static const uint32_t c[] = { 0, 'a', 0x7f, 0x80, 0x7ff, 0x800, 0x2581, 0xffff, 0x10000, 0x10ffff };

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char s[4];
		size_t n = fl_utf8_put(s, c[i]);
		uint32_t back;

		CHECK(fl_utf8_next(s, &back) == s + n && back == c[i]);
		for (size_t k = 1; k <= n; k++)
			CHECK(fl_utf8_unfinished(s, k) == (k < n ? k : 0));
	}
	CHECK(fl_utf8_unfinished("a\x80", 2) == 0);
	CHECK(fl_utf8_unfinished("\xc1", 1) == 0);
}

static void
normal_forms_c_and_kc_are_those_of_utf8proc(void)
{
	static const uint32_t base[] = { 0x20, 0x41, 0xc0, 0x300, 0x316, 0x323, 0x340, 0x1100, 0x1161,
		0x11a8, 0xac00, 0x1e00, 0x1f80, 0x2126, 0xf900, 0x1d15e, 0x430, 0x9b0, 0xbb0, 0xcb8, 0x1020,
		0x1b30, 0x3040, 0x3090, 0x11120, 0x1f600, 0x2f800, 0xfb00, 0x2460 };
	struct fl_rng r = fl_rng_new(1, 0);

	for (int i = 0; i < 40000; i++) {
		struct fl_str in = { 0 }, got = { 0 };
		unsigned char *want;

		for (uint64_t n = 1 + fl_rng_below(&r, 12); n > 0; n--) {
			uint32_t c = base[fl_rng_below(&r, sizeof base / sizeof *base)] +
			    (uint32_t)fl_rng_below(&r, 24);
			char s[4];

			fl_str_add(&in, s, fl_utf8_put(s, c));
		}
		fl_unicode_nfc(&got, in.data, in.len, i % 2);
		want = (i % 2 ? utf8proc_NFKC : utf8proc_NFC)((unsigned char *)in.data);
		CHECK_STR(got.data, (char *)want);
		free(want);
		fl_str_free(&in);
		fl_str_free(&got);
	}
}

static void
a_pattern_cuts_where_it_matches(void)
{
	struct fl_split *s = fl_split_new("(?i:'s)|\\s+(?!\\S)|\\p{L}+", &err);
	struct fl_split_room *r = fl_split_room_new();
	size_t a, b;

	CHECK(fl_split_next(s, r, "1it'S", 5, 0, &a, &b, &err) == 1 && a == 1 && b == 3);
	CHECK(fl_split_next(s, r, "1it'S", 5, 3, &a, &b, &err) == 1 && a == 3 && b == 5);
	CHECK(fl_split_next(s, r, "1it'S", 5, 5, &a, &b, &err) == 0);
	CHECK(fl_split_next(s, r, "  \xe1\xa0\x8e", 5, 0, &a, &b, &err) == 1 && b == 1); /* U+180E is no space */
	fl_split_free(s);
	s = fl_split_new("[^(\\s|[.,]b)]+", &err); /* a class in a class is their union */
	CHECK(fl_split_next(s, r, ".a(|c", 5, 0, &a, &b, &err) == 1 && a == 1 && b == 2);
	fl_split_room_free(r);
	fl_split_free(s);
}

/* A character of all sorts: half of them from a few that the patterns treat apart. */
static uint32_t
any_character(struct fl_rng *rng)
{
	static const uint32_t odd[] = { ' ', ' ', '\n', '\r', '\t', '\'', '\'', 's', 'S', 'l', 'l', 'L', 'r', 'e', 'v', 'm',
		'D', 't', '1', '2', '.', '!', 'a', 0x85, 0xa0, 0x17f, 0x2028, 0x3000, 0x301, 0x4f60, 0x1f600, 0xb2 };
	static const uint32_t below[] = { 0x80, 0x800, 0x3000, 0xa000 };

	if (fl_rng_below(rng, 2))
		return odd[fl_rng_below(rng, sizeof odd / sizeof *odd)];
	return 1 + (uint32_t)fl_rng_below(rng, below[fl_rng_below(rng, 4)] - 1);
}

static void
what_is_scanned_is_what_the_pattern_matches(void)
{
	static const char *const pattern[] = { FL_PATTERN_GPT2, FL_PATTERN_LLAMA3, FL_PATTERN_QWEN2 };
	struct fl_split_room *r = fl_split_room_new();
	struct fl_rng rng = fl_rng_new(1, 0);

	for (size_t k = 0; k < 3; k++) {
		const struct fl_scan *scan = fl_scan_find(pattern[k]);
		struct fl_str group = { 0 }, text = { 0 };
		struct fl_split *s;

		fl_str_printf(&group, "(?:%s)", pattern[k]); /* no longer the text that is known */
		s = fl_split_new(group.data, &err);
		for (int i = 0; i < 400000; i++) {
			char c[4];

			fl_str_add(&text, c, fl_utf8_put(c, any_character(&rng)));
		}
		for (size_t at = 0, a, b; at < text.len; at = b) {
			size_t got = fl_scan_end(scan, text.data, text.len, at);

			if (!CHECK(fl_split_next(s, r, text.data, text.len, at, &a, &b, &err) == 1 && a == at) ||
			    !CHECK(got == b)) {
				printf("# pattern %zu, '%.*s'\n", k, (int)(b - at + 4), text.data + at);
				break;
			}
		}
		fl_split_free(s);
		fl_str_free(&group);
		fl_str_free(&text);
	}
	fl_split_room_free(r);
}

static void
patterns_that_pcre2_would_read_differently_are_refused(void)
{
	static const char *const bad[] = { "\\w+", "\\h", "\\bx", "[a[^bc]]", "[a-[bc]]", "[[bc]-d]", "[a&&b]", "a{2}+", "(?m:a)",
		"(?x)a", "(*UTF)a", "\\x41", "\\", "\\p{L", "(" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fl_err why = { 0 };

		if (!CHECK(!fl_split_new(bad[i], &why) && why.code == FL_EXIT_DATA))
			printf("# %s\n", bad[i]);
	}
}

static void
exponential_patterns_end_in_an_error(void)
{
	struct fl_split *s = fl_split_new("(?:a|a|aa)+[bc]", &err);
	struct fl_split_room *r = fl_split_room_new();
	struct fl_err why = { 0 };
	char text[64];
	size_t a, b;

	memset(text, 'a', sizeof text);
	CHECK(fl_split_next(s, r, text, sizeof text, 0, &a, &b, &why) < 0 && why.code == FL_EXIT_DATA);
	fl_split_room_free(r);
	fl_split_free(s);
}

static void
the_lowest_rank_merges_first_and_the_leftmost_of_equals(void)
{
	struct fl_merges m = { 0 };
	struct fl_bpe b = { 0 };
	uint32_t id[] = { 1, 1, 1, 2, 1 };

	fl_merges_add(&m, (struct fl_merge){ 1, 2, 12, 0 });
	fl_merges_add(&m, (struct fl_merge){ 1, 1, 11, 1 });
	fl_merges_add(&m, (struct fl_merge){ 11, 12, 1112, 2 });
	fl_merges_index(&m);
	CHECK(fl_bpe_merge(&b, &m, id, 5) == 2 && id[0] == 1112 && id[1] == 1);
	fl_bpe_free(&b);
	fl_merges_free(&m);
}

static void
token_files_are_checked(void)
{
	char path[] = "/tmp/tokensXXXXXX";
	int fd = mkstemp(path);
	struct fl_tokens *t;
	struct fl_err why = { 0 };

	CHECK(write(fd, "\1\0\0\0\0\1\0\0", 8) == 8);
	t = fl_tokens_open(path, 257, &err);
	CHECK(t && t->n == 2 && t->id[0] == 1 && t->id[1] == 256);
	fl_tokens_close(t);
	CHECK(!fl_tokens_open(path, 256, &why));
	CHECK(strstr(why.text, "token 1 of") && strstr(why.text, "256"));
	CHECK(ftruncate(fd, 7) == 0 && !fl_tokens_open(path, 0, &why));
	CHECK(ftruncate(fd, 0) == 0);
	t = fl_tokens_open(path, 1, &err);
	CHECK(t && t->n == 0);
	fl_tokens_close(t);
	close(fd);
	unlink(path);
}

int
main(void)
{
	TEST(utf8_accepts_what_utf8proc_accepts);
	TEST(utf8_characters_come_back);
	TEST(normal_forms_c_and_kc_are_those_of_utf8proc);
	TEST(a_pattern_cuts_where_it_matches);
	TEST(what_is_scanned_is_what_the_pattern_matches);
	TEST(patterns_that_pcre2_would_read_differently_are_refused);
	TEST(exponential_patterns_end_in_an_error);
	TEST(the_lowest_rank_merges_first_and_the_leftmost_of_equals);
	TEST(token_files_are_checked);
	return test_done();
}
