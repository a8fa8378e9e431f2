# SPDX-License-Identifier: Apache-2.0
# The sums themselves are compared with PyTorch's in tests/unit/calibrate.c.
load helper

setup() {
	MODEL=$FIXTURES/calibrate/model
	TOKENS=$FIXTURES/calibrate/tokens
}

fact() {
	fl-info "$2" | awk -v name="$1" '$1 == name { print $2 }'
}

@test "the same bytes come out at any -j, and of every form of a checkpoint" {
	tar cf model.tar -C "$MODEL" config.json model.safetensors
	zstd -q model.tar
	fl-calibrate -j 1 -t "$TOKENS" -o a "$MODEL"
	fl-calibrate -j 3 -t "$TOKENS" model.tar > b
	fl-calibrate -t "$TOKENS" model.tar.zst > c
	pipe "cat model.tar | fl-calibrate -t '$TOKENS' > d"
	pipe "cat '$TOKENS' | fl-calibrate -t - '$MODEL' > e"
	for x in b c d e; do
		cmp a $x
	done
}

@test "whole sequences are counted, and the rest is mentioned with -v" {
	run --separate-stderr -0 fl-calibrate -v -t "$TOKENS" -o a "$MODEL"
	assert_equal "$stderr" "fl-calibrate: the last 5 tokens make no whole sequence and are left out"
	assert_equal "$(fact tokens a) $(fact sequences a) $(fact context a)" "96 3 32"
	fl-calibrate -t "$TOKENS" --context 10 --sequences 4 -o b "$MODEL"
	assert_equal "$(fact tokens b) $(fact sequences b) $(fact context b)" "40 4 10"
}

@test "a file shorter than a sequence is one" {
	head -c 28 "$TOKENS" > short
	fl-calibrate -t short -o a "$MODEL"
	assert_equal "$(fact tokens a) $(fact sequences a)" "7 1"
}

@test "with --bos each sequence begins with BOS, and the file says so" {
	fl-calibrate --bos -t "$TOKENS" -o a "$MODEL"
	assert_equal "$(fact tokens a) $(fact sequences a) $(fact bos a)" "96 3 true"
	head -c 124 "$TOKENS" > own
	printf '\1\0\0\0' | cat - own > put
	fl-calibrate --bos -t own -o b "$MODEL"
	fl-calibrate -t put -o c "$MODEL"
	fl-info b | tail -n +7 > b.sums
	fl-info c | tail -n +7 | cmp - b.sums
}

@test "parts are merged in the order given, counts exactly" {
	head -c 256 "$TOKENS" > 1
	tail -c +257 "$TOKENS" > 2
	for i in 1 2; do
		fl-calibrate -t $i -o $i.m "$MODEL"
	done
	fl-calibrate --merge -o sum 1.m 2.m
	assert_equal "$(fact tokens sum) $(fact sequences sum)" "96 3"
	fl-calibrate --merge 1.m > one
	cmp 1.m one
}

@test "scores of the weights alone need no tokens, and merge with the others" {
	fl-calibrate --static -o static "$MODEL"
	fl-calibrate -t "$TOKENS" -o sums "$MODEL"
	fl-calibrate --static -t "$TOKENS" -o both "$MODEL"
	fl-calibrate --merge -o merged sums static
	cmp both merged
}

@test "moments are packed triangles of F32, the same bytes at any -j, beside the same sums" {
	fl-calibrate -t "$TOKENS" -o plain "$MODEL"
	fl-calibrate -j 1 --moments -t "$TOKENS" -o a "$MODEL"
	fl-calibrate -j 4 --moments -t "$TOKENS" "$MODEL" > b
	cmp a b
	assert_equal "$(tensors a | jq -c '."ffn.moment", ."dim.moment", ."dim.out_moment", ."attn.moment" |
		[.dtype, .shape]' | tr '\n' ' ')" '["F32",[3,2080]] ["F32",[7,528]] ["F32",[7,528]] ["F32",[3,528]] '
	fl-info a | grep -v moment | cmp - <(fl-info plain)
	assert_equal "$(tensors a | jq -c '."layer.across_moment", ."attn.across_moment" | [.dtype, .shape]' | tr '\n' ' ')" \
		'["F32",[6,2048]] ["F32",[3,2048]] '
	assert_equal "$(fl-info a | grep -c moment)" 29
}

