# SPDX-License-Identifier: Apache-2.0
# The manual formats, leads nowhere that does not exist, and its examples run.
load helper

pages() {
	ls "$B"/man/*.[157]
}

# The page as a terminal would show it, on lines too long to be broken.
show() {
	groff -mdoc -Tascii -rLL="${2:-2000}n" -P-cbou "$1"
}

@test "every page formats without a warning" {
	need groff
	for page in $(pages); do
		echo "# $page"
		silent groff -ww -mdoc -Tascii -z "$page"
	done
}

@test "every page of a tool has the sections of a manual, in their order" {
	for page in "$B"/man/*.1; do
		echo "# $page"
		run -0 sed -n 's/^\.Sh //p' "$page"
		[[ $output = NAME$'\n'SYNOPSIS$'\n'OPTIONS$'\n'DESCRIPTION$'\n'EXAMPLES$'\n'"EXIT STATUS"$'\n'"SEE ALSO"* ]]
	done
}

@test "every option a tool knows is on its page" {
	need groff
	for page in "$B"/man/*.1; do
		tool=$(basename "$page" .1)
		show "$page" > text
		for o in $("$tool" --help | grep -o -e '--[a-z-]*$' -e '--[a-z-]*='); do
			echo "# $tool $o"
			grep -q -e " ${o%=}" text
		done
	done
}

@test "every page that another refers to is there" {
	sed -n 's/^\.\(It \)\{0,1\}Xr \(fl[a-z-]*\) \([157]\).*/\2.\3/p' $(pages) | sort -u > named
	for page in $(< named); do
		[ -e "$B/man/$page" ] || missing="$missing $page"
	done
	assert_equal "$missing" ""
}

@test "the overview lists every tool with the words of its own page" {
	sed -n '/^\.Ss The tools/,/^\.El/p' "$B/man/fl.7" |
		sed -n '/^\.It Xr/{s/^\.It Xr \(.*\) 1$/\1/; N; s/\n/: /; p;}' | sort > overview
	for t in "$ROOT"/tools/fl-*.c; do
		"$(basename "$t" .c)" --help | sed -n 2p
	done | sort > tools
	run -0 comm -13 overview tools
	assert_output ""
}

# Runs what page $1 shows as "$ command" in EXAMPLES, as a user would who types it.
run_examples() {
	show "$1" | sed -n '/^EXAMPLES/,/^[A-DF-Z]/s/^ *\$ //p' > script
	[ -s script ] || return 0
	mkdir dir
	ln -s "$DATA/backbone5m" dir/base
	head -c 40000 "$DATA/corpora/tinystories.txt" > dir/text.txt
	(cd dir && bash -e -o pipefail -x ../script < /dev/null > ../said 2>&1) ||
		{ echo "# $1"; tail -n 5 said; return 1; }
	rm -r dir
}

@test "the examples of every page run, on ../shared/data/backbone5m" {
	need groff jq
	need_data backbone5m corpora/tinystories.txt
	for page in $(pages); do
		run_examples "$page"
	done
}
