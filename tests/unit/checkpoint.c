/* SPDX-License-Identifier: Apache-2.0 */
#include "io/checkpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "io/history.h"
#include "io/safetensors.h"
#include "test.h"

/* Everything happens in a scratch directory, with two checkpoints of nonsense: one/ has a single
 * weights file, many/ two shards and their index. */

static void
put(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0)
		abort();
}

static void
put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static void
sh(const char *command)
{
	CHECK(system(command) == 0);
}

/* Tensors named by `names`, one letter each, of 3, 4, 5 ... bytes of that letter. */
static void
put_weights(const char *path, const char *names)
{
	struct fl_json *metadata = fl_json_new_object();
	struct fl_tensor t[8] = { { 0 } };
	char name[8][2] = { { 0 } };
	struct fl_str out = { 0 };
	size_t n = strlen(names);

	for (size_t i = 0; i < n; i++) {
		uint64_t shape = i + 3;

		name[i][0] = names[i];
		fl_tensor_init(&t[i], name[i], FL_U8, 1, &shape);
	}
	fl_json_set(metadata, "format", fl_json_new_str("pt"));
	fl_safetensors_header(&out, t, n, metadata);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i + 3; k++)
			fl_str_putc(&out, names[i]);
	put(path, out.data, out.len);
	fl_json_free(metadata);
	fl_str_free(&out);
}

#define SHARD(i) "model-0000" #i "-of-00002.safetensors"
#define INDEX "model.safetensors.index.json"

static void
make_checkpoints(void)
{
	sh("rm -rf one many && mkdir one many");
	put_text("one/config.json", "{\n  \"model_type\": \"none\"\n}\n");
	put_text("one/tokenizer.json", "{}");
	put_text("one/README.md", "");
	put_weights("one/model.safetensors", "abc");
	put_text("many/config.json", "{\n  \"model_type\": \"none\"\n}\n");
	put_weights("many/" SHARD(1), "ab");
	put_weights("many/" SHARD(2), "c");
	put_text("many/" INDEX, "{\"weight_map\":{\"a\":\"" SHARD(1) "\",\"c\":\"" SHARD(2) "\","
				"\"b\":\"" SHARD(1) "\"}}");
}

/* One item of a reader into a writer. */
static int
copy_item(struct fl_reader *r, struct fl_writer *w, const struct fl_item *item, struct fl_err *err)
{
	size_t left = item->kind == FL_ITEM_TENSOR ? item->tensor->size : 0;

	if (item->kind == FL_ITEM_MEMBER)
		return fl_writer_member(w, item->name, item->data, item->size, err);
	if (item->kind == FL_ITEM_WEIGHTS)
		return fl_writer_weights(w, item->name, item->tensor, item->n, item->metadata, err);
	for (size_t k = 1; left > 0; left -= k, k++) {
		const void *p;

		if (k > left)
			k = left;
		p = fl_reader_take(r, k, err);
		if (!p || fl_writer_put(w, p, k, err) < 0)
			return -1;
	}
	return 0;
}

/* Copies a checkpoint; returns the exit code that a tool would end with. */
static enum fl_exit
copy(const char *from, const char *to, bool history, struct fl_err *err)
{
	struct fl_json *arguments = fl_json_new_array();
	struct fl_reader *r;
	struct fl_writer *w;
	struct fl_item item;
	int got;

	*err = (struct fl_err){ 0 };
	r = fl_reader_open(from, err);
	w = r ? fl_writer_open(to, false, err) : NULL;
	got = w ? fl_writer_config(w, fl_reader_config(r), err) : -1;
	while (got >= 0 && (got = fl_reader_next(r, &item, err)) > 0)
		got = copy_item(r, w, &item, err);
	if (got == 0 && history)
		got = fl_history_write(w, r, "fl-copy", arguments, NULL, err);
	if (got == 0)
		got = fl_writer_commit(w, err);
	else
		fl_writer_abandon(w);
	fl_reader_close(r);
	fl_json_free(arguments);
	CHECK((got < 0) == (err->code != FL_EXIT_OK));
	return err->code;
}

