# SPDX-License-Identifier: Apache-2.0
# make device: fl-measure for a machine that has libc alone, here aarch64 under qemu.
load ../cli/helper

CROSS=aarch64-linux-gnu-

setup_file() {
	command -v ${CROSS}gcc qemu-aarch64 > /dev/null || return 0
	# The place and the flags of tests/run, so that nothing is built twice.
	make -C "$ROOT" -s CROSS=$CROSS B="${B#"$ROOT"/}-aarch64" device
}

setup() {
	need ${CROSS}gcc qemu-aarch64
	MODEL=$FIXTURES/calibrate/model
}

# device ARGUMENTS...: fl-measure there. What depends on the machine is left to the machine: it is slow.
device() {
	qemu-aarch64 "$B-aarch64/bin/fl-measure" -q -j 2 "$@"
}

# What does not depend on the machine.
on_paper() {
	jq -S '{arch, params, weights_mib, cache_mib, kv, swa, chunk} + with_entries(select(.key | endswith("flop")))' <<< "$output"
}

@test "it needs no library" {
	[ -z "$(${CROSS}readelf -d "$B-aarch64/bin/fl-measure" | grep NEEDED)" ]
}

@test "a configuration and an architecture are measured, as here" {
	for how in "--kv f32" "--quantize --swa ring"; do
		args=(--json -c "$FIXTURES/tiny-qwen3.json" -a d32-f64-fws --prefill 8,16 --decode 4 --generate 2 --repeat 2 --chunk 8)
		silent device "${args[@]}" $how
		jq -e '.ttft_16_s > 0 and .decode_4_tok_s > 0 and (.cpu | startswith("aarch64"))' <<< "$output"
		there=$(on_paper)
		silent fl-measure -q "${args[@]}" $how
		assert_equal "$there" "$(on_paper)"
	done
}

@test "a directory is measured, an archive is refused" {
	silent device --json --prefill 8 --repeat 1 "$MODEL"
	there=$(on_paper)
	silent fl-measure -q --json --prefill 8 --repeat 1 "$MODEL"
	assert_equal "$there" "$(on_paper)"
	tar cf model.tar -C "$MODEL" config.json model.safetensors
	run --separate-stderr -3 device model.tar
	assert_equal "$stderr" "fl-measure: 'model.tar' is no directory: this program reads no archives"
	run --separate-stderr -3 device -c model.tar
	assert_equal "$stderr" "fl-measure: 'model.tar' is no directory: this program reads no archives"
}

@test "where the time goes is said there too" {
	silent device --trace --json --prefill 16 --decode 4 --repeat 1 "$MODEL"
	jq -es '.[0].phase == "machine" and length == 1 + 2 * 8' <<< "$output"
}
