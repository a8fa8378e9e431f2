/* SPDX-License-Identifier: Apache-2.0 */
/* inject.c -- makes calls to the system fail, in a tool that is run with this in LD_PRELOAD.
 *
 *     FL_INJECT=function:n:errno    the n-th call of function fails, say write:3:ENOSPC
 *     FL_INJECT=function:0:short    every call of read, pread or write moves only a part
 *     FL_INJECT=function:0:EINTR    every second call of them fails
 *     FL_INJECT=mmap:n:short        the n-th mapping is of a file that has become empty
 *     FL_INJECT_COUNT=file          at exit "function calls" is appended to file for each
 *
 * A close() that fails has closed. That of a descriptor that can only be written to counts as
 * close_output: there bytes are lost. Only what the program itself calls counts, not the libraries it is
 * linked to. glibc's streams call the system past any preload, so streams are made anew here, of
 * functions that come by. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = { "access", "close", "close_output", "dup", "faccessat", "fdopendir",
	"flock", "fstat", "fstatat", "ftruncate", "fsync", "fsync_dir", "lseek", "memfd_create", "mkdir", "mkdirat",
	"mkostemp", "mmap", "open", "openat", "opendir", "pipe2", "poll", "posix_spawnp", "pread", "pwrite", "read",
	"readdir", "realpath", "rename", "renameat", "renameat2", "stat", "unlink", "unlinkat", "waitid", "waitpid", "write" };
enum { NAMES = sizeof names / sizeof *names };

static atomic_long calls[NAMES];
static const char *count_path;
static struct {
	char name[32], error[32];
	long n;
} fault;

static int
error_number(const char *name)
{
	for (int i = 1; i < 134; i++)
		if (strerrorname_np(i) && strcmp(strerrorname_np(i), name) == 0)
			return i;
	dprintf(STDERR_FILENO, "inject: '%s' is no error\n", name);
	abort();
}

/* Whether code there is the program's or ours. */
static bool
own(const void *code)
{
	Dl_info it, program, us;

	return dladdr(code, &it) && dladdr((void *)getauxval(AT_ENTRY), &program) && dladdr(names, &us) &&
	       (it.dli_fbase == program.dli_fbase || it.dli_fbase == us.dli_fbase);
}

static atomic_long *
calls_of(const char *name)
{
	for (int i = 0; i < NAMES; i++)
		if (strcmp(names[i], name) == 0)
			return &calls[i];
	abort();
}

static bool
cut(const char *name)
{
	return strcmp(fault.name, name) == 0 && strcmp(fault.error, "short") == 0;
}

/* Whether this call of the function is to fail; errno is set. */
static bool
fails(const char *name, const void *caller)
{
	long n;

	if (!own(caller))
		return false;
	n = ++*calls_of(name);
	if (strcmp(fault.name, name) != 0 || cut(name) || (fault.n ? n != fault.n : n % 2))
		return false;
	errno = error_number(fault.error);
	return true;
}

/* How many of n bytes this call may move. */
static size_t
part(const char *name, size_t n)
{
	return cut(name) && n > 1 ? 1 + n / 3 : n;
}

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

#define WRAP(type, failure, name, parameters, arguments)                                           \
	type name parameters                                                                       \
	{                                                                                          \
		return fails(#name, __builtin_return_address(0)) ? (failure) : REAL(name) arguments; \
	}

WRAP(int, -1, access, (const char *path, int mode), (path, mode))
WRAP(int, -1, dup, (int fd), (fd))
WRAP(int, -1, faccessat, (int at, const char *path, int mode, int flags), (at, path, mode, flags))
WRAP(DIR *, NULL, fdopendir, (int fd), (fd))
WRAP(int, -1, flock, (int fd, int how), (fd, how))
WRAP(int, -1, fstat, (int fd, struct stat *st), (fd, st))
WRAP(int, -1, fstatat, (int at, const char *path, struct stat *st, int flags), (at, path, st, flags))
WRAP(int, -1, ftruncate, (int fd, off_t size), (fd, size))
WRAP(off_t, -1, lseek, (int fd, off_t to, int how), (fd, to, how))
WRAP(int, -1, memfd_create, (const char *name, unsigned flags), (name, flags))
WRAP(int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, -1, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode))
WRAP(int, -1, mkostemp, (char *path, int flags), (path, flags))
WRAP(DIR *, NULL, opendir, (const char *path), (path))
WRAP(int, -1, pipe2, (int fd[2], int flags), (fd, flags))
WRAP(int, -1, poll, (struct pollfd *p, nfds_t n, int ms), (p, n, ms))
WRAP(int, errno, posix_spawnp,
    (pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *restrict actions,
	const posix_spawnattr_t *restrict attr, char *const *restrict argv, char *const *restrict env),
    (pid, file, actions, attr, argv, env))
