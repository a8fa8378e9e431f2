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

@test "every page has the sections of a manual, in their order" {
	for page in "$B"/man/*.1; do
		echo "# $page"
		run -0 sed -n 's/^\.Sh //p' "$page"
		[[ ${output/ENVIRONMENT$'\n'/} = NAME$'\n'SYNOPSIS$'\n'OPTIONS$'\n'DESCRIPTION$'\n'"EXIT STATUS"$'\n'EXAMPLES$'\n'"SEE ALSO"* ]]
	done
	for page in "$B"/man/*.[57]; do
		echo "# $page"
		run -0 sed -n '/^\.Sh [^F]/s/^\.Sh //p' "$page"
		[[ ${output/ENVIRONMENT$'\n'EXIT STATUS$'\n'/} = NAME$'\n'DESCRIPTION$'\n'EXAMPLES$'\n'"SEE ALSO"* ]]
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

# The pages of the suite that page $1 refers to, from where in it pattern $2 matches to the end.
refers() {
	sed -n "/$2/,\$p" "$1" | sed -n 's/^\.\(It \)\{0,1\}Xr \(fl\|fl-[a-z-]*\) \([157]\).*/\2.\3/p' | sort -u
}

@test "every page that another refers to is there, and refers back" {
	for page in $(pages); do
		for other in $(refers "$page" '^\.Dd'); do
			[ -e "$B/man/$other" ] || fail "${page##*/} refers to $other, which is not there"
		done
		for other in $(refers "$page" '^\.Sh SEE ALSO'); do
			refers "$B/man/$other" '^\.Dd' | grep -qx "${page##*/}" || fail "$other does not refer to ${page##*/}"
		done
		[ "${page##*/}" = fl.7 ] || refers "$page" '^\.Sh SEE ALSO' | grep -qx fl.7 || fail "${page##*/} does not refer to fl.7"
	done
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

# Parts the EXAMPLES of page $1 into files: command.N, and output.N where lines as deep follow it. A command
# goes on after a backslash, and to the line END where it has <<END.
part_examples() {
	show "$1" | awk '
		/^[A-Z]/ { on = /^EXAMPLES/ }
		!on { next }
		/^ *\$ / {
			depth = index($0, "$") - 1
			going_on = 1
			n++
		}
		going_on {
			sub(/^ *(\$ )?/, "")
			print > ("command." n)
			here = here ? !/^END$/ : /<<END$/
			going_on = here || /\\$/
			next
		}
		match($0, /[^ ]/) && n && RSTART > depth { print substr($0, depth + 1) > ("output." n); next }
		{ depth = 1000 }'
}

# File $1, the blanks between words aside.
words() {
	sed 's/[ \t]\{1,\}/ /g; s/^ //' "$1"
}

# Runs them in order, in one directory, and compares what is shown, blanks aside.
run_examples() {
	part_examples "$1"
	[ -e command.1 ] || return 0
	mkdir dir
	ln -s "$DATA/backbone5m" dir/base
	head -c 40000 "$DATA/corpora/tinystories.txt" > dir/text.txt
	tail -c 20000 "$DATA/corpora/tinystories.txt" > dir/held.txt
	for ((n = 1; ; n++)); do
		[ -e "command.$n" ] || break
		echo "${1##*/}: $(< "command.$n")"
		(cd dir && bash -e -o pipefail "../command.$n" < /dev/null > ../said 2> ../complained) ||
			{ cat complained; return 1; }
		[ ! -e "output.$n" ] || diff <(words "output.$n") <(words said)
	done
	rm -r dir command.* output.* 2>/dev/null || true
}

@test "every page has examples, and all of them are commands or what these print" {
	for page in $(pages); do
		echo "# $page"
		sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$page" > examples
		grep -qE '^(\.Dl )?\$ ' examples
		run -1 grep -E '^\.Dl ([^$]|\$[^ ])' examples
		run -0 awk '/^\.Bd/ { getline; if (!/^\$ /) print }' examples
		assert_output ""
	done
}

@test "the examples of every page run, on ../shared/data/backbone5m" {
	need groff jq
	need_data backbone5m corpora/tinystories.txt
	for page in $(pages); do
		run_examples "$page"
	done
}
