# SPDX-License-Identifier: Apache-2.0
load helper

setup() {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
}

@test "layers get the attention of the pattern, and the config says so" {
	fl-attnpattern -a d64-f128-fwsf --window 32 -o out/ base
	fl-info --check out
	[ "$(fl-info --json out | jq -r .arch)" = d64-f128-fwsf ]
	run jq -c '[.layer_types, .sliding_window, .use_sliding_window]' out/config.json
	assert_output '[["full_attention","sliding_attention","skip_attention","full_attention"],32,true]'
}

@test "the window defaults to 256, then to the checkpoint's" {
	fl-attnpattern -a d64-f128-fwff -o a/ base
	[ "$(jq .sliding_window a/config.json)" = 256 ]
	fl-attnpattern -a d64-f128-fwff --window 16 base | fl-attnpattern -a d64-f128-wwff -o b/
	[ "$(jq .sliding_window b/config.json)" = 16 ]
}

@test "all full again drops the window" {
	fl-attnpattern -a d64-f128-fwff base | fl-attnpattern -a d64-f128-ffff -o out/
	[ "$(jq -c '[.sliding_window, .use_sliding_window]' out/config.json)" = '[null,false]' ]
	cmp out/model.safetensors base/model.safetensors
}

@test "a layer without attention cannot get it back" {
	fl-attnpattern -a d64-f128-fsff -o out/ base
	one_line_error 3 fl-attnpattern -a d64-f128-ffff out
	[[ $stderr = *"layer 1"* ]]
}

@test "other sizes than the checkpoint's are refused" {
	one_line_error 3 fl-attnpattern -a d32-f128-ffff base
	assert_equal "$stderr" "fl-attnpattern: 'base': the architecture has width 32 and ffn 128, the model 64 and 128"
	one_line_error 3 fl-attnpattern -a d64-f64-ffff base
	assert_equal "$stderr" "fl-attnpattern: 'base': the architecture has width 64 and ffn 64, the model 64 and 128"
}

@test "a quantized checkpoint is taken" {
	fl-quantize base | fl-attnpattern -a d64-f128-fssf | fl-info --check
}

@test "the best that metrics know skip, beside those that do already" {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 300' > tokens
	fl-attnpattern -a d64-f128-wfsf -o some/ base
	fl-calibrate --drop-attention 2 --context 50 -t tokens -o m some
	run -0 jq -r '.drop_attention | @tsv' <(fl-info --json m)
	pattern=$(echo $output | awk '{ split("w f s f", p); for (i = 1; i <= 2; i++) p[$i + 1] = "s"
		print p[1] p[2] p[3] p[4] }')
	fl-attnpattern --best 2 -m m -o out.tar some
	assert_equal "$(fl-info --json out.tar | jq -r .arch)" d64-f128-$pattern
	one_line_error 3 fl-attnpattern --best 3 -m m -o x.tar some
	assert_equal "$stderr" "fl-attnpattern: --best needs 'attn.drop_loss' of 3 rounds, which the metrics do not have: make metrics with fl-calibrate --drop-attention 3"
	one_line_error 3 fl-attnpattern --best 1 -m m -o x.tar base
	fl-attnpattern --best 1 -m m --force -o forced.tar base
	one_line_error 2 fl-attnpattern --best 1 -o x.tar some
	one_line_error 2 fl-attnpattern --best 1 -m m -a d64-f128-wfss -o x.tar some
	one_line_error 2 fl-attnpattern -m m -a d64-f128-wfss -o x.tar some
	one_line_error 2 fl-attnpattern --force -a d64-f128-wfss -o x.tar some
	[ ! -e x.tar ]
}

@test "what an attention added that goes is said by the layer before, at any -j" {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > tokens
	fl-calibrate --moments --context 100 -t tokens -o m base
	fl-attnpattern -a d64-f128-fwss -o plain/ base
	fl-attnpattern -a d64-f128-fwss --repair -m m -o repaired/ base
	tensors plain/model.safetensors > header
	tensors repaired/model.safetensors | cmp - header
	begin=$((8 + $(od -An -tu8 -N8 plain/model.safetensors)))
	cmp -l plain/model.safetensors repaired/model.safetensors | awk '{ print $1 - 1 - '$begin' }' > differ
	jq -r 'to_entries[] | [.value.data_offsets[], .key] | @tsv' header |
		awk 'NR == FNR { at[$1]; next } { for (i = $1; i < $2; i++) if (i in at) { print $3; next } }' differ - > changed
	printf 'model.layers.%d.mlp.down_proj.weight\n' 1 2 | cmp - changed
	fl-attnpattern -j 1 -a d64-f128-ffss --repair -m m -o a.tar base
	tar cf base.tar -C base config.json model.safetensors fl-history.jsonl
	cat base.tar | fl-attnpattern -j 4 -a d64-f128-ffss --repair -m m > b.tar
	cmp a.tar b.tar
	fl-attnpattern -a d64-f128-sfff --no-history -o a.tar base
	fl-attnpattern -a d64-f128-sfff --repair -m m --no-history -o b.tar base
	cmp a.tar b.tar # nothing is before the first layer
}

@test "a repair needs moments, and numbers to change" {
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 300' > tokens
	fl-calibrate --moments-of ffn --context 50 -t tokens -o m base
	one_line_error 2 fl-attnpattern --repair -a d64-f128-fsff -o x.tar base
	one_line_error 3 fl-attnpattern --repair -m m -a d64-f128-fsff -o x.tar base
	assert_equal "$stderr" "fl-attnpattern: --repair needs 'attn.across_moment', which the metrics do not have: make metrics with fl-calibrate --moments"
	fl-calibrate --moments --context 50 -t tokens -o m base
	fl-quantize -o q.tar base
	one_line_error 3 fl-attnpattern --repair --force -m m -a d64-f128-fsff -o x.tar q.tar
	[[ $stderr = *"quantized"* ]]
	poison m attn.across_moment # of the first layer, which nobody reads
	fl-attnpattern --repair -m m -a d64-f128-fsff -o x.tar base
}

@test "a model loses less when its attentions are mended" {
	need_data backbone5m corpora/tinystories.txt
	fl-tokenize -c "$DATA/backbone5m" <(head -c 60000 "$DATA/corpora/tinystories.txt") > calib
	fl-tokenize -c "$DATA/backbone5m" <(tail -c 8000 "$DATA/corpora/tinystories.txt") > held
	fl-calibrate --moments-of ffn --moments-of attn.across --context 128 -t calib -o m "$DATA/backbone5m"
	for repair in "" "--repair -m m"; do
		fl-attnpattern -a d192-f768-fsffsfss $repair "$DATA/backbone5m" | fl-eval -t held --context 128 |
			awk 'NR == 2 { print $2 }'
	done > losses
	sort -g -c -r losses
}
