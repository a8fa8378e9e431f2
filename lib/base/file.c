/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

/* Whether it worked. An empty file cannot be mapped, nor can what is left of standard input. Not opened
 * before it is known to be a plain file: a pipe does not survive being opened and closed. */
static bool
map(struct fl_file *f, const char *path)
{
	bool in = strcmp(path, "-") == 0;
	void *p = MAP_FAILED;
	struct stat st;
	int fd;

	if ((in ? fstat(STDIN_FILENO, &st) : stat(path, &st)) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0 || (in && lseek(STDIN_FILENO, 0, SEEK_CUR) != 0))
		return false;
	fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0 && !in)
		close(fd);
	if (p == MAP_FAILED)
		return false;
	*f = (struct fl_file){ p, (size_t)st.st_size, true };
	return true;
}

int
fl_file_peek(const char *path, void *first, size_t n, struct fl_err *err)
{
	struct stat st;
	ssize_t got;
	size_t all = 0;
	int fd;

	if (!path || fl_is_dash(path))
		return 0;
	if (stat(path, &st) < 0)
		return fl_err_sys(err, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fl_err_sys(err, "cannot open '%s'", path);
	do {
		got = read(fd, (char *)first + all, n - all);
		all += got > 0 ? (size_t)got : 0;
	} while (all < n && (got > 0 || (got < 0 && errno == EINTR)));
	if (got < 0)
		fl_err_sys(err, "cannot read '%s'", path);
	close(fd);
	return got < 0 ? -1 : (int)all;
}

int
fl_file_open(struct fl_file *f, const char *path, size_t limit, struct fl_err *err)
{
	*f = (struct fl_file){ 0 };
	if (!map(f, path))
		f->data = fl_slurp(path, limit, &f->size, err);
	return f->data ? 0 : -1;
}

void
fl_pages_done(const void *p, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)p / page * page;

	madvise((void *)from, (uintptr_t)p + n - from, MADV_DONTNEED);
}

void
fl_file_done(const struct fl_file *f, const void *p, size_t n)
{
	if (f->mapped)
		fl_pages_done(p, n);
}

void
fl_file_close(struct fl_file *f)
{
	if (f->mapped)
		munmap((void *)f->data, f->size);
	else
		free((void *)f->data);
	*f = (struct fl_file){ 0 };
}
