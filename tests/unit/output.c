/* SPDX-License-Identifier: Apache-2.0 */
#include "io/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "test.h"

/* Every test runs in an empty directory of its own, the current one. */

static const int signals[] = { 0, SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ };

static int
entries(const char *path)
{
	DIR *d = opendir(path);
	int n = -2; /* . and .. */

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static bool
holds(const char *path, const char *text)
{
	struct fl_err err = { 0 };
	size_t len;
	char *s = fl_slurp(path, 1 << 20, &len, &err);
	bool same = s && strcmp(s, text) == 0;

	free(s);
	return same;
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static struct fl_output *
dir_with(const char *path, const char *name, const char *text)
{
	struct fl_err err = { 0 };
	struct fl_output *o = fl_output_open_dir(path, &err), *f;

	CHECK_STR(o ? "" : err.text, "");
	f = fl_output_open_in(o, name, &err);
	CHECK_OK(fl_output_write(f, text, strlen(text), &err), &err);
	CHECK_OK(fl_output_commit(f, &err), &err);
	return o;
}

static void
a_file_appears_at_commit_and_not_before(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o;

	put("a", "old");
	o = fl_output_open("a", &err);
	CHECK_OK(fl_output_write(o, "new", 3, &err), &err);
	CHECK(holds("a", "old"));
	CHECK_OK(fl_output_commit(o, &err), &err);
	CHECK(holds("a", "new"));
	CHECK(entries(".") == 1);
	unlink("a");
}

static void
an_abandoned_file_leaves_nothing(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o = fl_output_open("a", &err);

	CHECK_OK(fl_output_write(o, "new", 3, &err), &err);
	CHECK(entries(".") == 1);
	fl_output_abandon(o);
	fl_output_abandon(NULL);
	CHECK(entries(".") == 0);
}

static void
small_and_large_pieces_keep_their_order(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o = fl_output_open("a", &err);
	size_t n = 3 << 20, at = 0, len;
	char *bytes = malloc(n), *back;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 2654435761u >> 13);
	for (size_t piece = 1; at < n; piece = piece * 3 + 1) {
		size_t k = piece < n - at ? piece : n - at;

		CHECK_OK(fl_output_write(o, bytes + at, k, &err), &err);
		at += k;
	}
	CHECK_OK(fl_output_commit(o, &err), &err);
	back = fl_slurp("a", n, &len, &err);
	CHECK(back && len == n && memcmp(back, bytes, n) == 0);
	free(back);
	free(bytes);
	unlink("a");
}

static void
a_pipe_is_written_directly(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o;
	char got[16] = { 0 };
	int fd;

	CHECK(mkfifo("p", 0600) == 0);
	fd = open("p", O_RDWR | O_NONBLOCK);
	o = fl_output_open("p", &err);
	CHECK_OK(fl_output_write(o, "abc", 3, &err), &err);
	CHECK_OK(fl_output_commit(o, &err), &err);
	CHECK(read(fd, got, sizeof got) == 3 && memcmp(got, "abc", 3) == 0);
	close(fd);
	unlink("p");
}

static void
devices_are_written_and_not_replaced(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o = fl_output_open("/dev/null", &err);
	struct stat st;

	CHECK_OK(fl_output_write(o, "x", 1, &err), &err);
	CHECK_OK(fl_output_commit(o, &err), &err);
	CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
	o = fl_output_open("/dev/full", &err);
	CHECK_OK(fl_output_write(o, "x", 1, &err), &err);
	CHECK(fl_output_commit(o, &err) < 0);
	CHECK(err.code == FL_EXIT_SYSTEM);
	CHECK_STR(err.text, "cannot write '/dev/full': No space left on device");
}

static void
an_end_commits_what_went_well(void)
{
	struct fl_err err = { 0 };

	CHECK_OK(fl_output_end(fl_output_open("a", &err), 0, &err), &err);
	CHECK(holds("a", ""));
	unlink("a");
	CHECK(fl_output_end(fl_output_open("a", &err), -1, &err) == -1 && !err.code);
	CHECK(fl_output_end(NULL, -1, &err) == -1);
	CHECK(entries(".") == 0);
}

static void
a_scratch_directory_is_where_tmpdir_says_and_goes(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o;

	mkdir("tmp", 0700);
	setenv("TMPDIR", "tmp", 1);
	o = fl_output_open_scratch(&err);
	if (CHECK(o != NULL)) {
		CHECK(strncmp(fl_output_path(o), "tmp/", 4) == 0 && entries("tmp") == 1);
		CHECK(mkdirat(AT_FDCWD, fl_output_path(o), 0700) < 0 && errno == EEXIST);
		CHECK_OK(fl_output_end(fl_output_open_in(o, "file", &err), 0, &err), &err);
		fl_output_abandon(o);
	}
	CHECK(entries("tmp") == 0);
	setenv("TMPDIR", "absent", 1);
	CHECK(!fl_output_open_scratch(&err));
	CHECK_STR(err.text, "cannot write 'absent': No such file or directory");
	unsetenv("TMPDIR");
	rmdir("tmp");
}

static void
a_link_stays_a_link(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o;
	struct stat st;

	put("file", "old");
	CHECK(symlink("file", "link") == 0);
	o = fl_output_open("link", &err);
	CHECK_OK(fl_output_write(o, "new", 3, &err), &err);
	CHECK_OK(fl_output_commit(o, &err), &err);
	CHECK(lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(holds("file", "new"));
	unlink("link");
	unlink("file");
	mkdir("d", 0700);
	put("d/fl-history.jsonl", "old");
	CHECK(symlink("d", "link") == 0);
	o = dir_with("link/", "fl-history.jsonl", "new");
	CHECK_OK(fl_output_commit(o, &err), &err);
	CHECK(lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(holds("d/fl-history.jsonl", "new") && entries(".") == 2);
	unlink("link");
	unlink("d/fl-history.jsonl");
	rmdir("d");
}

static void
messages_name_the_target(void)
{
	struct fl_err err = { 0 };

	CHECK(!fl_output_open("no/such", &err));
	CHECK_STR(err.text, "cannot write 'no/such': No such file or directory");
	CHECK(err.code == FL_EXIT_SYSTEM);
	err = (struct fl_err){ 0 };
	CHECK(!fl_output_open("", &err));
	CHECK_STR(err.text, "cannot write '': No such file or directory");
	err = (struct fl_err){ 0 };
	CHECK(!fl_output_open(".", &err));
	CHECK_STR(err.text, "cannot write '.': Is a directory");
	err = (struct fl_err){ 0 };
	CHECK(!fl_output_open_dir("no/such/", &err));
	CHECK_STR(err.text, "cannot write 'no/such/': No such file or directory");
}

static void
a_directory_appears_whole_and_replaces_a_checkpoint(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o = dir_with("d/", "fl-history.jsonl", "one");

	CHECK(access("d", F_OK) < 0);
	CHECK_OK(fl_output_commit(o, &err), &err);
	CHECK(holds("d/fl-history.jsonl", "one"));
	put("d/model-00001-of-00002.safetensors", "");
	o = dir_with("d/", "model.safetensors", "two");
	CHECK(holds("d/fl-history.jsonl", "one"));
	CHECK_OK(fl_output_commit(o, &err), &err);
	CHECK(holds("d/model.safetensors", "two"));
	CHECK(entries("d") == 1 && entries(".") == 1);
	put("d/fl-history.jsonl", "{}");
	fl_output_abandon(dir_with("d/", "model.safetensors", "three"));
	CHECK(holds("d/model.safetensors", "two") && entries(".") == 1);
	CHECK(fl_output_commit(dir_with("d/", "fl-history.jsonl", "no weights"), &err) < 0);
	CHECK(holds("d/model.safetensors", "two") && entries(".") == 1);
	unlink("d/fl-history.jsonl");
	unlink("d/model.safetensors");
	rmdir("d");
}

static void
a_directory_of_other_things_is_not_replaced(void)
{
	struct fl_err err = { 0 };

	mkdir("d", 0700);
	put("d/thesis", "years of work");
	CHECK(!fl_output_open_dir("d/", &err));
	CHECK_STR(err.text, "'d/' has no fl-history.jsonl, so it is not replaced");
	CHECK(err.code == FL_EXIT_USAGE);
	put("d/fl-history.jsonl", "{}");
	mkdir("d/more", 0700);
	err = (struct fl_err){ 0 };
	CHECK(!fl_output_open_dir("d/", &err));
	CHECK(holds("d/thesis", "years of work"));
	rmdir("d/more");
	unlink("d/fl-history.jsonl");
	unlink("d/thesis");
	rmdir("d");
}

static void
a_directory_that_holds_more_is_not_replaced(void)
{
	static const char *const more[] = { "notes.md", "held.tok", ".hidden" };
	struct fl_err err = { 0 };
	struct fl_output *o;
	char path[32];

	mkdir("d", 0700);
	put("d/fl-history.jsonl", "{}");
	for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
		snprintf(path, sizeof path, "d/%s", more[i]);
		put(path, "mine");
		err = (struct fl_err){ 0 };
		CHECK(fl_output_commit(dir_with("d/", "config.json", "{}"), &err) < 0);
		CHECK(err.code == FL_EXIT_USAGE);
		CHECK(holds(path, "mine") && entries("d") == 2 && entries(".") == 1);
		unlink(path);
	}
	CHECK_STR(err.text, "'d/' holds '.hidden', which would be lost, so it is not replaced");
	put("d/notes.md", "old");
	o = dir_with("d/", "notes.md", "new");
	CHECK_OK(fl_output_commit(o, &err), &err);
	CHECK(holds("d/notes.md", "new") && entries("d") == 1);
	unlink("d/notes.md");
	rmdir("d");
}

/* A child that begins a file and a directory and then ends in the given way. */
static int
status_of_child(int sig)
{
	static struct fl_output *file, *dir;
	struct fl_err err = { 0 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		file = fl_output_open("a", &err);
		dir = dir_with("d/", "b", "b");
		if (!file || !dir || entries(".") != 2)
			_exit(9);
		if (sig)
			raise(sig);
		exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void
exit_and_signals_remove_what_was_not_committed(void)
{
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		int status = status_of_child(signals[i]);

		CHECK(signals[i] ? WIFSIGNALED(status) && WTERMSIG(status) == signals[i] : status == 0);
		CHECK(entries(".") == 0);
	}
}

static void
what_a_killed_process_left_goes_with_the_next_output(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o, *other;

	CHECK(WTERMSIG(status_of_child(SIGKILL)) == SIGKILL);
	CHECK(entries(".") == 2);
	put(".fl-1x-0.tmp", "somebody else's");
	o = fl_output_open("a", &err);
	CHECK(entries(".") == 2);
	other = fl_output_open("b", &err);
	CHECK(entries(".") == 3); /* this process lives */
	fl_output_abandon(other);
	fl_output_abandon(o);
	unlink(".fl-1x-0.tmp");
}

static void
a_locked_file_of_a_process_elsewhere_stays(void)
{
	struct fl_err err = { 0 };
	char name[32];
	pid_t pid = fork();
	int fd;

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0); /* nobody here has this number now */
	snprintf(name, sizeof name, ".fl-%ld-0.tmp", (long)pid);
	fd = open(name, O_RDWR | O_CREAT, 0600);
	CHECK(flock(fd, LOCK_EX) == 0);
	fl_output_abandon(fl_output_open("a", &err));
	CHECK(access(name, F_OK) == 0);
	close(fd);
	fl_output_abandon(fl_output_open("a", &err));
	CHECK(access(name, F_OK) < 0 && entries(".") == 0);
}

/* In containers that share a directory processes have the same few numbers. */
static void
a_process_elsewhere_may_have_our_number(void)
{
	enum { N = 64 };
	struct fl_err err = { 0 };
	char name[32];
	int fd[N];

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof name, ".fl-%ld-%d.tmp", (long)getpid(), i);
		fd[i] = open(name, O_RDWR | O_CREAT, 0600);
		CHECK(flock(fd[i], LOCK_EX) == 0);
	}
	CHECK_OK(fl_output_commit(fl_output_open("a", &err), &err), &err);
	CHECK(entries(".") == N + 1);
	for (int i = 0; i < N; i++)
		close(fd[i]);
	CHECK_OK(fl_output_commit(fl_output_open("a", &err), &err), &err);
	CHECK(entries(".") == 1);
	unlink("a");
}