static void
copies(const char *from, const char *to)
{
	struct fl_err err;

	copy(from, to, false, &err);
	CHECK_STR(err.text, "");
}

static void
refuses(const char *from, const char *message)
{
	struct fl_err err;

	CHECK(copy(from, "never.tar", false, &err) == FL_EXIT_DATA);
	CHECK_STR(err.text, message);
	CHECK(access("never.tar", F_OK) < 0);
}

/* The file as a pipe: a path to open, good once. */
static const char *
piped(const void *data, size_t n, int *fd)
{
	static char path[32];
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], data, n) != (ssize_t)n)
		abort();
	close(ends[1]);
	*fd = ends[0];
	snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
	return path;
}

static void
copies_piped(const char *from, const char *to)
{
	struct fl_err err = { 0 };
	size_t n;
	char *data = fl_slurp(from, 1 << 20, &n, &err);
	int fd;

	copies(piped(data, n, &fd), to);
	close(fd);
	free(data);
}

static void
a_round_trip_through_every_form_gives_the_same_bytes(void)
{
	make_checkpoints();
	copies("one", "1.tar");
	copies("1.tar", "1/");
	sh("diff -r one 1");
	copies("1/", "2.tar.zst");
	copies("2.tar.zst", "2.tar");
	sh("cmp 1.tar 2.tar");
	copies_piped("1.tar", "3.tar");
	sh("cmp 1.tar 3.tar");
	copies_piped("2.tar.zst", "4.tar.zst");
	sh("cmp 2.tar.zst 4.tar.zst");
	copies("many/", "5.tar");
	copies_piped("5.tar", "5/");
	copies("5", "6.tar");
	sh("cmp 5.tar 6.tar");
}

static void
members_are_in_canonical_order_and_tar_can_read_them(void)
{
	struct fl_err err;

	make_checkpoints();
	CHECK(copy("one/", "1.tar", true, &err) == 0);
	sh("test \"$(tar tf 1.tar | tr '\\n' ' ')\" = "
	   "'config.json README.md tokenizer.json model.safetensors fl-history.jsonl '");
	CHECK(copy("many", "2.tar", true, &err) == 0);
	sh("test \"$(tar tf 2.tar | tr '\\n' ' ')\" = "
	   "'config.json " SHARD(1) " " SHARD(2) " " INDEX " fl-history.jsonl '");
	sh("tar xOf 1.tar model.safetensors | cmp - one/model.safetensors");
	sh("tar tvf 1.tar | awk '!/^-rw-r--r-- 0\\/0 .* 1970-01-01/ { exit 1 }'");
}

static void
history_grows_by_a_line_and_names_what_was_read(void)
{
	struct fl_err err;
	struct fl_reader *r;
	struct fl_item item;
	char want[256];

	make_checkpoints();
	CHECK(copy("one", "1.tar", true, &err) == 0);
	CHECK(copy("1.tar", "2/", true, &err) == 0);
	r = fl_reader_open("2", &err);
	while (fl_reader_next(r, &item, &err) > 0)
		;
	/* XXH3-128 of "aaabbbbccccc", from the PyPI package xxhash */
	CHECK_STR(fl_reader_digest(r), "bd848442117c5bd6dd138f5c359d49ae");
	snprintf(want, sizeof want, "{\"tool\":\"fl-copy\",\"version\":");
	CHECK(fl_str_begins(fl_reader_history(r), want));
	snprintf(want, sizeof want, "\"arguments\":[],\"input\":\"%s\"}\n", fl_reader_digest(r));
	CHECK(fl_str_ends(fl_reader_history(r), want));
	fl_reader_close(r);
	sh("test $(wc -l < 2/fl-history.jsonl) = 2");
	sh("test $(uniq 2/fl-history.jsonl | wc -l) = 1");
}

static void
tars_of_other_programs_are_read(void)
{
	make_checkpoints();
	copies("one", "1.tar");
	sh("tar cf gnu.tar one");
	copies("gnu.tar", "2.tar");
	sh("tar cf dot.tar -C one .");
	copies("dot.tar", "3.tar");
	sh("tar cf pax.tar --format=posix -C one config.json README.md tokenizer.json model.safetensors");
	copies("pax.tar", "4.tar");
	copies_piped("pax.tar", "5.tar");
	sh("tar cf late.tar one/README.md one/config.json one/tokenizer.json one/model.safetensors");
	copies_piped("late.tar", "6.tar");
	sh("for i in 2 3 4 5 6; do cmp 1.tar $i.tar || exit; done");
}

