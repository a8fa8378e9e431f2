/* SPDX-License-Identifier: Apache-2.0 */
#include "search/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The child reads `in` and writes `out`; both are close-on-exec here. */
static int
start(int in, int out, pid_t *pid)
{
	char *argv[] = { (char[]){ "gnuplot" }, NULL };
	posix_spawn_file_actions_t files;
	int rc;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	rc = posix_spawnp(pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

static int
read_all(int fd, struct fl_str *out, struct fl_err *err)
{
	char block[1 << 14];
	ssize_t n;

	while ((n = read(fd, block, sizeof block)) != 0) {
		if (n > 0)
			fl_str_add(out, block, (size_t)n);
		else if (errno != EINTR)
			return fl_err_sys(err, "cannot read from gnuplot");
	}
	return 0;
}

/* `in` holds the script, read from its start. */
static int
run(int in, struct fl_str *image, struct fl_err *err)
{
	int fd[2], rc, status;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return fl_err_sys(err, "cannot make a pipe for gnuplot");
	errno = start(in, fd[1], &pid);
	close(fd[1]);
	if (errno) {
		fl_err_sys(err, "cannot run gnuplot, which draws the plot");
		close(fd[0]);
		return -1;
	}
	rc = read_all(fd[0], image, err);
	close(fd[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fl_err_sys(err, "cannot wait for gnuplot");
	if (rc == 0 && status != 0) {
		errno = EIO;
		rc = fl_err_sys(err, "gnuplot failed");
	}
	return rc;
}

static int
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno != EINTR)
			return -1;
		p += k < 0 ? 0 : k;
		n -= k < 0 ? 0 : (size_t)k;
	}
	return 0;
}

/* The script lies in memory as a file: through a pipe each side could wait for the other. */
int
fl_gnuplot(const struct fl_str *script, struct fl_str *image, struct fl_err *err)
{
	int fd = memfd_create("gnuplot", MFD_CLOEXEC), rc;

	if (fd < 0)
		return fl_err_sys(err, "cannot make a script for gnuplot");
	if (write_all(fd, script->data, script->len) < 0 || lseek(fd, 0, SEEK_SET) != 0)
		rc = fl_err_sys(err, "cannot write a script for gnuplot");
	else
		rc = run(fd, image, err);
	close(fd);
	return rc;
}
