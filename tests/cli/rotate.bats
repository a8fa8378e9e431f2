# SPDX-License-Identifier: Apache-2.0
# fl-prune --rotate, and --repair where the width is cut. That nothing is lost without a cut is checked logit by logit
# in tests/unit/rotate.c.
load helper

setup() {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
}

moments() {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > tokens
	fl-calibrate --moments --context 100 -t tokens -o moments "$1"
}

loss() {
	fl-eval -t held --context 128 "$1" | awk 'NR == 2 { print $2 }'
}

# below A B: is A less than B?
below() {
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'
}

# calibrated MODEL: m, and held.
calibrated() {
	need_data "$1" corpora/tinystories.txt corpora/tinystories.heldout.txt
	model=$DATA/$1
	fl-tokenize -c "$model" <(head -c 60000 "$DATA/corpora/tinystories.txt") > calib
	fl-tokenize -c "$model" <(tail -c 8000 "$DATA/corpora/tinystories.txt") > held
	fl-calibrate --moments --context 128 -t calib -o m "$model"
}

@test "the same bytes come out of a directory, a tar and a pipe, at any -j, whatever else is cut" {
	moments base
	tar cf base.tar -C base config.json model.safetensors fl-history.jsonl
	for options in "-a d64-f128-ffff" "--untie -a d32-f128-ffff" "--score flash -a d32-f64-fff"; do
		local prune="fl-prune --rotate -m moments $options"
		$prune -j 1 -o a.tar base
		$prune -j 4 -o b.tar base.tar
		pipe "cat base.tar | $prune > c.tar"
		cmp a.tar b.tar
		cmp a.tar c.tar
		fl-info --check a.tar
	done
}

@test "a rotated model stays tied, unless it is to have a head of its own, and the history says what stayed" {
	moments base
	fl-prune --rotate --untie -m moments -a d32-f128-ffff -o untied/ base
	fl-prune --rotate -m moments -a d32-f128-ffff -o tied/ base
	assert_equal "$(jq .tie_word_embeddings untied/config.json tied/config.json | tr '\n' ' ')" "false true "
	assert_equal "$(tail -n 1 untied/fl-history.jsonl | jq -c .kept.directions)" 32
	! tensors tied/model.safetensors | jq -e 'has("lm_head.weight")'
	fl-prune --rotate --tie -m moments -a d32-f128-ffff -o again.tar base
	one_line_error 2 fl-prune --rotate --tie --untie -m moments -a d32-f128-ffff base
}

@test "a rotation needs an architecture, metrics, moments and norms in them" {
	one_line_error 2 fl-prune --rotate -a d32-f128-ffff -o x.tar base
	one_line_error 2 fl-prune --rotate -m base -o x.tar base
	moments base
	fl-calibrate --moments-of ffn --context 100 -t tokens -o plain base
	one_line_error 3 fl-prune --rotate -m plain -a d32-f128-ffff -o x.tar base
	assert_equal "$stderr" "fl-prune: --rotate needs 'dim.moment', which the metrics do not have: make metrics with fl-calibrate --moments"
	one_line_error 3 fl-prune --repair -m plain -a d32-f128-ffff -o x.tar base
	poison moments dim.moment
	one_line_error 3 fl-prune --rotate -m moments -a d32-f128-ffff -o x.tar base
	[[ $stderr = *"'dim.moment' is not finite"* && ! -e x.tar ]]
}

@test "metrics of a model of other weights are refused by its norms" {
	moments base
	fl-calibrate --moments-of dim --context 100 -t tokens -o m base
	cp -r base other
	printf '\0\100' | overwrite other/model.safetensors model.layers.2.input_layernorm.weight
	for options in --rotate "--rotate --untie" "--score flash"; do
		one_line_error 3 fl-prune $options -m m -a d32-f128-ffff -o x.tar other
		[[ $stderr = *"'model.layers.2.input_layernorm.weight' is not the norm"* && ! -e x.tar ]]
	done
}

@test "layers without attention, and layers that go, have no say" {
	fl-attnpattern -a d64-f128-fsff -o skips/ base
	moments skips
	fl-prune --rotate --repair --layer-score random -s 1 -m moments -a d32-f64-fff -o out.tar skips
	fl-info --check out.tar
	[[ $(fl-info --json out.tar | jq -r .arch) = d32-f64-*s* ]]
}

# matrix CHECKPOINT NAME: its bytes.
matrix() {
	local size at
	size=$(od -An -tu8 -N8 "$1/model.safetensors")
	at=($(tensors "$1/model.safetensors" | jq --arg n "$2" '.[$n].data_offsets[]'))
	tail -c +$((9 + size + at[0])) "$1/model.safetensors" | head -c $((at[1] - at[0]))
}

@test "what layers that go added is said in the dimensions that stay" {
	moments base
	for width in 64 32; do
		for options in --no-repair --repair; do
			fl-prune --block 32 --score random --layer-score random -s 3 $options -m moments -a d$width-f128-fff -o $width$options/ base
		done
	done
	kept=$(tail -n 1 32--repair/fl-history.jsonl | jq -r .kept.width)
	mended=0
	for l in 0 1 2; do
		name=model.layers.$l.mlp.down_proj.weight
		matrix 64--repair $name | tail -c +$((1 + 256 * ${kept%-*})) | head -c 8192 > want
		matrix 32--repair $name | cmp - want
		matrix 32--no-repair $name | cmp -s - want || mended=$((mended + 1))
	done
	assert_equal $mended 1
}

@test "families that norm what they add to the stream, or scale it, are refused by name" {
	moments base
	for family in gemma gemma2 gemma3_text olmo2 cohere granite; do
		jq --arg f $family '.model_type = $f' base/config.json > config
		tar cf $family.tar --transform 's/^config$/config.json/' config -C base model.safetensors
		one_line_error 3 fl-prune --rotate -m moments -a d32-f128-ffff -o x.tar $family.tar
		[[ $stderr = *"$family"* ]]
	done
}

@test "nothing is lost where nothing is cut, tied or not" {
	calibrated backbone5m
	fl-tokenize -c "$model" <(head -c 100000 "$DATA/corpora/tinystories.heldout.txt") > held
	fl-prune --rotate --untie -m m -a d192-f768-ffffffff -o a.tar "$model"
	fl-prune --rotate -m m -a d192-f768-ffffffff -o b.tar "$model"
	echo "# $(loss "$model") $(loss a.tar) $(loss b.tar)"
	for x in a.tar b.tar; do
		below "$(awk -v a="$(loss "$model")" -v b="$(loss $x)" 'BEGIN { print (a - b) ^ 2 }')" 1e-8
	done
}

@test "directions lose less than dimensions, and mended readers less than plain ones" {
	for arch in stories260K:d32-f172-fffff backbone5m:d128-f768-ffffffff; do
		calibrated ${arch%:*}
		local prune="fl-prune -m m -a ${arch#*:}"
		$prune --score flash --block 32 --no-repair -o plain.tar "$model"
		$prune --score flash --block 32 -o repaired.tar "$model"
		$prune --score flash --block 32 --untie -o own.tar "$model"
		$prune --rotate --untie --no-repair -o turned.tar "$model"
		$prune --untie -o both.tar "$model"
		$prune -o tied.tar "$model"
		l=($(for x in plain repaired turned both tied own; do loss $x.tar; done))
		echo "# $arch: $(loss "$model") ${l[*]}"
		below "${l[1]}" "${l[0]}"
		below "${l[2]}" "${l[1]}"
		below "${l[3]}" "${l[2]}"
		below "${l[4]}" "${l[1]}"
		below "${l[5]}" "${l[1]}"
	done
}