static void
what_is_no_part_of_a_checkpoint_is_left_out(void)
{
	make_checkpoints();
	copies("one", "1.tar");
	sh("mkdir one/original one/.git && touch one/original/params.json one/.git/config"
	   " one/pytorch_model.bin one/model.gguf one/.gitattributes"
	   " && head -c 2000000 /dev/zero > one/blob");
	copies("one", "2.tar");
	sh("tar cf 3.tar one");
	copies("3.tar", "4.tar");
	sh("tar cf 5.tar -C one config.json original pytorch_model.bin README.md .git"
	   " tokenizer.json model.safetensors");
	copies_piped("5.tar", "6.tar");
	sh("for i in 2 4 6; do cmp 1.tar $i.tar || exit; done");
}

static void
links_devices_duplicates_and_strange_names_are_refused(void)
{
	make_checkpoints();
	sh("ln -s config.json one/link && tar cf 1.tar one && rm one/link");
	refuses("1.tar", "'1.tar': member 'one/link' is a link");
	sh("mkfifo one/fifo && tar cf 1.tar one");
	refuses("1.tar", "'1.tar': member 'one/fifo' is not a plain file");
	refuses("one", "'one/fifo' is not a plain file");
	sh("rm one/fifo; tar cf 1.tar -P one/../one/config.json");
	refuses("1.tar", "'1.tar': member 'one/../one/config.json' leads out of the archive");
	sh("tar cf 1.tar -P --transform=s,^,/x/, one/config.json");
	refuses("1.tar", "'1.tar': member '/x/one/config.json' has an absolute name");
	sh("tar cf 1.tar one && tar rf 1.tar one/README.md");
	refuses("1.tar", "'1.tar' has two members 'README.md'");
	sh("truncate -s 1M one/README.md && tar cSf 1.tar one");
	refuses("1.tar", "'1.tar': member 'one/README.md' is stored as a sparse file");
}

static void
shards_and_their_index_must_agree(void)
{
	make_checkpoints();
	sh("mv many/" SHARD(2) " .");
	refuses("many", "'many': '" SHARD(2) "', a file of the index, is missing");
	sh("mv many/" INDEX " .");
	refuses("many", "'many': shard '" SHARD(2) "' is missing");
	sh("mv " INDEX " many");
	put_weights("many/" SHARD(2), "b");
	refuses("many", "'many': tensor 'b' is in '" SHARD(1) "' and in '" SHARD(2) "'");
	put_weights("many/" SHARD(2), "d");
	refuses("many", "'many': tensor 'c' of the index is missing");
	put_weights("many/" SHARD(2), "cd");
	refuses("many", "'many': tensor 'd' is not in the index");
	put_weights("many/" SHARD(1), "a");
	put_weights("many/" SHARD(2), "bc");
	refuses("many", "'many': tensor 'b' is in '" SHARD(2) "', not where the index says");
	sh("rm many/" INDEX " && mv many/" SHARD(2) " many/model-00003-of-00003.safetensors");
	refuses("many", "'many' holds two sets of shards and no index that says which counts: "
			"'model-00003-of-00003.safetensors' is of another");
	sh("rm many/*.safetensors");
	refuses("many", "'many' holds no model.safetensors");
}

static void
what_is_no_checkpoint_is_refused_in_one_clear_line(void)
{
	make_checkpoints();
	put_text("x", "");
	refuses("x", "'x' is empty");
	put_text("x", "What is this?");
	refuses("x", "'x' is neither a tar nor a zstd-compressed tar");
	sh("head -c 100000 /dev/zero > x");
	refuses("x", "'x' holds no config.json");
	sh("tar cf x one/README.md");
	refuses("x", "'x' holds no config.json");
	sh("rm one/config.json");
	refuses("one", "'one' holds no config.json");
	put_text("one/config.json", "[]");
	refuses("one", "'one': 'config.json' is not an object");
	sh("mkfifo pipe; tar cf pipe one/model.safetensors one/config.json &");
	refuses("pipe", "'pipe': weights stand before config.json; give it as a directory or a plain tar file");
	sh("tar cf x many && printf x >> x");
	refuses("x", "'x' has bytes after its end");
}

