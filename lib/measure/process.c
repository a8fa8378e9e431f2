/* SPDX-License-Identifier: Apache-2.0 */
/* timeout(1) ends the program, with everything that it started on this machine, when its time is over or when we are
 * no more. */
#include "measure/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

#define GRACE "5" /* seconds, between TERM and KILL */
enum { MOST = 1 << 20, POLL_MS = 50, GRACE_OVER = 6, TIMED_OUT = 124, NOT_RUN = 126, NOT_FOUND = 127, KILLED = 128 + SIGKILL };

static void
redirect(const char *path, int flags, int to)
{
	int fd = path ? open(path, flags, 0666) : -1;

	if (path && (fd < 0 || dup2(fd, to) < 0))
		_exit(NOT_RUN);
}

_Noreturn static void
child(const struct fl_process *p, const char **argv, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (dup2(out, STDOUT_FILENO) < 0)
		_exit(NOT_RUN);
	redirect(p->log, O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO);
	redirect(p->input ? p->input : "/dev/null", O_RDONLY, STDIN_FILENO);
	if (p->dir && chdir(p->dir) < 0)
		_exit(NOT_RUN);
	execvp(argv[0], (char *const *)(void *)argv);
	_exit(NOT_FOUND);
}

static const char **
arguments(const struct fl_process *p, char limit[16])
{
	size_t n = 0;
	const char **argv;

	while (p->argv[n])
		n++;
	argv = fl_alloc(n + 5, sizeof *argv);
	snprintf(limit, 16, "%d", p->timeout);
	argv[0] = "timeout";
	argv[1] = "-k";
	argv[2] = GRACE;
	argv[3] = limit;
	for (size_t i = 0; i < n; i++)
		argv[4 + i] = p->argv[i];
	return argv;
}

/* Adds what is there to be read. 1, or 0 at its end, or -1. */
static int
take(int fd, struct fl_str *out)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof buf);

	if (n > 0 && out->len < MOST)
		fl_str_add(out, buf, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR) ? 1 : n < 0 ? -1 : 0;
}

/* Whatever it started may hold its standard output for longer than it lives: then that is its end, or the deadline. */
static int
collect(int fd, pid_t pid, double deadline, struct fl_str *out)
{
	struct pollfd p = { fd, POLLIN, 0 };
	siginfo_t done = { 0 };
	int got;

	while (fl_clock() < deadline) {
		int ready = poll(&p, 1, POLL_MS);

		if (ready < 0 && errno != EINTR)
			return -1;
		got = ready > 0 ? take(fd, out) : 1;
		if (got <= 0)
			return got;
		if (ready == 0 && (waitid(P_PID, (id_t)pid, &done, WEXITED | WNOHANG | WNOWAIT) < 0 || done.si_pid == pid))
			return 0;
	}
	kill(pid, SIGKILL);
	return 0;
}

/* When its time is over timeout(1) says so, unless it had to kill the program, and itself with it. */
static int
finish(const struct fl_process *p, pid_t pid, double start, struct fl_err *err)
{
	siginfo_t info;
	int status;
	pid_t done;
	bool killed;

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0)
		kill(-pid, SIGKILL); /* what it left behind, while the group is still its */
	do
		done = waitpid(pid, &status, 0);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return fl_err_sys(err, "cannot wait for '%s'", p->argv[0]);
	killed = WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == KILLED;
	if ((WIFEXITED(status) && WEXITSTATUS(status) == TIMED_OUT) || (killed && fl_clock() - start >= p->timeout)) {
		errno = ETIMEDOUT;
		return fl_err_sys(err, "cannot wait for '%s' longer than %d s", p->argv[0], p->timeout);
	}
	if (!WIFEXITED(status) || (WEXITSTATUS(status) > TIMED_OUT && WEXITSTATUS(status) <= NOT_FOUND)) {
		errno = ENOEXEC;
		return fl_err_sys(err, "cannot run '%s'", p->argv[0]);
	}
	return WEXITSTATUS(status);
}

int
fl_process_run(const struct fl_process *p, struct fl_str *out, struct fl_err *err)
{
	char limit[16];
	const char **argv = arguments(p, limit);
	int fd[2], status, bad;
	double start = fl_clock();
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0) {
		free(argv);
		return fl_err_sys(err, "cannot run '%s'", p->argv[0]);
	}
	if ((pid = fork()) < 0) {
		fl_err_sys(err, "cannot run '%s'", p->argv[0]);
		close(fd[0]);
		close(fd[1]);
		free(argv);
		return -1;
	}
	if (pid == 0)
		child(p, argv, fd[1]);
	if ((bad = close(fd[1]) < 0 ? -1 : collect(fd[0], pid, start + p->timeout + GRACE_OVER, out)) < 0)
		fl_err_sys(err, "cannot run '%s'", p->argv[0]);
	close(fd[0]);
	free(argv);
	status = finish(p, pid, start, err);
	if (!bad && status >= 0 && out->data && memchr(out->data, '\0', out->len))
		bad = fl_err_data(err, "'%s' printed a NUL byte", p->argv[0]);
	return bad ? -1 : status;
}
