# SPDX-License-Identifier: Apache-2.0
# What is kept and gathered is checked element by element in tests/unit/plan.c.
load helper

setup() {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
}

@test "the same bytes come out of a directory, a tar, a tar.zst and a pipe, at any -j" {
	tar cf base.tar -C base config.json model.safetensors fl-history.jsonl
	zstd -q base.tar
	local prune="fl-prune --score random --layer-score random -s 5 -a d32-f64-fff"
	$prune -j 1 -o a.tar base
	$prune -j 4 -o b.tar base.tar
	$prune base.tar.zst > c.tar
	pipe "cat base.tar | $prune > d.tar"
	for x in b c d; do
		cmp a.tar $x.tar
	done
}

@test "a tar whose weights come before config.json is read as a file and refused on a pipe" {
	tar cf base.tar -C base model.safetensors config.json
	fl-prune --score random -a d32-f128-ffff -o a.tar base.tar
	fl-prune --score random -a d32-f128-ffff -o b/ base
	tar xOf a.tar model.safetensors | cmp - b/model.safetensors
	run --separate-stderr -3 fl-prune --score random -a d32-f128-ffff < <(cat base.tar)
	[[ $stderr = *config.json* ]]
}

@test "the history says what was kept" {
	fl-prune --score random --layer-score random -a d32-f64-fff -o out/ base
	run jq -c '[.tool, (.kept.layers | length), (.kept.ffn | length), (.kept.width | type)]' out/fl-history.jsonl
	assert_line --index 1 '["fl-prune",3,3,"string"]'
	fl-prune --score random -a d32-f128-ffff --no-history -o bare/ base
	[ ! -e bare/fl-history.jsonl ]
}