/* Every cut of an archive, as a file and as a pipe: never a clean end, never another class. */
static void
check_cuts(const char *path)
{
	struct fl_err err = { 0 };
	size_t size;
	char *data = fl_slurp(path, 1 << 20, &size, &err);
	int early = 0, fd;

	for (size_t n = 0; n < size; n++) {
		put("cut", data, n);
		copy("cut", "never.tar", false, &err);
		if (!CHECK(err.code == FL_EXIT_DATA))
			printf("# cut to %zu of %zu bytes, file: %s\n", n, size, err.text);
		copy(piped(data, n, &fd), "never.tar", false, &err);
		close(fd);
		if (!CHECK(err.code == FL_EXIT_DATA))
			printf("# cut to %zu of %zu bytes, pipe: %s\n", n, size, err.text);
		early += fl_str_ends(err.text, "ends early");
	}
	CHECK(early > (int)size - 520); /* all but where nothing shows yet that it is a tar */
	CHECK(access("never.tar", F_OK) < 0);
	free(data);
}

static void
a_tar_cut_at_any_byte_ends_early(void)
{
	struct fl_err err;

	make_checkpoints();
	copy("many", "1.tar", true, &err);
	check_cuts("1.tar");
}

static void
a_zstd_stream_cut_at_any_byte_ends_early(void)
{
	struct fl_err err = { 0 };
	size_t size;
	char *data;
	int fd;

	make_checkpoints();
	copy("many", "1.tar.zst", true, &err);
	data = fl_slurp("1.tar.zst", 1 << 20, &size, &err);
	for (size_t n = 0; n < size; n++) {
		copy(piped(data, n, &fd), "never.tar", false, &err);
		close(fd);
		CHECK(err.code == FL_EXIT_DATA);
		CHECK(n < 4 || fl_str_ends(err.text, "ends early"));
	}
	free(data);
}

static void
members_are_found_in_every_form(void)
{
	static const char *const forms[] = { "one", "one/", "1.tar", "1.tar.zst" };
	static const char *const names[] = { "vocab.txt", "tokenizer.json" };
	struct fl_err err = { 0 };

	make_checkpoints();
	copies("one", "1.tar");
	copies("one", "1.tar.zst");
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct fl_str text[2] = { 0 };

		CHECK_OK(fl_checkpoint_members(forms[i], names, 2, text, &err), &err);
		CHECK(!text[0].data);
		CHECK_STR(text[1].data, "{}");
		CHECK(text[1].len == 2);
		fl_str_free(&text[1]);
	}
	CHECK(fl_checkpoint_members("nowhere", names, 0, NULL, &err) < 0);
	CHECK(err.code == FL_EXIT_SYSTEM);
}