WRAP(ssize_t, -1, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, part("pwrite", n), at))
WRAP(ssize_t, -1, pread, (int fd, void *p, size_t n, off_t at), (fd, p, part("pread", n), at))
WRAP(ssize_t, -1, read, (int fd, void *p, size_t n), (fd, p, part("read", n)))
WRAP(struct dirent *, NULL, readdir, (DIR *dir), (dir))
WRAP(char *, NULL, realpath, (const char *restrict path, char *restrict to), (path, to))
WRAP(int, -1, rename, (const char *from, const char *to), (from, to))
WRAP(int, -1, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(int, -1, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
    (a, from, b, to, flags))
WRAP(int, -1, stat, (const char *restrict path, struct stat *restrict st), (path, st))
WRAP(int, -1, unlink, (const char *path), (path))
WRAP(int, -1, unlinkat, (int at, const char *path, int flags), (at, path, flags))
WRAP(int, -1, waitid, (idtype_t type, id_t id, siginfo_t *info, int how), (type, id, info, how))
WRAP(pid_t, -1, waitpid, (pid_t pid, int *status, int flags), (pid, status, flags))
WRAP(ssize_t, -1, write, (int fd, const void *p, size_t n), (fd, p, part("write", n)))

void *
mmap(void *p, size_t n, int prot, int flags, int fd, off_t at)
{
	const void *caller = __builtin_return_address(0);

	if (fails("mmap", caller))
		return MAP_FAILED;
	if (own(caller) && cut("mmap") && *calls_of("mmap") == fault.n)
		fd = REAL(memfd_create)("empty", 0);
	return REAL(mmap)(p, n, prot, flags, fd, at);
}

static mode_t
mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fails("open", __builtin_return_address(0)) ? -1 : REAL(open)(path, flags, mode);
}

int
openat(int at, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fails("openat", __builtin_return_address(0)) ? -1 : REAL(openat)(at, path, flags, mode);
}

int
close(int fd)
{
	bool output = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
	int rc = REAL(close)(fd);

	return fails(output ? "close_output" : "close", __builtin_return_address(0)) ? -1 : rc;
}

/* A directory's counts apart: the name of an output is there by then, and is not taken back. */
int
fsync(int fd)
{
	struct stat st;
	bool dir = REAL(fstat)(fd, &st) == 0 && S_ISDIR(st.st_mode);

	return fails(dir ? "fsync_dir" : "fsync", __builtin_return_address(0)) ? -1 : REAL(fsync)(fd);
}

/* Streams. Those of glibc do not go on after EINTR either, so it is kept from them. */

static ssize_t
stream_read(void *ctx, char *p, size_t n)
{
	ssize_t k;

	while ((k = read(*(int *)ctx, p, n)) < 0 && errno == EINTR)
		;
	return k;
}

static ssize_t
stream_write(void *ctx, const char *p, size_t n)
{
	size_t done = 0;
	ssize_t k;

	while (done < n) {
		k = write(*(int *)ctx, p + done, n - done);
		if (k > 0)
			done += (size_t)k;
		else if (errno != EINTR)
			return 0; /* how a stream is told of a failure */
	}
	return (ssize_t)n;
}

static int
stream_seek(void *ctx, off64_t *to, int how)
{
	*to = lseek(*(int *)ctx, *to, how);
	return *to < 0 ? -1 : 0;
}

static int
stream_close(void *ctx)
{
	int rc = close(*(int *)ctx);

	free(ctx);
	return rc;
}

FILE *
fdopen(int fd, const char *mode)
{
	int *ctx = malloc(sizeof *ctx);

	*ctx = fd;
	return fopencookie(ctx, mode,
	    (cookie_io_functions_t){ stream_read, stream_write, stream_seek, stream_close });
}

FILE *
fopen(const char *restrict path, const char *restrict mode)
{
	int fd = open(path, *mode == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0666);

	return fd < 0 ? NULL : fdopen(fd, mode);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *what = getenv("FL_INJECT");

	count_path = getenv("FL_INJECT_COUNT");
	unsetenv("LD_PRELOAD"); /* not of what the program runs */
	if (what && sscanf(what, "%31[^:]:%ld:%31s", fault.name, &fault.n, fault.error) != 3)
		abort();
	stdin = fdopen(STDIN_FILENO, "r");
	stdout = fdopen(STDOUT_FILENO, "w");
}

__attribute__((destructor)) static void
end(void)
{
	FILE *f = count_path ? REAL(fopen)(count_path, "a") : NULL;

	for (int i = 0; f && i < NAMES; i++)
		if (calls[i])
			fprintf(f, "%s %ld\n", names[i], calls[i]);
	if (f)
		fclose(f);
}
