/* SPDX-License-Identifier: Apache-2.0 */
/* qgemm_walk.h -- from cells() to the kernels of qgemm.h; included once an instruction set, by a file that
 * defined before TARGET, the attribute that allows its instructions, INLINE, ROWS and
 *
 *     cells(c, ldc, a, row, rows, panel, eight, path)	c [rows, FL_PANEL] = a whole panel, rows <= ROWS */

/* A panel of which not all outputs are there. */
INLINE void
cut_panel(float *c, size_t ldc, const struct fl_qrows *a, size_t row, size_t rows, const unsigned char *panel,
    size_t outputs, bool eight, const struct path *path)
{
	float whole[ROWS * FL_PANEL];

	cells(whole, FL_PANEL, a, row, rows, panel, eight, path);
	for (size_t r = 0; r < rows; r++)
		memcpy(c + r * ldc, whole + r * FL_PANEL, outputs * sizeof *c);
}

INLINE void
multiply(float *c, size_t ldc, const struct fl_qrows *a, size_t first, size_t rows, const unsigned char *panel,
    size_t outputs, const unsigned char *after, bool eight)
{
	size_t size = FL_PANEL_SUMS + a->cols / FL_MATRIX_GROUP * fl_panels_group(eight), n;
	struct path path = { panel + (outputs + FL_PANEL - 1) / FL_PANEL * size, after };

	for (size_t r = 0; r < rows; r += n) {
		const unsigned char *p = panel;
		size_t at = 0;

		n = rows - r < ROWS ? rows - r : ROWS;
		for (; at + FL_PANEL <= outputs; at += FL_PANEL, p += size)
			cells(c + r * ldc + at, ldc, a, first + r, n, p, eight, &path);
		if (at < outputs)
			cut_panel(c + r * ldc + at, ldc, a, first + r, n, p, outputs - at, eight, &path);
	}
}

TARGET static void
int4(float *c, size_t ldc, const struct fl_qrows *a, size_t first, size_t rows, const unsigned char *panel,
    size_t outputs, const unsigned char *after)
{
	multiply(c, ldc, a, first, rows, panel, outputs, after, false);
}

TARGET static void
int8(float *c, size_t ldc, const struct fl_qrows *a, size_t first, size_t rows, const unsigned char *panel,
    size_t outputs, const unsigned char *after)
{
	multiply(c, ldc, a, first, rows, panel, outputs, after, true);
}