@test "moments of one part are the same as among all" {
	fl-calibrate --moments -t "$TOKENS" -o all "$MODEL"
	fl-calibrate --moments-of dim --moments-of attn -t "$TOKENS" -o some "$MODEL"
	fl-info all | grep -v '^ffn.moment\|^dim.out_moment\|across' | cmp - <(fl-info some)
	assert_equal "$(fl-info some | grep -c moment)" 10
	one_line_error 2 fl-calibrate --moments-of ffn.sum_sq -t "$TOKENS" "$MODEL"
	one_line_error 2 fl-calibrate --moments-of ffn --static "$MODEL"
}

@test "the weights of norms come with the sums, and only equal ones merge" {
	fl-calibrate -t "$TOKENS" -o a "$MODEL"
	assert_equal "$(fl-info a | grep -c dim.weight)" 7
	fl-calibrate --merge -o sum a a
	fl-info a | grep dim.weight | cmp - <(fl-info sum | grep dim.weight)
	mkdir other
	cp "$MODEL"/* other
	printf '\0\0\0\100' | overwrite other/model.safetensors model.norm.weight
	fl-calibrate -t "$TOKENS" -o b other
	one_line_error 3 fl-calibrate --merge -o sum a b
	[[ $stderr = *"norms have different weights"* ]]
}

@test "moments reach as far as they are told, and those of different reach are not added" {
	fl-calibrate --moments-of layer.across -t "$TOKENS" -o two "$MODEL"
	fl-calibrate --moments-of layer.across --reach 1 -t "$TOKENS" -o one "$MODEL"
	fl-info one | awk '/across/ { $2 = ""; print }' > of.one # from layers 0, 1, 2
	fl-info two | awk '/across/ && $2 % 2 == 0 { $2 = ""; print }' | cmp - of.one
	assert_equal "$(fl-info two | awk '/across/ && $2 > 2 { print $4, $6 }' | tr '\n' ' ')" "0 0 0 0 0 0 " # no layer is so far
	one_line_error 3 fl-calibrate --merge -o x one two
	[[ $stderr = *"'layer.across_moment' of the metrics reach 1 layers and 2" ]]
	one_line_error 2 fl-calibrate --moments-of ffn --reach 1 -t "$TOKENS" -o x "$MODEL"
	[ ! -e x ]
}

@test "moments of parts are added, and not to metrics without" {
	head -c 256 "$TOKENS" > 1
	tail -c +257 "$TOKENS" > 2
	for i in 1 2; do
		fl-calibrate --moments -t $i -o $i.m "$MODEL"
	done
	fl-calibrate --merge -o sum 1.m 2.m
	fl-calibrate --moments -t "$TOKENS" -o all "$MODEL"
	assert_equal "$(fact tokens sum)" 96
	for part in 1.m 2.m sum all; do
		fl-info $part | awk '/^ffn.moment/ { print $6 }' > $part.most
	done
	paste sum.most all.most | awk '($1 - $2) ^ 2 > 1e-8 * $2 ^ 2 { bad = 1 } END { exit bad }'
	fl-calibrate --merge 1.m > one
	cmp 1.m one
	fl-calibrate --static -o static "$MODEL"
	fl-calibrate --merge static 1.m > both
	assert_equal "$(fl-info both | grep -c moment)" 29
	fl-calibrate -t 2 -o plain "$MODEL"
	one_line_error 3 fl-calibrate --merge -o x 1.m plain
	[[ $stderr = *"only one of the metrics has 'ffn.moment'"* ]]
	TMPDIR=/nowhere one_line_error 4 fl-calibrate --moments -t 2 -o x "$MODEL"
	[[ $stderr = *"'/nowhere'"* && ! -e x ]]
}

loss() {
	fl-eval -t t --context 16 "$1" | awk 'NR == 2 { print $2 }'
}

# elements FILE MEMBER FIRST BYTES: doubles of it, one a line.
elements() {
	local begin
	begin=$((8 + $(od -An -tu8 -N8 "$1")))
	od -An -v -tf8 -w8 -j $((begin + $(tensors "$1" | jq --arg n "$2" '.[$n].data_offsets[0]') + 8 * $3)) -N $4 "$1"
}

@test "what goes first is what costs least, and the loss is that of the model without it, at any -j" {
	fl-init -s 3 -o base/ "$FIXTURES/tiny-qwen3.json"
	head -c 384 "$TOKENS" > t # 6 sequences of 16
	fl-calibrate -j 1 --drop-layers 2 --drop-attention 3 --context 16 -t t -o a base
	fl-calibrate -j 3 --drop-layers 2 --drop-attention 3 --context 16 -t t -o b base
	cmp a b
	for gone in 1 2; do
		fl-prune --layer-score loss -m a -a d64-f128-$(printf 'f%.0s' $(seq $((4 - gone)))) -o $gone.tar base
		elements a layer.drop_loss $(((gone - 1) * 4)) 32 | awk '$1 > 0' | sort -g | head -1 > want
		loss $gone.tar | paste - want | awk '{ exit !(($1 - $2) ^ 2 < 1e-10) }'
		fl-attnpattern --best $gone -m a -o s.tar base
		elements a attn.drop_loss $(((gone - 1) * 4)) 32 | awk '$1 > 0' | sort -g | head -1 > want
		loss s.tar | paste - want | awk '{ exit !(($1 - $2) ^ 2 < 1e-10) }'
	done
	elements a layer.drop_loss 0 128 | awk '$1 > 0' > tried
	assert_equal "$(wc -l < tried)" 7 # 4, then 3
	assert_equal "$(fl-info --json a | jq -c '[.drop_layers, .drop_attention | length]')" "[2,3]"
}

@test "the losses of other layers are those of the models without them" {
	fl-init -s 3 -o base/ "$FIXTURES/tiny-qwen3.json"
	head -c 384 "$TOKENS" > t
	fl-calibrate --drop-attention 1 --context 16 -t t -o a base
	for l in 0 1 2 3; do
		fl-attnpattern -a d64-f128-$(echo ffff | sed "s/./s/$((l + 1))") -o s.tar base
		loss s.tar | paste - <(elements a attn.drop_loss $l 8) | awk '{ exit !(($1 - $2) ^ 2 < 1e-10) }'
	done
}

@test "losses may be measured on fewer sequences than sums, evenly spread" {
	head -c 128 "$TOKENS" > one
	fl-calibrate --drop-attention 2 --drop-sequences 1 -t "$TOKENS" -o a "$MODEL"
	fl-calibrate --drop-attention 2 -t one -o b "$MODEL"
	assert_equal "$(fl-info a | grep drop)" "$(fl-info b | grep drop)"
	assert_equal "$(fact sequences a)" 3
	# Of four sequences the first and the third
	head -c 256 "$TOKENS" > four
	{ head -c 64 four; tail -c +129 four | head -c 64; } > two
	fl-calibrate --drop-attention 2 --drop-sequences 2 --context 16 -t four -o a "$MODEL"
	fl-calibrate --drop-attention 2 --context 16 -t two -o b "$MODEL"
	assert_equal "$(fl-info a | grep drop)" "$(fl-info b | grep drop)"
	# Of three, one at the beginning and one that begins in the middle
	head -c 192 four > three
	{ head -c 64 three; tail -c +97 three | head -c 64; } > two
	fl-calibrate --drop-attention 2 --drop-sequences 2 --context 16 -t three -o a "$MODEL"
	fl-calibrate --drop-attention 2 --context 16 -t two -o b "$MODEL"
	assert_equal "$(fl-info a | grep drop)" "$(fl-info b | grep drop)"
	one_line_error 2 fl-calibrate --drop-sequences 1 -t "$TOKENS" -o x "$MODEL"
}

# numbers N: so many tokens that every vocabulary here has, in no simple order.
numbers() {
	perl -e 'print pack "V*", map { ($_ * $_ * 7919 + $_ / 3) % 64 } 1 .. shift' "$1"
}

# tried FILE ROUND: which layers have a loss there.
tried() {
	elements "$1" attn.drop_loss $((9 * $2)) 72 | awk '$1 > 0 { print NR - 1 }' | paste -sd ' '
}

@test "the worse half of a round is given up after 256 tokens, and so on, but four are tried on all tokens" {
	fl-init -s 3 -a d64-f128-fffffffff -o base/ "$FIXTURES/tiny-qwen3.json"
	numbers 1400 > t
	fl-calibrate -j 1 --drop-attention 2 --context 140 --drop-context 100 -t t -o a base
	fl-calibrate -j 3 --drop-attention 2 --context 100 -t t -o b base
	cmp <(elements a attn.drop_loss 0 648) <(elements b attn.drop_loss 0 648)
	for n in 300 600 1400; do # three sequences are the first with 256 tokens
		head -c $((4 * n)) t > $n
		for l in 0 1 2 3 4 5 6 7 8; do
			fl-attnpattern -a d64-f128-$(echo fffffffff | sed "s/./s/$((l + 1))") -o s.tar base
			echo "$l $(fl-eval -t $n --context 100 s.tar | awk 'NR == 2 { print $2 }')"
		done > $n.losses
	done
	sort -gk2 300.losses | head -5 | sort > half
	join half 600.losses | sort -gk3 | head -4 | sort > four
	assert_equal "$(tried a 0)" "$(cut -d ' ' -f 1 four | paste -sd ' ')"
	assert_equal "$(tried a 1 | wc -w)" 4
	join four 1400.losses | cut -d ' ' -f 4 | paste - <(elements a attn.drop_loss 0 72 | awk '$1 > 0') |
		awk '($1 - $2) ^ 2 > 1e-10 { bad = 1 } END { exit bad || NR != 4 }'
}

@test "calibration and each round of losses show their rate and the time left on a terminal" {
	need script
	fl-init -a d256-f1024-ffffff -o base/ "$FIXTURES/tiny-qwen3.json"
	numbers 4000 > t
	script -qec 'fl-calibrate --drop-layers 2 --drop-sequences 40 --context 100 -t t -o x base' log < /dev/null | tr '\r' '\n' > lines
	grep -q '^calibrating: [0-9]*/4000 tokens, [0-9.]*/s, [0-9]*:[0-9][0-9] left' lines
	for round in 1 2; do
		grep -q "^layer.drop_loss, round $round of 2: [0-9]*/[0-9]* tokens, [0-9.]*/s, [0-9]*:[0-9][0-9] left" lines
	done
}

