# SPDX-License-Identifier: Apache-2.0
# tau.awk -- Kendall's tau-b of columns a and b of a table: awk -v a=NAME -v b=NAME -f tau.awk table.tsv
#
# Prints tau-b, its standard error if there were no agreement (Kendall, 1938), and the number of rows that
# have both.

BEGIN { FS = "\t" }
NR == 1 {
	for (i = 1; i <= NF; i++)
		at[$i] = i
	if (!(a in at) || !(b in at)) {
		print "tau.awk: no column '" (a in at ? b : a) "'" > "/dev/stderr"
		exit bad = 1
	}
	next
}
$at[a] != "" && $at[b] != "" && $at[a] != "nan" && $at[b] != "nan" {
	x[++n] = $at[a] + 0
	y[n] = $at[b] + 0
}
function sign(v) { return v > 0 ? 1 : v < 0 ? -1 : 0 }
END {
	if (bad)
		exit 3
	for (i = 1; i <= n; i++)
		for (j = 1; j < i; j++) {
			dx = sign(x[i] - x[j]); dy = sign(y[i] - y[j])
			agree += dx * dy; apart_x += dx * dx; apart_y += dy * dy
		}
	if (!apart_x || !apart_y)
		exit 1
	printf "%.3f\t%.3f\t%d\n", agree / sqrt(apart_x * apart_y), sqrt(2 * (2 * n + 5) / (9 * n * (n - 1))), n
}
