# SPDX-License-Identifier: Apache-2.0
# code.awk -- prints C as "file:line: code", with comments and the contents of literals taken out.
FNR == 1 { comment = 0 }
{
	out = ""
	for (i = 1; i <= length($0); i++) {
		c = substr($0, i, 1)
		two = substr($0, i, 2)
		if (comment) {
			if (two == "*/") { comment = 0; i++ }
		} else if (two == "/*") {
			comment = 1; i++
		} else if (two == "//") {
			break
		} else if (c == "\"" || c == "'") {
			out = out c
			for (i++; i <= length($0) && substr($0, i, 1) != c; i++)
				if (substr($0, i, 1) == "\\") i++
			out = out c
		} else
			out = out c
	}
	if (out ~ /[^ \t]/) print FILENAME ":" FNR ": " out
}
