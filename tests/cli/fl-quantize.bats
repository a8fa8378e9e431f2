# SPDX-License-Identifier: Apache-2.0
load helper

setup() {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
}

# negative_scales DIR: how many of its scales are below zero
negative_scales() {
	local file=$1/model.safetensors at
	at=$((8 + $(od -An -tu8 -N8 "$file")))
	tail -c +9 "$file" | head -c $((at - 8)) |
		jq -r 'to_entries[] | select(.key | endswith("weight_scale")) | .value.data_offsets | @tsv' |
		while read -r from to; do
			tail -c +$((at + from + 1)) "$file" | head -c $((to - from))
		done | od -An -v -td2 -w2 | grep -c -- - || true
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

@test "calib is the default method with metrics, mse without, and another than rtn" {
	head -c 4096 /dev/zero > tokens
	fl-calibrate -t tokens -o metrics base
	fl-quantize --no-history -o a.tar base
	fl-quantize --no-history --method mse -o b.tar base
	fl-quantize --no-history --method rtn -o c.tar base
	fl-quantize --no-history -m metrics -o d.tar base
	fl-quantize --no-history --method calib -m metrics -o e.tar base
	cmp a.tar b.tar
	cmp d.tar e.tar
	run ! cmp a.tar c.tar
	run ! cmp a.tar d.tar
	fl-quantize -m metrics -o q/ base
	assert_equal "$(tail -n 1 q/fl-history.jsonl | jq -c .kept)" '{"method":"calib"}'
	one_line_error 2 fl-quantize --method best base
	one_line_error 2 fl-quantize --method rtn -m metrics base
}

@test "only --signed makes negative scales" {
	fl-quantize -o a/ base
	fl-quantize --signed -o b/ base
	assert_equal "$(negative_scales a) $(($(negative_scales b) > 0))" "0 1"
	one_line_error 2 fl-quantize --method rtn --signed base
	pipe "fl-export --to gguf -o b.gguf b && fl-info --check b"
}

@test "calib weighs columns by metrics of this very model" {
	head -c 4096 /dev/zero > tokens
	fl-calibrate -t tokens -o metrics base
	fl-quantize --no-history --method calib -m metrics -o a.tar base
	fl-quantize --no-history -j 1 --method calib -m metrics < <(tar cf - -C base config.json model.safetensors) > b.tar
	cmp a.tar b.tar
	fl-quantize --no-history -o mse.tar base
	run ! cmp a.tar mse.tar
	fl-prune -m metrics -a d64-f128-fff -o pruned.tar base
	one_line_error 3 fl-quantize --method calib -m metrics --force pruned.tar
	[[ $stderr = *"4 layers"* ]]
	fl-calibrate -t tokens -o metrics3 pruned.tar
	fl-quantize --method calib -m metrics3 pruned.tar | fl-info --check
	# The same sizes, but other weights are not the same model
	fl-prune --untie -o untied.tar base
	one_line_error 3 fl-quantize --method calib -m metrics -o c.tar untied.tar
	[[ $stderr = *"another model"*--force* ]]
	[ ! -e c.tar ]
	fl-quantize --method calib -m metrics --force untied.tar | fl-info --check
}

@test "gptq gives the same bytes at any -j and from a pipe, of the size of every method" {
	head -c 4096 /dev/zero > tokens
	seq 1 7 250 | head -n 1024 | while read -r i; do printf "\\x$(printf %x "$i")\\0\\0\\0"; done >> tokens
	fl-calibrate --moments -t tokens -o moments base
	fl-quantize --no-history -j 1 --method gptq -m moments -o a.tar base
	fl-quantize --no-history -j 3 --method gptq -m moments < <(tar cf - -C base config.json model.safetensors) > b.tar
	cmp a.tar b.tar
	fl-info --check a.tar
	fl-quantize --no-history --method calib -m moments -o calib.tar base
	run ! cmp a.tar calib.tar
	assert_equal "$(stat -c %s a.tar)" "$(stat -c %s calib.tar)"
	fl-quantize --method gptq --signed --head int8 -m moments base | fl-info --check -
}

@test "gptq needs moments that are finite" {
	head -c 4096 /dev/zero > tokens
	one_line_error 2 fl-quantize --method gptq base
	fl-calibrate -t tokens -o plain base
	one_line_error 3 fl-quantize --method gptq -m plain -o x.tar base
	[[ $stderr = *"--method gptq needs 'dim.out_moment'"* ]]
	fl-calibrate --moments -t tokens -o moments base
	poison moments attn.moment
	one_line_error 3 fl-quantize --method gptq -m moments -o x.tar base
	[[ $stderr = *"model.layers.0.self_attn.o_proj.weight"* && ! -e x.tar ]]
}

# Metrics with moments of base, or of another model.
moments() {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > tokens
	fl-calibrate --moments --context 100 -t tokens -o moments "${1:-base}"
}

@test "a rotation gives the same bytes from a directory and a pipe at any -j, of the size of every method" {
	fl-prune --untie -o untied/ base
	for model in base untied; do
		moments $model
		fl-quantize --no-history -o plain.tar $model
		for method in rtn mse calib gptq; do
			local quantize="fl-quantize --no-history --method $method -m moments"
			$quantize --rotate -j 1 -o a.tar $model
			pipe "tar cf - -C $model config.json model.safetensors | $quantize --rotate -j 3 > b.tar"
			cmp a.tar b.tar
			fl-info --check a.tar
			assert_equal "$(stat -c %s a.tar)" "$(stat -c %s plain.tar)"
			assert_equal "$(tar xOf a.tar config.json | jq .tie_word_embeddings)" "$([ $model = base ] && echo true || echo false)"
		done
		fl-quantize --rotate -m moments --head int8 --embedding int8 $model | fl-info --check
		fl-quantize --rotate -m moments --head none --embedding none $model | fl-info --check
	done
}

@test "a rotation needs the norms of metrics, and moments where its method weighs inputs" {
	moments
	one_line_error 2 fl-quantize --rotate base
	fl-prune --untie -o untied/ base
	fl-calibrate --static -o static base
	fl-calibrate --context 100 -t tokens -o plain base
	for model in base untied; do
		fl-quantize --rotate --force -m static -o a.tar $model # by mse: what calib needs is not there
		fl-quantize --rotate --method mse --force -m plain -o b.tar $model
		cmp <(tar xOf a.tar model.safetensors) <(tar xOf b.tar model.safetensors)
	done
	fl-quantize --rotate --method calib -m plain base | fl-info --check
	one_line_error 3 fl-quantize --rotate --method gptq -m plain -o x.tar base
	[[ $stderr = *"--method gptq needs 'dim.out_moment'"* ]]
	one_line_error 3 fl-quantize --rotate --method calib --force -m plain -o x.tar untied
	assert_equal "$stderr" "fl-quantize: --method calib with --rotate needs 'dim.moment', which the metrics do not have: make metrics with fl-calibrate --moments"
	fl-calibrate --moments-of dim --context 100 -t tokens -o stream untied
	fl-quantize --rotate --method calib -m stream untied | fl-info --check
	one_line_error 3 fl-quantize --rotate --method gptq -m stream -o x.tar untied
	[[ $stderr = *"--method gptq needs '"*"moment'"* ]]
	poison moments dim.moment
	for method in calib gptq; do
		one_line_error 3 fl-quantize --rotate --method $method --force -m moments -o x.tar untied
		[[ $stderr = *"'dim.moment' is not finite"* && ! -e x.tar ]]
	done
}

@test "with -v it is said, and in the history, whether dimensions were mixed or ordered" {
	moments
	run --separate-stderr fl-quantize --rotate -v -m moments -o q/ base
	[[ $stderr = *"64 dimensions of the residual stream are put in order, since the embedding is tied"* ]]
	assert_equal "$(tail -n 1 q/fl-history.jsonl | jq -c .kept)" '{"method":"calib","basis":"order"}'
	fl-prune --untie base | fl-quantize --rotate --force -m moments -o q/
	assert_equal "$(tail -n 1 q/fl-history.jsonl | jq -c .kept)" '{"method":"calib","basis":"hadamard"}'
}

@test "dimensions are not mixed where the norms are not those of the metrics" {
	fl-prune --untie -o untied/ base
	moments untied
	printf '\0\100' | overwrite untied/model.safetensors model.layers.2.input_layernorm.weight
	one_line_error 3 fl-quantize --rotate -m moments -o x.tar untied
	[[ $stderr = *"'model.layers.2.input_layernorm.weight' is not the norm"* && ! -e x.tar ]]
}

@test "layers without attention are turned too" {
	fl-attnpattern -a d64-f128-fsff -o skips/ base
	moments skips
	fl-quantize --rotate --method gptq -m moments -o q/ skips
	fl-info --check q
	fl-eval -t tokens q
}

@test "metrics that lack what calib needs are refused by member" {
	fl-calibrate --static -o static base
	one_line_error 3 fl-quantize --method calib -m static base
	[[ $stderr = *"'dim.out_sum_sq'"* ]]
	one_line_error 2 fl-quantize --method calib base
	one_line_error 3 fl-quantize -m static base
	[[ $stderr = *"'dim.out_sum_sq'"*"fl-calibrate"* ]]
	one_line_error 2 fl-quantize --force base
	one_line_error 4 fl-quantize --method calib -m absent base
}

@test "on a real model the search loses less than rounding, calibrated less, and gptq least" {
	need_data backbone5m corpora/tinystories.txt corpora/tinystories.heldout.txt
	head -c 100000 "$DATA/corpora/tinystories.txt" > text.txt
	head -c 60000 "$DATA/corpora/tinystories.heldout.txt" > held.txt
	for x in text held; do
		fl-tokenize -c "$DATA/backbone5m" --separator '<|endoftext|>' -o $x.tok $x.txt
	done
	fl-calibrate --moments -t text.tok -o metrics "$DATA/backbone5m"
	loss() { fl-quantize "$@" "$DATA/backbone5m" | fl-eval --json -t held.tok | jq .loss_nats; }
	run -0 jq -n "[$(loss --method rtn), $(loss), $(loss --method calib -m metrics),
		$(loss --method gptq -m metrics)] | . == (sort | reverse)"
	assert_output true
	# What runs in integers loses little more than its weights have lost.
	fl-quantize -o q.tar "$DATA/backbone5m"
	run -0 jq -n "[$(fl-eval --json -t held.tok q.tar), $(fl-eval --dequantize --json -t held.tok q.tar)] |
		.[0].loss_nats - .[1].loss_nats | . != 0 and fabs < 0.01"
	assert_output true
}

