#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# inject.sh -- runs a command again and again, each time another of its calls to the system failing.
#
#   inject.sh [input=FILE] [old=DIR] [lines=N] COMMAND...
#
# In an empty directory, beside which it keeps what it compares with. The input comes by pipe; old is
# what the directory holds when the command begins; N lines of standard output are compared, not all.
#
# Whatever call fails, the command must either end with status 4 and one line that names the reason,
# with no output and the directory as it was, or, where there is another way or nobody needs what the
# call was for, succeed like a run without faults. Short reads and writes and interrupted ones must not
# be noticed at all. Prints how many calls failed and how many of these failures were refused.
set -u
shopt -s nullglob dotglob
input= old= lines=+0
while [[ $1 = [a-z]*=* ]]; do
	declare "$1"
	shift
done
so=$B/test/inject.so command=("$@") tool=${1##*/} streaming= faults=0 refused=0
export TMPDIR=../tmp
rm -rf ../tmp ../good ../calls
mkdir ../tmp ../good

fail() {
	echo "inject.sh: FL_INJECT=$fault ${command[*]} ${input:+< $input}: $*" >&2
	sed 's/^/    /' ../stderr >&2
	exit 1
}

run() { # FAULT: sets rc and said
	fault=$1
	rm -rf ./* ../tmp/*
	[ -z "$old" ] || cp -R "$old"/. .
	rc=0
	if [ -n "$input" ]; then
		FL_INJECT=$fault LD_PRELOAD=$so "${command[@]}" < <(exec cat "$input") > ../stdout 2> ../stderr || rc=$?
	else
		FL_INJECT=$fault LD_PRELOAD=$so "${command[@]}" < /dev/null > ../stdout 2> ../stderr || rc=$?
	fi
	mapfile -t said < ../stderr
}

succeeded() {
	[ $rc = 0 ] || fail "exit $rc"
	[ ${#said[@]} = 0 ] || fail "not silent"
	[ -z "$old" ] || rm -rf .fl-*.tmp # what was replaced and could not be removed: the next run does it
	cmp -s <(head -n "$lines" ../stdout) <(head -n "$lines" ../good.stdout) || fail "other bytes on standard output"
	diff -r . ../good > /dev/null || fail "another output: $(diff -r . ../good)"
}

failed() { # REASON
	local left=(*) tmp=(../tmp/*)
	[ $rc = 4 ] || fail "exit $rc"
	[ ${#said[@]} = 1 ] || fail "${#said[@]} lines"
	[[ ${said[0]} = "$tool: "*": $1" ]] || fail "not the reason"
	[ ! -s ../stdout ] || [ -n "$streaming" ] || fail "output all the same"
	[ ${#tmp[@]} = 0 ] || fail "leaves '${tmp[*]}'"
	if [ -n "$old" ]; then
		diff -r . "$old" > /dev/null || fail "the old output is not what it was"
	else
		[ ${#left[@]} = 0 ] || fail "leaves '${left[*]}'"
	fi
}

# Sets error and reason for a function, and must where its failure cannot be harmless.
kind() {
	must=
	case $1 in
	write | fsync) error=ENOSPC reason='No space left on device' must=1 ;;
	mkdir | mkdirat | rename | renameat) error=EACCES reason='Permission denied' must=1 ;;
	close_output) error=EIO reason='Input/output error' must=1 ;;
	open | openat | mkostemp | fdopendir | memfd_create | pipe2)
		error=EMFILE reason='Too many open files'
		;;
	posix_spawnp) error=ENOENT reason='No such file or directory' ;;
	*) error=EIO reason='Input/output error' ;;
	esac
}

export FL_INJECT_COUNT=../calls
run none:1:EIO
unset FL_INJECT_COUNT
cp -R . ../good
mv ../stdout ../good.stdout
[ $rc = 0 ] || fail "fails by itself"
[ -s ../good.stdout ] && streaming=1

while read -r function calls; do
	kind "$function"
	for ((n = 1; n <= calls; n++)); do
		run "$function:$n:$error"
		faults=$((faults + 1))
		if [ $rc = 0 ] && [ -z "$must" ]; then
			succeeded
		else
			failed "$reason"
			refused=$((refused + 1))
		fi
	done
	case $function in
	mmap)
		for ((n = 1; n <= calls; n++)); do
			run "mmap:$n:short"
			faults=$((faults + 1))
			if [ $rc = 0 ]; then
				succeeded
			else
				failed 'Input/output error, or it became shorter'
				refused=$((refused + 1))
			fi
		done
		;;
	read | pread | write | pwrite)
		for how in short EINTR; do
			run "$function:0:$how"
			succeeded
		done
		;;
	esac
done < ../calls
echo "$faults $refused"
