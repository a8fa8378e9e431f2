/* SPDX-License-Identifier: Apache-2.0 */
/* An archive goes into a pipe, of which the first and the last bytes are kept: so one of more than 4 GiB needs no
 * disk. What is looked for are the records of APPNOTE.TXT, 4.3.7 to 4.3.16 and 4.5.3. */
#include "export/zip.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

enum { KEPT = 64 << 10, PIECE = 1 << 20 };

static struct fl_err err;

/* What came out of the pipe: at most KEPT bytes from its beginning and as many from its end. */
static struct {
	char head[KEPT], tail[KEPT];
	uint64_t size;
} sunk;

static void *
sink(void *path)
{
	FILE *f = fopen(path, "r");
	char *piece = malloc(PIECE);
	size_t n;

	sunk.size = 0;
	while (f && (n = fread(piece, 1, PIECE, f)) > 0) {
		size_t kept = n < KEPT ? n : KEPT;

		if (sunk.size < KEPT)
			memcpy(sunk.head + sunk.size, piece, n < KEPT - sunk.size ? n : KEPT - sunk.size);
		memmove(sunk.tail, sunk.tail + kept, KEPT - kept);
		memcpy(sunk.tail + KEPT - kept, piece + n - kept, kept);
		sunk.size += n;
	}
	free(piece);
	fclose(f);
	return NULL;
}

/* The little-endian number of so many bytes at p. */
static uint64_t
number(const char *p, size_t bytes)
{
	uint64_t v = 0;

	memcpy(&v, p, bytes);
	return v;
}

/* Where what was written at an offset has been kept. */
static const char *
at(uint64_t offset)
{
	if (offset < KEPT)
		return sunk.head + offset;
	CHECK(offset <= sunk.size && sunk.size - offset <= KEPT);
	return sunk.tail + KEPT - (sunk.size - offset);
}

static void
put_zeros(struct fl_zip *z, uint64_t size)
{
	static const char zeros[PIECE];

	for (uint64_t n; size > 0; size -= n) {
		n = size < PIECE ? size : PIECE;
		CHECK_OK(fl_zip_put(z, zeros, n, &err), &err);
	}
}

/* `members` of "x" and then one of `last` zeros and one of "123456789", by their data's alignment. */
static void
make(unsigned members, uint64_t last, size_t align)
{
	char path[] = "/tmp/fl-zip-XXXXXX", fifo[40];
	struct fl_output *out;
	struct fl_zip *z;
	pthread_t thread;

	if (!CHECK(mkdtemp(path) != NULL))
		return;
	snprintf(fifo, sizeof fifo, "%s/pipe", path);
	CHECK(mkfifo(fifo, 0600) == 0);
	pthread_create(&thread, NULL, sink, fifo);
	out = fl_output_open(fifo, &err);
	z = fl_zip_new(out);
	for (unsigned i = 0; i < members; i++) {
		CHECK_OK(fl_zip_member(z, "x", 1, 1, &err), &err);
		CHECK_OK(fl_zip_put(z, "x", 1, &err), &err);
	}
	CHECK_OK(fl_zip_member(z, "zeros", last, align, &err), &err);
	put_zeros(z, last);
	CHECK_OK(fl_zip_member(z, "a/digits", 9, align, &err), &err);
	CHECK_OK(fl_zip_put(z, "1234567", 7, &err), &err);
	CHECK_OK(fl_zip_put(z, "89", 2, &err), &err);
	CHECK_OK(fl_zip_end(z, &err), &err);
	fl_zip_free(z);
	CHECK_OK(fl_output_commit(out, &err), &err);
	pthread_join(thread, NULL);
	unlink(fifo);
	rmdir(path);
}

/* The data of the member whose local header is at `offset`. */
static uint64_t
data_of(uint64_t offset)
{
	const char *p = at(offset);

	CHECK(number(p, 4) == 0x04034b50 && number(p + 8, 2) == 0);
	return offset + 30 + number(p + 26, 2) + number(p + 28, 2);
}

