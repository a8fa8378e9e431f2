# SPDX-License-Identifier: Apache-2.0
# helper.bash -- what every bats file starts from: `load helper`.
#
# A test runs in a scratch directory of its own, with the tools of $B/bin (or $FL_BIN) first on PATH.
# DATA is the folder of real models and texts; a test that uses it calls need_data first and is
# skipped by name where it is absent (STRICT=1 counts that as a failure). B and DATA are absolute.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
B=${B:-$ROOT/build}
[[ $B = /* ]] || B=$ROOT/$B
DATA=${DATA:-$ROOT/../shared/data}
FIXTURES=$ROOT/tests/data
PATH=${FL_BIN:-$B/bin}:$PATH
export LC_ALL=${FL_LOCALE:-C} PATH ROOT B DATA FIXTURES

if [ -n "${BATS_TEST_TMPDIR:-}" ]; then
	cd "$BATS_TEST_TMPDIR" || exit
fi

# need_data [NAME...]: skips the test unless $DATA has all of them.
need_data() {
	local name
	for name in "${@:-.}"; do
		[ -e "$DATA/$name" ] || skip "needs ../shared/data/$name"
	done
}

# need COMMAND...: skips the test unless all are installed.
need() {
	local name
	for name; do
		command -v "$name" >/dev/null || skip "needs $name"
	done
}

# one_line_error STATUS COMMAND...: it ends with STATUS, prints nothing on standard output, and says
# why on standard error in one line, "COMMAND: ...". After it $stderr holds the line.
one_line_error() {
	run --separate-stderr -"$1" "${@:2}"
	assert_equal "$output" ""
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr = "${2##*/}: "* ]] || fail "'$stderr' does not begin with '${2##*/}: '"
}

# silent COMMAND...: it succeeds and says nothing on standard error; $output is what it printed.
silent() {
	run --separate-stderr -0 "$@"
	assert_equal "$stderr" ""
}

# tensors FILE: the header of a safetensors file, its metadata left out.
tensors() {
	local n
	n=$(od -An -tu8 -N8 "$1")
	tail -c +9 "$1" | head -c $((n)) | jq 'del(.__metadata__)'
}

# overwrite FILE TENSOR: a tensor of a safetensors file, from its beginning on, with standard input.
overwrite() {
	local size at
	size=$(od -An -tu8 -N8 "$1")
	at=$(tail -c +9 "$1" | head -c $((size)) | jq --arg name "$2" '.[$name].data_offsets[0]')
	dd of="$1" bs=64K oflag=seek_bytes seek=$((8 + size + at)) conv=notrunc status=none
}

# poison FILE TENSOR: makes its first element a NaN, whatever its type.
poison() {
	printf '\300\177\300\177' | overwrite "$1" "$2"
}

# pipe 'COMMANDS': runs a pipeline that fails as soon as one of its commands does.
pipe() {
	bash -e -o pipefail -c "$1"
}

# documents N: so many little ones, with "<|end|>" behind each.
documents() {
	local i
	for i in $(seq "$1"); do
		echo "Document $i says that $((i * 7919 % 1000)) is a number and $((i * 31)) another."
		echo "<|end|>"
	done
}
