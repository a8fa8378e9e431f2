# SPDX-License-Identifier: Apache-2.0
load helper

setup() {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
}

@test "matrices become int4 in the compressed-tensors layout" {
	fl-quantize -o q/ base
	fl-info --check q
	run jq -c '.quantization_config | [.quant_method, .format, .config_groups.group_linear.weights.num_bits,
		.config_groups.group_linear.weights.group_size]' q/config.json
	assert_output '["compressed-tensors","pack-quantized",4,32]'
	# 4 bits a weight and a bf16 scale for 32 of them: 4.5
	run fl-info --json q
	[ "$(jq .bytes_ffn <<< "$output")" = $((4 * (3 * 64 * 128 * 9 / 16 + 3 * 16))) ]
}

@test "a pipe and a directory give the same bytes, at any -j" {
	fl-quantize -j 1 -o a.tar base
	pipe "tar cf - -C base config.json model.safetensors fl-history.jsonl | fl-quantize -j 3 > b.tar"
	cmp a.tar b.tar
}

@test "head and embedding are chosen apart when untied" {
	fl-prune --untie base | fl-quantize --head int8 --embedding none -o q/
	fl-info --check q
	run fl-info --json q
	[ "$(jq .bytes_embedding <<< "$output")" = $((300 * 64 * 2)) ]
}

@test "tied they have one type" {
	one_line_error 3 fl-quantize --head int4 --embedding int8 base
	fl-quantize --embedding int8 -o q/ base
	fl-info --check q
}

@test "rows that are no multiple of 32 are refused by tensor name" {
	need_data stories260K
	one_line_error 3 fl-quantize "$DATA/stories260K"
	[[ $stderr = *down_proj*172* ]]
}

@test "twice is refused" {
	fl-quantize -o q.tar base
	one_line_error 3 fl-quantize q.tar
}

@test "a weight that is not finite is refused by tensor name" {
	# A NaN in bf16, in the middle of the data
	printf '\300\177' | dd of=base/model.safetensors bs=1 seek=100000 conv=notrunc status=none
	one_line_error 3 fl-quantize -o q.tar base
	[[ $stderr = *model.layers.*"not finite"* ]]
	[ ! -e q.tar ]
}

@test "temporary files are made where TMPDIR says" {
	TMPDIR=/no/such one_line_error 4 fl-quantize -o q/ base
	[[ $stderr = *"cannot make a temporary file in '/no/such'"* ]]
	mkdir temporary
	TMPDIR=$PWD/temporary fl-quantize -o q/ base
	[ -z "$(ls -A temporary)" ]
}