@test "on a real model rounding loses less after a rotation" {
	need_data backbone5m corpora/tinystories.txt corpora/tinystories.heldout.txt
	fl-tokenize -c "$DATA/backbone5m" -o held.tok <(head -c 60000 "$DATA/corpora/tinystories.heldout.txt")
	fl-calibrate --static -o m "$DATA/backbone5m"
	fl-prune --untie -o untied.tar "$DATA/backbone5m"
	loss() { fl-quantize "$@" | fl-eval --json -t held.tok | jq .loss_nats; }
	for method in rtn mse; do
		for model in "$DATA/backbone5m" untied.tar; do
			run -0 jq -n "$(loss --rotate --force -m m --method $method "$model") + 0.001 < $(loss --method $method "$model")"
			assert_output true
		done
	done
}

@test "rows that are no whole groups are no quantized model's" {
	fl-quantize -o q/ base
	jq ".hidden_size += 8" q/config.json > config.json
	one_line_error 3 fl-measure -c config.json --prefill 8
	[[ $stderr = *"no multiple of 32"* ]]
}

@test "head and embedding are chosen apart when untied" {
	fl-prune --untie base | fl-quantize --head int8 --embedding none -o q/
	fl-info --check q
	run fl-info --json q
	[ "$(jq .bytes_embedding <<< "$output")" = $((300 * 64 * 2)) ]
}

@test "tied they have one type, int8 unless less is asked for" {
	one_line_error 3 fl-quantize --head int4 --embedding int8 base
	fl-quantize --no-history -o a.tar base
	fl-quantize --no-history --embedding int8 -o b.tar base
	fl-quantize --no-history --head int8 -o c.tar base
	cmp a.tar b.tar
	cmp a.tar c.tar
	fl-info --check a.tar
	assert_equal "$(fl-info --json a.tar | jq .bytes_embedding)" $((300 * 64 + 300 * 2 * 2 + 16))
	fl-quantize --head int4 base | fl-info --json | jq -e ".bytes_embedding == $((300 * 32 + 300 * 2 * 2 + 16))"
	# So have random weights that are measured.
	fl-measure --json --quantize -c base --prefill 8 > tied
	fl-measure --json --quantize --head int8 -c base --prefill 8 | jq -e ".weights_mib == $(jq .weights_mib tied)"
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