@test "blocks are kept whole, and without --block single channels are chosen" {
	fl-prune --score random -s 1 -a d64-f64-ffff --block 32 -o whole/ base
	run jq -r 'select(.tool == "fl-prune").kept.ffn[]' whole/fl-history.jsonl
	for range in $output; do
		(( ${range%-*} % 32 == 0 && (${range#*-} + 1) % 32 == 0 ))
	done
	fl-prune --score random -s 1 -a d64-f64-ffff -o single/ base
	run jq -r 'select(.tool == "fl-prune").kept.ffn[0]' single/fl-history.jsonl
	[[ $output = *" "*" "*" "* ]]
}

@test "kept layers keep their own attention" {
	fl-attnpattern -a d64-f128-fsff base | fl-prune --layer-score random -s 1 -a d64-f128-fff -o out/
	fl-info --check out
	[[ $(fl-info --json out | jq -r .arch) = d64-f128-*s* ]]
}

@test "a target that is larger or no multiple is refused with the numbers" {
	one_line_error 3 fl-prune --score random -a d96-f128-ffff base
	[[ $stderr = *"width 96"*"64"* ]]
	one_line_error 3 fl-prune --score random -a d64-f100-ffff base
	[[ $stderr = *"ffn 100"*"32 (--align)" ]]
	one_line_error 3 fl-prune --score random -a d64-f96-ffff --block 64 base
	[[ $stderr = *"ffn 96"*"64 (--block)" ]]
	one_line_error 3 fl-prune --score random -a d64-f128-fffff base
	[[ $stderr = *"5 letters"*"4 layers"* ]]
	one_line_error 3 fl-prune --score random -a d64-f48-ffff --align 16 --block 32 base
}

@test "what would have no effect is refused" {
	one_line_error 2 fl-prune -o x.tar base
	one_line_error 2 fl-prune --tie --untie base
	for alone in '--score flash' '--layer-score flash' '--block 32' '--align 32' '-s 0' --force; do
		one_line_error 2 fl-prune --untie $alone base
	done
	one_line_error 2 fl-prune -s 1 -a d64-f64-ffff base
	[[ $stderr = *"-s goes with --score or --layer-score random" ]]
	[ ! -e x.tar ]
}

@test "layers go in the order of the losses, as far as it was measured" {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 300' > tokens
	fl-calibrate --drop-layers 2 --context 50 -t tokens -o m base
	first=$(fl-info --json m | jq .drop_layers[0])
	fl-prune --layer-score loss -m m -a d64-f128-fff -o out/ base
	assert_equal "$(tail -1 out/fl-history.jsonl | jq -c .kept.layers)" "$(jq -cn "[0, 1, 2, 3] - [$first]")"
	one_line_error 3 fl-prune --layer-score loss -m m -a d64-f128-f -o x.tar base
	[[ $stderr = *"'layer.drop_loss' of 3 rounds, which the metrics do not have: make metrics with fl-calibrate --drop-layers 3" ]]
	fl-calibrate --context 50 -t tokens -o plain base
	one_line_error 3 fl-prune --layer-score loss -m plain -a d64-f128-f -o x.tar base
	[[ $stderr = *"'layer.drop_loss' of 3 rounds, which the metrics do not have"* && ! -e x.tar ]]
}

moments() {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > tokens
	fl-calibrate --moments --context 100 -t tokens -o moments "$1"
}

loss() {
	fl-eval -t held --context 128 "$1" | awk 'NR == 2 { print $2 }'
}

@test "a repair needs metrics, and moments in them" {
	one_line_error 2 fl-prune --repair --score random -a d64-f64-ffff -o x.tar base
	one_line_error 2 fl-prune --repair -m base --tie -o x.tar base
	moments base
	fl-calibrate --context 100 -t tokens -o plain base
	one_line_error 3 fl-prune --repair -m plain -a d64-f64-ffff -o x.tar base
	assert_equal "$stderr" "fl-prune: --repair needs 'ffn.moment', which the metrics do not have: make metrics with fl-calibrate --moments"
	poison moments ffn.moment
	one_line_error 3 fl-prune --repair -m moments -a d64-f64-ffff -o x.tar base
	[[ $stderr = *"model.layers.0.mlp.down_proj.weight"* && ! -e x.tar ]]
}

@test "a layer that never said anything is no obstacle, and stays as it is" {
	moments base
	head -c $((128 * 129 / 2 * 4)) /dev/zero | overwrite moments ffn.moment
	for score in flash obs; do
		rm -rf plain repaired
		fl-prune --score $score --no-repair -m moments -a d64-f64-ffff --no-history -o plain/ base
		fl-prune --score $score --repair -m moments -a d64-f64-ffff --no-history -o repaired/ base
		assert_equal "$(changed plain/model.safetensors repaired/model.safetensors | tr '\n' ' ')" \
			"$(printf 'model.layers.%d.mlp.down_proj.weight ' 1 2 3)"
	done
}

@test "a rotation whose directions would hold less than nothing is refused" {
	moments base
	# 64 in half of the dimensions and 1 in the others; at the last norm -1 and 64.
	for norm in 0 1 2 3 4 5 6 7 8; do
		for row in $(seq 0 63); do
			head -c $((row * 4)) /dev/zero
			case $((norm == 8))$((row < 32)) in
			01 | 10) printf '\0\0\200\102' ;;
			00) printf '\0\0\200\77' ;;
			11) printf '\0\0\200\277' ;;
			esac
		done
	done | overwrite moments dim.moment
	one_line_error 3 fl-prune --rotate -m moments -a d32-f128-ffff -o x.tar base
	assert_equal "$stderr" "fl-prune: 'dim.moment' is not finite or not positive at norm 8"
	[ ! -e x.tar ]
}

# changed A B: the names of the tensors of two files alike in which they differ.
changed() {
	tensors "$1" > header
	tensors "$2" | cmp - header
	cmp -l "$1" "$2" | awk '{ print $1 - 1 - '$((8 + $(od -An -tu8 -N8 "$1")))' }' > differ
	jq -r 'to_entries[] | [.value.data_offsets[], .key] | @tsv' header |
		awk 'NR == FNR { at[$1]; next } { for (i = $1; i < $2; i++) if (i in at) { print $3; next } }' differ -
}

@test "a repair changes down_proj alone, and nothing where no channel and no layer goes" {
	moments base
	fl-prune --score flash --no-repair -m moments -a d64-f64-ffff --no-history -o plain/ base
	fl-prune --score flash -m moments -a d64-f64-ffff --no-history -o repaired/ base
	assert_equal "$(changed plain/model.safetensors repaired/model.safetensors | tr '\n' ' ')" \
		"$(printf 'model.layers.%d.mlp.down_proj.weight ' 0 1 2 3)"
	fl-prune -m moments -a d64-f128-ffff --no-history -o a.tar base
	fl-prune --repair -m moments -a d64-f128-ffff --no-history -o b.tar base
	cmp a.tar b.tar
}

@test "what layers added that go is said by the layer before them, as far as moments reach" {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > tokens
	fl-calibrate --drop-layers 3 --moments --context 100 -t tokens -o m base
	for n in 3 2 1; do
		fl-prune --layer-score loss --no-repair -m m -a d64-f128-$(printf 'f%.0s' $(seq $n)) -o plain/ base
		fl-prune --layer-score loss --repair -m m -a d64-f128-$(printf 'f%.0s' $(seq $n)) -o repaired/ base
		# a kept layer with a gap behind it, by its new number
		tail -1 plain/fl-history.jsonl | jq -r '.kept.layers | . as $k | range(length) |
			select(($k[. + 1] // 4) > $k[.] + 1) | "model.layers.\(.).mlp.down_proj.weight"' > want
		changed plain/model.safetensors repaired/model.safetensors | cmp - want
	done
	fl-calibrate --moments-of layer.across --moments-of ffn --reach 1 --context 100 -t tokens -o near base
	fl-prune --layer-score random -s 5 -a d64-f128-f -o plain/ base
	run --separate-stderr -0 fl-prune -v --repair --layer-score random -s 5 -m near -a d64-f128-f -o repaired/ base
	case $(tail -1 plain/fl-history.jsonl | jq -c .kept.layers) in
	"[2]" | "[3]") refute_output --partial mended ;;
	*) [[ $stderr = *"the first 1 are mended, as far as the moments reach"* ]] ;;
	esac
}

@test "layers that go need their moments, and finite ones" {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 300' > tokens
	fl-calibrate --moments-of ffn --context 50 -t tokens -o ffn base
	one_line_error 3 fl-prune --repair -m ffn -a d64-f128-fff -o x.tar base
	assert_equal "$stderr" "fl-prune: --repair needs 'layer.across_moment', which the metrics do not have: make metrics with fl-calibrate --moments"
	fl-calibrate --moments-of layer.across --context 50 -t tokens -o across base
	one_line_error 3 fl-prune --repair -m across -a d64-f128-fff -o x.tar base
	[[ $stderr = *"'ffn.moment'"* ]]
	fl-calibrate --moments --context 50 -t tokens -o m base
	poison m layer.across_moment # from layer 0 to 1
	for seed in 1 2 3 4 5 6 7 8 9; do
		fl-prune --layer-score random -s $seed -a d64-f128-fff -o out/ base
		[ "$(tail -1 out/fl-history.jsonl | jq -c .kept.layers)" = "[0,2,3]" ] && break
	done
	one_line_error 3 fl-prune --repair --layer-score random -s $seed -m m -a d64-f128-fff -o x.tar base
	[[ $stderr = *"model.layers.0.mlp.down_proj.weight' are not finite" && ! -e x.tar ]]
}

@test "a repaired model is the same bytes at any -j and from a pipe, whatever else is cut" {
	moments base
	local prune="fl-prune --score flash --repair -m moments --block 16 -a d32-f64-fff"
	$prune -j 1 -o a.tar base
	$prune -j 4 -o b.tar base
	tar cf base.tar -C base config.json model.safetensors fl-history.jsonl
	pipe "cat base.tar | $prune > c.tar"
	cmp a.tar b.tar
	cmp a.tar c.tar
	fl-info --check a.tar
}

@test "obs chooses the same channels at any -j and from every file, in blocks or not" {
	moments base
	tar cf base.tar -C base config.json model.safetensors fl-history.jsonl
	zstd -q base.tar
	for block in 1 16; do
		local prune="fl-prune --no-history --score obs --block $block -m moments -a d64-f64-ffff"
		$prune -j 1 -o a.tar base
		$prune -j 4 -o b.tar base.tar
		$prune -o c.tar base.tar.zst
		cmp a.tar b.tar
		cmp a.tar c.tar
		fl-info --check a.tar
		fl-prune --no-history --score flash --block $block -m moments -a d64-f64-ffff -o d.tar base
		run ! cmp a.tar d.tar
	done
	fl-prune --score obs --repair -m moments -a d32-f64-fff base | fl-info --check -
}

@test "obs needs moments, and a checkpoint that can be read twice" {
	moments base
	one_line_error 3 fl-prune --score obs -m moments -a d64-f64-ffff -o x.tar < <(tar cf - -C base config.json model.safetensors)
	[[ $stderr = *"give it as a file or a directory, or take --score flash" ]]
	fl-calibrate --context 100 -t tokens -o plain base
	one_line_error 3 fl-prune --score obs -m plain -a d64-f64-ffff -o x.tar base
	assert_equal "$stderr" "fl-prune: --score obs needs 'ffn.moment', which the metrics do not have: make metrics with fl-calibrate --moments"
	one_line_error 2 fl-prune --score obs -a d64-f64-ffff -o x.tar base
	poison moments ffn.moment
	one_line_error 3 fl-prune --score obs -m moments -a d64-f64-ffff -o x.tar base
	[[ $stderr = *"model.layers.0.mlp.down_proj.weight"* && ! -e x.tar ]]
}

@test "a repaired model loses less than one that is not, whichever way its channels were chosen" {
	need_data stories260K backbone5m corpora/tinystories.txt
	for arch in stories260K:d64-f96-fffff backbone5m:d192-f256-ffffffff backbone5m:d192-f768-fffff; do
		model=$DATA/${arch%:*}
		fl-tokenize -c "$model" <(head -c 60000 "$DATA/corpora/tinystories.txt") > calib
		fl-tokenize -c "$model" <(tail -c 8000 "$DATA/corpora/tinystories.txt") > held
		fl-calibrate --moments --context 128 -t calib -o m "$model"
		fl-prune -m m -a ${arch#*:} --score flash --no-repair -o plain.tar "$model"
		fl-prune -m m -a ${arch#*:} --score flash -o repaired.tar "$model"
		fl-prune -m m -a ${arch#*:} -o obs.tar "$model"
		echo "# $arch: $(loss "$model") $(loss plain.tar) $(loss repaired.tar) $(loss obs.tar)"
		awk -v a="$(loss obs.tar)" -v b="$(loss repaired.tar)" -v c="$(loss plain.tar)" 'BEGIN { exit !(a < c && b < c) }'
	done
}

@test "what is not said is what is best with the metrics there are, and the history says it" {
	by() { tail -n 1 "$1/fl-history.jsonl" | jq -c .kept.by; }
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > tokens
	fl-calibrate --drop-layers 1 --moments --context 100 -t tokens -o m base
	fl-prune -m m -a d32-f64-fff -o all/ base
	assert_equal "$(by all)" '{"layers":"loss","width":"directions","ffn":"obs","repaired":["layers","width","ffn"]}'
	assert_equal "$(jq .tie_word_embeddings all/config.json)" true
	fl-prune --no-history --layer-score loss --score obs --block 1 --rotate --repair -m m -a d32-f64-fff -o said/ base
	cmp all/model.safetensors said/model.safetensors
	fl-prune -m m -a d32-f128-ff -o two/ base # of which metrics know the first
	assert_equal "$(by two)" '{"layers":"flash","width":"directions","repaired":["layers","width"]}'
	fl-prune --no-repair -m m -a d32-f64-fff -o bare/ base
	assert_equal "$(by bare)" '{"layers":"loss","width":"flash","ffn":"flash","repaired":[]}'
	fl-prune --paper -m m -a d32-f64-fff -o paper/ base
	fl-prune --no-history --score flash --layer-score flash --block 32 --no-repair -m m -a d32-f64-fff -o operator/ base
	cmp paper/model.safetensors operator/model.safetensors
	for option in "--score flash" "--layer-score bi" "--block 1" --rotate --repair; do
		one_line_error 2 fl-prune --paper $option -m m -a d32-f64-fff -o x.tar base
	done
	one_line_error 2 fl-prune --repair --no-repair -m m -a d32-f64-fff -o x.tar base
}

@test "what metrics without moments cannot repair is said" {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > tokens
	fl-calibrate --moments-of ffn --context 100 -t tokens -o ffn base
	run --separate-stderr -0 fl-prune -m ffn -a d32-f64-ffff -o out/ base
	[[ $stderr = *"the metrics lack moments"*"fl-calibrate --moments" ]]
	assert_equal "$(tail -n 1 out/fl-history.jsonl | jq -c .kept.by)" '{"width":"flash","ffn":"obs","repaired":["ffn"]}'
	for enough in "-m ffn -a d64-f64-ffff" "-m ffn --paper -a d32-f64-ffff" "-m ffn --no-repair -a d32-f64-ffff"; do
		run --separate-stderr -0 fl-prune $enough -o out/ base
		assert_equal "$stderr" ""
	done
}

@test "with -v it is said which layers go, and by what score" {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > tokens
	fl-calibrate --drop-layers 2 --context 100 -t tokens -o m base
	said() { fl-prune -v "$@" -m m -a d64-f128-ff -o out/ base 2>&1 | grep -E 'go(es)?:'; }
	said --layer-score loss > loss
	assert_equal "$(sed -E 's/.*layer ([0-9]).*/\1/' loss | paste -sd ,)" "$(fl-info --json m | jq -r '.drop_layers | join(",")')"
	assert_equal "$(grep -c 'the loss without it and those before is [0-9.]* nats$' loss)" 2
	[[ $(said --layer-score angular) = *"layers "?" to "?" go: the angle between their ends is 0."* ]]
	for score in flash bi random; do
		assert_equal "$(said --layer-score $score | grep -c "goes: its score by $score is 0\.")" 2
	done
}

@test "from ten tokens on a repair costs nothing, and from a thousand it gains" {
	need_data backbone5m corpora/tinystories.txt corpora/tinystories.heldout.txt
	model=$DATA/backbone5m
	fl-tokenize -c "$model" <(head -c 30000 "$DATA/corpora/tinystories.txt") > calib
	fl-tokenize -c "$model" <(head -c 20000 "$DATA/corpora/tinystories.heldout.txt") > held
	for arch in d192-f384-ffffffff d128-f768-ffffffff d192-f768-ffffff; do
		for n in 10 40 200 1000 4000; do
			head -c $((4 * n)) calib > few
			fl-calibrate --moments --context $((n < 128 ? n : 128)) -t few -o m "$model"
			fl-prune --score flash --layer-score flash --no-repair -m m -a $arch -o plain.tar "$model"
			fl-prune --score flash --layer-score flash --repair -m m -a $arch -o repaired.tar "$model"
			echo "$arch $n $(loss plain.tar) $(loss repaired.tar)"
		done
	done > table
	sed 's/^/# /' table
	awk '{ gain = $3 - $4 } $2 < 1000 && gain < -0.03 || $2 >= 1000 && gain < 0.01 { bad = 1 } END { exit bad || NR != 15 }' table
}

@test "untie copies the embedding as head, tie drops it" {
	fl-prune --untie -o untied/ base
	[ "$(jq .tie_word_embeddings untied/config.json)" = false ]
	fl-info --check untied
	fl-prune --tie -o tied/ untied
	[ "$(jq .tie_word_embeddings tied/config.json)" = true ]
	cmp base/model.safetensors tied/model.safetensors
}

@test "a quantized checkpoint is refused" {
	fl-quantize base > q.tar
	one_line_error 3 fl-prune --score random -a d32-f128-ffff q.tar
	[[ $stderr = *quantized* ]]
}

@test "a directory is replaced, but not with a file in it that would be lost" {
	fl-prune --score random -a d32-f128-ffff -o out/ base
	fl-prune --score random -a d64-f64-ffff -o out/ base
	echo mine > out/notes.md
	one_line_error 2 fl-prune --score random -a d32-f128-ffff -o out/ base
	[[ $stderr = *"'out/' holds 'notes.md'"* ]]
	assert_equal "$(fl-info --json out | jq -r .arch) $(cat out/notes.md)" "d64-f64-ffff mine"
}
