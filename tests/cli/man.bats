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
	sed -n 's/^\.\(It \)\{0,1\}Xr \(fl\|fl-[a-z-]*\) \([157]\).*/\2.\3/p' $(pages) | sort -u > named
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

# Parts the EXAMPLES of page $1 into files: command.N, and output.N where lines as deep follow it.
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
			going_on = /\\$/
			next
		}
		match($0, /[^ ]/) && n && RSTART > depth { print substr($0, depth + 1) > ("output." n); next }
		{ depth = 1000 }'
}

# Runs them in order, in one directory, and compares what is shown, blanks aside.
run_examples() {
	part_examples "$1"
	[ -e command.1 ] || return 0
	mkdir dir
	ln -s "$DATA/backbone5m" dir/base
	head -c 40000 "$DATA/corpora/tinystories.txt" > dir/text.txt
	for ((n = 1; ; n++)); do
		[ -e "command.$n" ] || break
		echo "${1##*/}: $(< "command.$n")"
		(cd dir && bash -e -o pipefail "../command.$n" < /dev/null > ../said 2> ../complained) ||
			{ cat complained; return 1; }
		[ ! -e "output.$n" ] || diff <(tr -s ' \t' ' ' < "output.$n") <(tr -s ' \t' ' ' < said)
	done
	rm -r dir command.* output.* 2>/dev/null || true
}

@test "the examples of every page run, on ../shared/data/backbone5m" {
	need groff jq
	need_data backbone5m corpora/tinystories.txt
	for page in $(pages); do
		run_examples "$page"
	done
}
