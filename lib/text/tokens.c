/* SPDX-License-Identifier: Apache-2.0 */
#include "text/tokens.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"

/* Maps a regular file that is not empty; NULL for anything else, to be read instead. */
static void *
map(const char *path, size_t *size)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	void *p = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (fd != STDIN_FILENO || lseek(fd, 0, SEEK_CUR) == 0)) {
		*size = (size_t)st.st_size;
		p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	if (fd > STDIN_FILENO)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

struct fl_tokens *
fl_tokens_open(const char *path, size_t vocab, struct fl_err *err)
{
	const char *name = fl_input_name(path);
	struct fl_tokens *t = fl_alloc(1, sizeof *t);
	size_t size = 0;

	t->map = map(path, &size);
	if (!t->map && !(t->text = fl_slurp(path, SIZE_MAX / 4, &size, err)))
		goto fail;
	t->id = t->map ? t->map : (const void *)t->text;
	t->n = size / sizeof *t->id;
	if (size % sizeof *t->id) {
		fl_err_data(err, "'%s' is no token file: its %zu bytes are no multiple of 4", name, size);
		goto fail;
	}
	for (size_t i = 0; i < t->n && vocab > 0; i++)
		if (t->id[i] >= vocab) {
			fl_err_data(err, "token %zu of '%s' is %u, beyond the vocabulary of %zu", i, name,
			    t->id[i], vocab);
			goto fail;
		}
	return t;
fail:
	fl_tokens_close(t);
	return NULL;
}

void
fl_tokens_close(struct fl_tokens *t)
{
	if (!t)
		return;
	if (t->map)
		munmap(t->map, t->n * sizeof *t->id);
	free(t->text);
	free(t);
}