@test "no more goes than there is, and losses are not added" {
	one_line_error 3 fl-calibrate --drop-layers 3 -t "$TOKENS" -o x "$MODEL"
	[[ $stderr = *"3 layers, of which one stays: 3 cannot go" ]]
	fl-attnpattern -a d32-f64-fsf -o two/ "$MODEL"
	one_line_error 3 fl-calibrate --drop-attention 3 -t "$TOKENS" -o x two
	[[ $stderr = *"2 layers with attention: 3 cannot go" ]]
	fl-calibrate --drop-attention 2 -t "$TOKENS" -o a two
	fl-calibrate -t "$TOKENS" -o plain two
	one_line_error 3 fl-calibrate --merge -o x a a
	[[ $stderr = *"'attn.drop_loss' is no sum: only one of the metrics may have it" ]]
	fl-calibrate --merge -o one plain a
	assert_equal "$(fact tokens one) $(fact drop_attention one)" "192 $(fact drop_attention a)"
	one_line_error 2 fl-calibrate --drop-layers 1 --static -o x "$MODEL"
	one_line_error 2 fl-calibrate --drop-attention 1 --merge -o x a
	[ ! -e x ]
}

@test "a file of --drop-layers losses is merged with one of moments, in either order, whatever its context" {
	fl-calibrate --moments -t "$TOKENS" -o moments "$MODEL"
	fl-calibrate --drop-layers 2 --context 16 --sequences 4 -t "$TOKENS" -o layers "$MODEL"
	fl-calibrate --drop-attention 1 --sequences 1 -t "$TOKENS" -o attention "$MODEL"
	for files in "moments layers attention" "layers attention moments" "attention moments layers"; do
		run --separate-stderr -0 fl-calibrate -v --merge -o all $files
		[[ $stderr = *"only the losses beside them are merged" ]]
		fl-info all | grep -v drop | cmp - <(fl-info moments)
		elements all layer.drop_loss 0 72 | cmp - <(elements layers layer.drop_loss 0 72)
		elements all attn.drop_loss 0 72 | cmp - <(elements attention attn.drop_loss 0 72)
	done
	fl-prune --layer-score loss --repair -m all -a d32-f32-ff "$MODEL" | fl-info --check -
	fl-calibrate --drop-layers 1 --moments-of dim -t "$TOKENS" -o both "$MODEL" # its moments would be lost
	one_line_error 3 fl-calibrate --merge -o x moments both
	[[ $stderr = *"only one of the metrics has 'ffn.moment'" && ! -e x ]]
}