static void
small_archives_have_no_wide_records(void)
{
	const char *end, *first, *second;
	uint64_t data;

	make(0, 100, 64);
	end = at(sunk.size - 22);
	CHECK(number(end, 4) == 0x06054b50 && number(end + 8, 2) == 2 && number(end + 10, 2) == 2);
	first = at(number(end + 16, 4));
	CHECK(number(end + 16, 4) + number(end + 12, 4) == sunk.size - 22);
	CHECK(number(first, 4) == 0x02014b50 && number(first + 20, 4) == 100 && number(first + 24, 4) == 100);
	CHECK(number(first + 30, 2) == 0 && number(first + 42, 4) == 0);
	CHECK(strncmp(first + 46, "zeros", 5) == 0);
	CHECK(data_of(0) % 64 == 0);
	second = first + 46 + 5;
	CHECK(number(second, 4) == 0x02014b50 && number(second + 16, 4) == 0xcbf43926); /* the check value of CRC-32 */
	data = data_of(number(second + 42, 4));
	CHECK(data % 64 == 0 && strncmp(at(data), "123456789", 9) == 0);
	/* The descriptor after it, and then the directory. */
	CHECK(number(at(data + 9), 4) == 0x08074b50 && number(at(data + 13), 4) == 0xcbf43926 && number(at(data + 17), 4) == 9);
	CHECK(data + 9 + 16 == number(end + 16, 4));
}

/* The ZIP64 end of the directory, found as a reader finds it: from the end, by way of the locator. */
static const char *
wide_end(void)
{
	const char *end = at(sunk.size - 22), *locator = at(sunk.size - 22 - 20), *wide;

	CHECK(number(end, 4) == 0x06054b50 && number(end + 10, 2) == UINT16_MAX && number(end + 16, 4) == UINT32_MAX);
	CHECK(number(locator, 4) == 0x07064b50 && number(locator + 16, 4) == 1);
	wide = at(number(locator + 8, 8));
	CHECK(number(wide, 4) == 0x06064b50 && number(wide + 4, 8) == 44 && number(wide + 24, 8) == number(wide + 32, 8));
	CHECK(number(wide + 40, 8) + number(wide + 48, 8) == number(locator + 8, 8));
	return wide;
}

static void
more_members_than_16_bits_count_have_a_wide_end(void)
{
	make(UINT16_MAX, 1, 1);
	CHECK(number(wide_end() + 32, 8) == UINT16_MAX + 2);
}

static void
a_member_above_4_gib_and_one_behind_it_have_wide_fields(void)
{
	const uint64_t size = (4ull << 30) + 12345;
	const char *local, *first, *second;
	uint64_t data, descriptor;

	make(0, size, 64);
	local = at(0);
	CHECK(number(local + 4, 2) == 45 && number(local + 18, 4) == UINT32_MAX && number(local + 22, 4) == UINT32_MAX);
	CHECK(number(local + 30 + 5, 2) == 1 && number(local + 30 + 7, 2) == 16);
	data = data_of(0);
	CHECK(data % 64 == 0);

	first = at(number(wide_end() + 48, 8));
	CHECK(number(first, 4) == 0x02014b50 && number(first + 20, 4) == UINT32_MAX && number(first + 24, 4) == UINT32_MAX);
	CHECK(number(first + 30, 2) == 20 && number(first + 46 + 5, 2) == 1 && number(first + 46 + 7, 2) == 16);
	CHECK(number(first + 46 + 9, 8) == size && number(first + 46 + 17, 8) == size && number(first + 42, 4) == 0);

	/* The one behind it is small, and far. */
	second = first + 46 + 5 + 20;
	CHECK(number(second, 4) == 0x02014b50 && number(second + 20, 4) == 9 && number(second + 42, 4) == UINT32_MAX);
	CHECK(number(second + 30, 2) == 12 && number(second + 46 + 8, 2) == 1 && number(second + 46 + 10, 2) == 8);
	descriptor = data + size;
	CHECK(number(second + 46 + 12, 8) == descriptor + 24);
	CHECK(number(at(descriptor), 4) == 0x08074b50 && number(at(descriptor + 8), 8) == size);
	CHECK(strncmp(at(data_of(descriptor + 24)), "123456789", 9) == 0);
}

int
main(void)
{
	TEST(small_archives_have_no_wide_records);
	TEST(more_members_than_16_bits_count_have_a_wide_end);
	TEST(a_member_above_4_gib_and_one_behind_it_have_wide_fields);
	return test_done();
}