static void
a_child_does_not_remove_what_its_parent_writes(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o = fl_output_open("a", &err);
	pid_t pid = fork();
	int status;

	if (pid == 0)
		exit(0);
	waitpid(pid, &status, 0);
	CHECK(entries(".") == 1);
	CHECK_OK(fl_output_commit(o, &err), &err);
	CHECK(holds("a", ""));
	unlink("a");
}

/* Exchanges two names for as long as it lives. */
static pid_t
racer(const char *a, const char *b)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
	return pid;
}

/* Someone who may write to the directory, too, puts a link in the place of what is looked at. */
static void
a_link_in_the_place_of_leftovers_leads_nowhere(void)
{
	struct fl_err err = { 0 };
	char left[64];
	pid_t dead = fork(), pid;

	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	snprintf(left, sizeof left, ".fl-%ld-0.tmp", (long)dead);
	CHECK(mkdir("private", 0700) == 0 && symlink("private", "link") == 0);
	put("private/secret", "secret");
	pid = racer(left, "link");
	for (int i = 0; i < 3000; i++) {
		struct fl_output *o;

		mkdir(left, 0777); /* where the last one went */
		o = fl_output_open("made", &err);
		if (o)
			fl_output_abandon(o);
		if (access(left, F_OK) < 0 && symlink("private", "link") < 0 && errno != EEXIST)
			break;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(holds("private/secret", "secret"));
	CHECK(system("rm -rf private link .fl-*") == 0);
}

/* A directory that stands for another by the time that the output is given up. */
static void
what_is_given_up_is_removed_where_it_was_made(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o;
	char inside[128];

	CHECK(mkdir("theirs", 0777) == 0 && mkdir("private", 0700) == 0);
	o = fl_output_open_dir("theirs/out/", &err);
	if (!CHECK(o != NULL))
		return;
	snprintf(inside, sizeof inside, "private%s", strrchr(fl_output_path(o), '/'));
	CHECK(mkdir(inside, 0700) == 0);
	CHECK(rename("theirs", "moved") == 0 && symlink("private", "theirs") == 0);
	fl_output_abandon(o);
	CHECK(access(inside, F_OK) == 0);
	CHECK(entries("moved") == 0);
	CHECK(system("rm -r private moved theirs") == 0);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void
what_replaces_keeps_the_mode_and_scratch_is_ones_own(void)
{
	struct fl_err err = { 0 };
	struct fl_output *o;

	put("secret", "old");
	CHECK(chmod("secret", 0600) == 0);
	o = fl_output_open("secret", &err);
	CHECK(o && mode_of(fl_output_path(o)) == 0600);
	CHECK(fl_output_write(o, "new", 3, &err) == 0 && fl_output_commit(o, &err) == 0);
	CHECK(holds("secret", "new") && mode_of("secret") == 0600);
	CHECK(mkdir("dir", 0700) == 0);
	o = fl_output_open_dir("dir/", &err);
	CHECK(o && fl_output_commit(o, &err) == 0 && mode_of("dir") == 0700);
	o = fl_output_open_scratch(&err);
	CHECK(o && mode_of(fl_output_path(o)) == 0700);
	fl_output_abandon(o);
	CHECK(remove("secret") == 0 && rmdir("dir") == 0);
}

int
main(void)
{
	char dir[] = "/tmp/fl-output-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	for (size_t i = 1; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_DFL); /* whatever the caller of the tests ignores */
	TEST(a_file_appears_at_commit_and_not_before);
	TEST(an_abandoned_file_leaves_nothing);
	TEST(small_and_large_pieces_keep_their_order);
	TEST(a_pipe_is_written_directly);
	TEST(devices_are_written_and_not_replaced);
	TEST(an_end_commits_what_went_well);
	TEST(a_scratch_directory_is_where_tmpdir_says_and_goes);
	TEST(a_link_stays_a_link);
	TEST(messages_name_the_target);
	TEST(a_directory_appears_whole_and_replaces_a_checkpoint);
	TEST(a_directory_of_other_things_is_not_replaced);
	TEST(a_directory_that_holds_more_is_not_replaced);
	TEST(exit_and_signals_remove_what_was_not_committed);
	TEST(what_a_killed_process_left_goes_with_the_next_output);
	TEST(a_locked_file_of_a_process_elsewhere_stays);
	TEST(a_process_elsewhere_may_have_our_number);
	TEST(a_child_does_not_remove_what_its_parent_writes);
	TEST(a_link_in_the_place_of_leftovers_leads_nowhere);
	TEST(what_is_given_up_is_removed_where_it_was_made);
	TEST(what_replaces_keeps_the_mode_and_scratch_is_ones_own);
	if (chdir("/") < 0 || rmdir(dir) < 0)
		return 1;
	return test_done();
}
