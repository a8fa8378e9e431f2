# SPDX-License-Identifier: Apache-2.0
load helper

@test "weights follow the seed alone, at any -j" {
	fl-init -s 1 -j 1 -o a.tar "$FIXTURES/tiny-qwen3.json"
	fl-init -s 1 -j 4 "$FIXTURES/tiny-qwen3.json" > b.tar
	fl-init -s 2 -o c.tar "$FIXTURES/tiny-qwen3.json"
	cmp a.tar b.tar
	run -1 cmp -s a.tar c.tar
	fl-info --check a.tar
}

@test "an architecture string overrides the sizes" {
	fl-init -a d32-f96-fws --dtype float32 -o a.tar "$FIXTURES/tiny-qwen3.json"
	run fl-info --json a.tar
	[ "$(jq -r .arch <<< "$output")" = d32-f96-fws ]
	[ "$(jq .bytes_as_F32 <<< "$output")" = "$(jq .bytes <<< "$output")" ]
}

@test "the configuration may be on standard input, or a checkpoint's" {
	fl-init -s 1 --no-history "$FIXTURES/tiny-qwen3.json" > a.tar
	fl-init -s 1 --no-history - < "$FIXTURES/tiny-qwen3.json" | cmp a.tar -
	fl-init -s 1 --no-history a.tar | cmp a.tar -
	tar cf empty.tar -T /dev/null
	one_line_error 3 fl-init empty.tar
}

@test "real configurations of supported families are taken, others refused by name" {
	need_data configs
	fl-init -a d64-f64-f -o a.tar "$DATA/configs/hf/Llama-3.2-1B.config.json"
	one_line_error 3 fl-init "$DATA/configs/hf/LFM2.5-350M.config.json"
	[[ $stderr = *lfm2* ]]
}