@test "metrics of another model are not added" {
	fl-calibrate --static -o a "$MODEL"
	fl-init -o other/ "$FIXTURES/tiny-qwen3.json"
	fl-calibrate --static -o b other
	one_line_error 3 fl-calibrate --merge -o c a b
	[[ $stderr = *"'b'"*"different models"* ]]
	[ ! -e c ]
}

@test "tokens that cannot be are refused by name" {
	printf '\100\0\0\0\100\0\0\0' > high
	one_line_error 3 fl-calibrate -t high -o x "$MODEL"
	[[ $stderr = *"'high'"*64* ]]
	printf '\1\0\0\0' > one
	one_line_error 3 fl-calibrate -t one -o x "$MODEL"
	[[ $stderr = *"'one'"*"too few"* ]]
	head -c 7 "$TOKENS" > odd
	one_line_error 3 fl-calibrate -t odd -o x "$MODEL"
	one_line_error 4 fl-calibrate -t absent -o x "$MODEL"
	[ ! -e x ]
}

@test "activations that are not finite are an error that says where they begin" {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
	cp -r base bad
	poison bad/model.safetensors model.layers.1.mlp.gate_proj.weight
	one_line_error 3 fl-calibrate -t "$TOKENS" -o x bad
	assert_equal "$stderr" "fl-calibrate: 'bad': 'ffn.sum_sq' is not finite in layer 1"
	one_line_error 3 fl-calibrate --static -o x bad
	assert_equal "$stderr" \
		"fl-calibrate: 'bad': 'model.layers.1.mlp.gate_proj.weight' holds a value that is not finite"
	rm -r bad
	cp -r base bad
	poison bad/model.safetensors model.norm.weight
	one_line_error 3 fl-calibrate -t "$TOKENS" -o x bad
	assert_equal "$stderr" "fl-calibrate: 'bad': 'dim.out_seq_sq' is not finite at the final norm"
	rm -r bad
	cp -r base bad
	poison bad/model.safetensors model.layers.2.self_attn.o_proj.weight
	one_line_error 3 fl-calibrate -t "$TOKENS" -o x bad
	assert_equal "$stderr" "fl-calibrate: 'bad': 'dim.sum_sq' is not finite in layer 2"
	[ ! -e x ]
}

@test "a command line without sense is refused" {
	one_line_error 2 fl-calibrate -o x "$MODEL"
	one_line_error 2 fl-calibrate --merge -o x
	one_line_error 2 fl-calibrate --merge --static -o x "$MODEL"
	one_line_error 2 fl-calibrate -t "$TOKENS" -o x "$MODEL" "$MODEL"
	one_line_error 2 fl-calibrate -t - -o x
	one_line_error 2 fl-calibrate --moments --static -o x "$MODEL"
	for alone in '--context 9' '--sequences 9' --bos; do
		one_line_error 2 fl-calibrate --static $alone -o x "$MODEL"
	done
	one_line_error 2 fl-calibrate --moments --merge -o x x
}

@test "fl-prune takes the file" {
	fl-calibrate -t "$TOKENS" --static -o m "$MODEL"
	for score in flash minitron mean static; do
		fl-prune -m m --score $score -a d32-f32-fff "$MODEL" | fl-info --check -
	done
	for score in flash bi angular; do
		fl-prune -m m --layer-score $score -a d32-f64-ff "$MODEL" | fl-info --check -
	done
}