/* Not rounded up to a page, and larger than the pieces in which streams come. */
static void
large_tensors_pass_in_pieces(void)
{
	struct fl_safetensors *s;
	struct fl_err err = { 0 };
	uint64_t shape[2] = { 3, 1234567 };
	struct fl_tensor t;
	struct fl_writer *w = fl_writer_open("big/", false, &err);
	struct fl_json *config = fl_json_new_object();
	char *data = malloc(shape[0] * shape[1]);
	const void *back;

	for (size_t i = 0; i < shape[0] * shape[1]; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	fl_tensor_init(&t, "w", FL_U8, 2, shape);
	CHECK_OK(fl_writer_config(w, config, &err), &err);
	CHECK_OK(fl_writer_weights(w, "model.safetensors", &t, 1, NULL, &err), &err);
	CHECK_OK(fl_writer_put(w, data, t.size, &err), &err);
	CHECK_OK(fl_writer_commit(w, &err), &err);
	copies("big", "1.tar.zst");
	sh("mkfifo f1 f2; cat 1.tar.zst > f1 &");
	copies("f1", "2.tar");
	sh("cat 2.tar > f2 &");
	copies("f2", "back/");
	s = fl_safetensors_open("back/model.safetensors", &err);
	CHECK(s && fl_safetensors_find(s, "w", &back) && memcmp(back, data, t.size) == 0);
	fl_safetensors_free(s);
	fl_json_free(config);
	free(data);
}

/* Which tensors are taken does not change the digest, nor does the form. */
static void
skipped_tensors_count_in_the_digest(void)
{
	struct fl_err err = { 0 };
	char first[64] = "";

	make_checkpoints();
	copies("many", "1.tar.zst");
	for (unsigned mask = 0; mask < 16; mask++) {
		struct fl_reader *r = fl_reader_open(mask & 8 ? "1.tar.zst" : "many", &err);
		struct fl_item item;
		unsigned i = 0;

		while (fl_reader_next(r, &item, &err) > 0)
			if (item.kind == FL_ITEM_TENSOR && mask >> i++ & 1)
				CHECK(fl_reader_take(r, 2, &err));
		if (mask == 0)
			snprintf(first, sizeof first, "%s", fl_reader_digest(r));
		CHECK_STR(fl_reader_digest(r), first);
		fl_reader_close(r);
	}
}

/* Pages are given back behind the reader; what it handed out is still there. */
static void
mapped_bytes_live_as_long_as_the_reader(void)
{
	enum { SIZE = 40 << 20, PIECE = 1 << 20 };
	static const char *piece[SIZE / PIECE];
	uint64_t shape = SIZE;
	struct fl_err err = { 0 };
	struct fl_json *config = fl_json_new_object();
	struct fl_writer *w = fl_writer_open("big.tar", false, &err);
	struct fl_tensor t;
	struct fl_reader *r;
	struct fl_item item;
	char *block = malloc(PIECE);

	fl_tensor_init(&t, "w", FL_U8, 1, &shape);
	CHECK_OK(fl_writer_config(w, config, &err), &err);
	CHECK_OK(fl_writer_weights(w, "model.safetensors", &t, 1, NULL, &err), &err);
	for (int i = 0; i < SIZE / PIECE; i++)
		CHECK_OK(fl_writer_put(w, memset(block, i + 1, PIECE), PIECE, &err), &err);
	CHECK_OK(fl_writer_commit(w, &err), &err);

	r = fl_reader_open("big.tar", &err);
	CHECK(fl_reader_mapped(r));
	while (fl_reader_next(r, &item, &err) > 0)
		for (int i = 0; item.kind == FL_ITEM_TENSOR && i < SIZE / PIECE; i++)
			piece[i] = fl_reader_take(r, PIECE, &err);
	for (int i = 0; i < SIZE / PIECE; i++)
		CHECK(memcmp(piece[i], memset(block, i + 1, PIECE), PIECE) == 0);
	fl_reader_close(r);
	fl_json_free(config);
	free(block);
	unlink("big.tar");
}

int
main(void)
{
	char dir[] = "/tmp/fl-checkpoint-XXXXXX", command[64];

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	fl_log_init("test", -1);
	TEST(a_round_trip_through_every_form_gives_the_same_bytes);
	TEST(members_are_in_canonical_order_and_tar_can_read_them);
	TEST(history_grows_by_a_line_and_names_what_was_read);
	TEST(tars_of_other_programs_are_read);
	TEST(what_is_no_part_of_a_checkpoint_is_left_out);
	TEST(links_devices_duplicates_and_strange_names_are_refused);
	TEST(shards_and_their_index_must_agree);
	TEST(what_is_no_checkpoint_is_refused_in_one_clear_line);
	TEST(a_tar_cut_at_any_byte_ends_early);
	TEST(a_zstd_stream_cut_at_any_byte_ends_early);
	TEST(members_are_found_in_every_form);
	TEST(large_tensors_pass_in_pieces);
	TEST(skipped_tensors_count_in_the_digest);
	TEST(mapped_bytes_live_as_long_as_the_reader);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	if (chdir("/") < 0 || system(command) != 0)
		return 1;
	return test_done();
}
