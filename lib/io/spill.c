/* SPDX-License-Identifier: Apache-2.0 */
#include "io/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/str.h"

const char *
fl_spill_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

/* Not tmpfile(): it does not look at TMPDIR, and /tmp may be small, or memory. Not O_TMPFILE: not
 * every file system has it. */
FILE *
fl_spill(struct fl_err *err)
{
	const char *dir = fl_spill_dir();
	struct fl_str path = { 0 };
	FILE *f = NULL;
	int fd;

	fl_str_printf(&path, "%s/fl-XXXXXX", dir);
	fd = mkostemp(path.data, O_CLOEXEC);
	if (fd >= 0)
		unlink(path.data);
	fl_str_free(&path);
	if (fd < 0 || !(f = fdopen(fd, "w+")))
		fl_err_sys(err, "cannot make a temporary file in '%s'", dir);
	if (fd >= 0 && !f)
		close(fd);
	return f;
}

/* Written to where the disk has no room a mapping would kill, so room is taken before. */
void *
fl_spill_map(size_t size, struct fl_err *err)
{
	FILE *f = fl_spill(err);
	void *p = MAP_FAILED;

	if (!f)
		return NULL;
	errno = posix_fallocate(fileno(f), 0, (off_t)size);
	if (errno == 0)
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
	if (p == MAP_FAILED)
		fl_err_sys(err, "cannot make a temporary file of %zu MiB", size >> 20);
	fclose(f);
	return p == MAP_FAILED ? NULL : p;
}
