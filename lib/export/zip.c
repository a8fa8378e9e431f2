/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian records, each after a signature:
 *
 *     local header	04034b50  u16 version, flags, method, time, date  u32 crc, size, size  u16 name, extra
 *			name, extra, data
 *     descriptor	08074b50  u32 crc  u32 size, size (u64 in ZIP64): of a member whose header could not know them
 *     directory	02014b50  u16 made by  as the local header from version on  u16 comment, disk, internal
 *			u32 external, offset of the local header  name, extra
 *     end, ZIP64	06064b50  u64 rest of it  u16 made by, version  u32 disk, disk  u64 members, members, directory's
 *			size, offset
 *     its locator	07064b50  u32 disk  u64 offset  u32 disks
 *     end		06054b50  u16 disk, disk, members, members  u32 directory's size, offset  u16 comment
 *
 * An extra field is u16 id, size and the data: 1 has the u64s that do not fit 32 bits, others are padding. */
#include "export/zip.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

enum { STREAMED = 1 << 3, DATE = 1 << 5 | 1, ZIP64 = 1, PADDING = 0x4246 };

#define FULL UINT32_MAX /* "see the ZIP64 field" */

struct fl_zip {
	struct fl_output *out;
	struct fl_str directory;
	char *name; /* of the member at hand; NULL: none */
	uint64_t size, left, header; /* its bytes, those to come, and where its header is */
	uint32_t crc;
	uint64_t at, members;
	uint32_t table[8][256];
};

/* CRC-32 of IEEE 802.3, eight bytes at a step: table[k][i] is what byte i becomes k bytes later. */
static void
fill_table(uint32_t table[8][256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
		table[0][i] = c;
	}
	for (int k = 1; k < 8; k++)
		for (uint32_t i = 0; i < 256; i++)
			table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 255];
}

static uint32_t
crc32(const uint32_t table[8][256], uint32_t crc, const unsigned char *p, size_t n)
{
	crc = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint32_t low;

		memcpy(&low, p, sizeof low);
		low ^= crc;
		crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24] ^
		    table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
	}
	while (n--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
	return ~crc;
}

static void
put(struct fl_str *s, uint64_t v, size_t bytes)
{
	fl_str_add(s, &v, bytes); /* hosts are little-endian */
}

static void
put_all(struct fl_str *s, size_t bytes, const uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(s, v[i], bytes);
}

#define PUT(s, bytes, ...) \
	put_all(s, bytes, (const uint64_t[]){ __VA_ARGS__ }, sizeof (uint64_t[]){ __VA_ARGS__ } / sizeof(uint64_t))

struct fl_zip *
fl_zip_new(struct fl_output *out)
{
	struct fl_zip *z = fl_alloc(1, sizeof *z);

	z->out = out;
	fill_table(z->table);
	return z;
}

void
fl_zip_free(struct fl_zip *z)
{
	if (!z)
		return;
	fl_str_free(&z->directory);
	free(z->name);
	free(z);
}

static int
emit(struct fl_zip *z, struct fl_str *s, struct fl_err *err)
{
	int rc = fl_output_write(z->out, s->data, s->len, err);

	z->at += s->len;
	fl_str_free(s);
	return rc;
}

static bool
is_large(const struct fl_zip *z)
{
	return z->size >= FULL;
}

/* version, flags, method (0: stored), time, date; crc and sizes; name and extra. */
static void
describe(struct fl_str *s, const struct fl_zip *z, uint32_t crc, uint64_t size, size_t extra)
{
	PUT(s, 2, is_large(z) ? 45 : 20, STREAMED, 0, 0, DATE);
	PUT(s, 4, crc, size, size);
	PUT(s, 2, strlen(z->name), extra);
}

/* The descriptor, and the entry in the directory. */
static int
finish(struct fl_zip *z, struct fl_err *err)
{
	struct fl_str s = { 0 }, *d = &z->directory;
	bool far = z->header >= FULL;
	uint64_t wide = (is_large(z) ? 16u : 0u) + (far ? 8u : 0u);

	if (!z->name)
		return 0;
	if (z->left)
		fl_bug("a member of a ZIP is short of %llu bytes", (unsigned long long)z->left);
	PUT(&s, 4, 0x08074b50, z->crc);
	PUT(&s, is_large(z) ? 8 : 4, z->size, z->size);
	PUT(d, 4, 0x02014b50);
	PUT(d, 2, 45);
	describe(d, z, z->crc, is_large(z) ? FULL : z->size, wide ? 4 + wide : 0);
	PUT(d, 2, 0, 0, 0);
	PUT(d, 4, 0, far ? FULL : z->header);
	fl_str_puts(d, z->name);
	if (wide)
		PUT(d, 2, ZIP64, wide);
	if (is_large(z))
		PUT(d, 8, z->size, z->size);
	if (far)
		PUT(d, 8, z->header);
	free(z->name);
	z->name = NULL;
	z->members++;
	return emit(z, &s, err);
}

int
fl_zip_member(struct fl_zip *z, const char *name, uint64_t size, size_t align, struct fl_err *err)
{
	struct fl_str s = { 0 };
	size_t wide, end, pad;

	if (finish(z, err) < 0)
		return -1;
	z->name = fl_strdup(name);
	z->size = z->left = size;
	z->crc = 0;
	z->header = z->at;
	wide = is_large(z) ? 20 : 0;
	end = (size_t)(z->at % align) + 30 + strlen(name) + wide + 4;
	pad = (align - end % align) % align;
	PUT(&s, 4, 0x04034b50);
	describe(&s, z, 0, is_large(z) ? FULL : 0, wide + 4 + pad);
	fl_str_puts(&s, name);
	if (wide) {
		PUT(&s, 2, ZIP64, 16);
		PUT(&s, 8, 0, 0);
	}
	PUT(&s, 2, PADDING, pad);
	for (size_t i = 0; i < pad; i++)
		fl_str_putc(&s, 0);
	return emit(z, &s, err);
}

int
fl_zip_put(struct fl_zip *z, const void *data, size_t n, struct fl_err *err)
{
	if (!z->name || n > z->left)
		fl_bug("a member of a ZIP is longer than was said");
	z->left -= n;
	z->at += n;
	z->crc = crc32(z->table, z->crc, data, n);
	return fl_output_write(z->out, data, n, err);
}

int
fl_zip_end(struct fl_zip *z, struct fl_err *err)
{
	struct fl_str s = { 0 };
	uint64_t at, size;
	bool large;

	if (finish(z, err) < 0)
		return -1;
	at = z->at;
	size = z->directory.len;
	large = at + size >= FULL || z->members >= UINT16_MAX;
	if (emit(z, &z->directory, err) < 0)
		return -1;
	if (large) {
		PUT(&s, 4, 0x06064b50);
		PUT(&s, 8, 44);
		PUT(&s, 2, 45, 45);
		PUT(&s, 4, 0, 0);
		PUT(&s, 8, z->members, z->members, size, at);
		PUT(&s, 4, 0x07064b50, 0);
		PUT(&s, 8, at + size);
		PUT(&s, 4, 1);
	}
	PUT(&s, 4, 0x06054b50);
	PUT(&s, 2, 0, 0, large ? UINT16_MAX : z->members, large ? UINT16_MAX : z->members);
	PUT(&s, 4, large ? FULL : size, large ? FULL : at);
	PUT(&s, 2, 0);
	return emit(z, &s, err);
}
