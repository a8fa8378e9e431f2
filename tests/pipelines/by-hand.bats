# SPDX-License-Identifier: Apache-2.0
# The job step by step in a shell, on a real model.
load ../cli/helper

@test "from text to a measured, exported candidate through pipes" {
	need_data backbone5m corpora/tinystories.heldout.txt
	local base=$DATA/backbone5m arch=d160-f512-ffswff
	head -c 60000 "$DATA/corpora/tinystories.heldout.txt" > text.txt
	tail -c 30000 "$DATA/corpora/tinystories.heldout.txt" > held.txt
	fl-tokenize -c "$base" --separator '<|endoftext|>' text.txt > calib.tok
	fl-tokenize -c "$base" --separator '<|endoftext|>' held.txt > held.tok
	fl-calibrate -t calib.tok "$base" > metrics.safetensors
	pipe "fl-prune -m metrics.safetensors -a $arch '$base' | fl-attnpattern -a $arch --window 64 |
		tee cand.tar | fl-eval -t held.tok > eval.tsv"
	[ "$(sed -n '2s/\t.*//p' eval.tsv)" = $arch ]
	# Worse than the base's 2.8 nats, and far better than chance, ln 4096 = 8.3
	loss=$(sed -n 2p eval.tsv | cut -f 2)
	[ "$(jq -n "$loss > 3 and $loss < 7")" = true ]
	fl-measure -q --prefill 64 --repeat 1 cand.tar > latency.tsv
	join -t $'\t' --header eval.tsv latency.tsv > trials.tsv
	[ "$(fl-pareto --objectives loss_nats,ttft_64_s trials.tsv | wc -l)" = 2 ]
	printf 'layers 6\nwidth 128..192/32\nffn 512\nletters f s\n' > space.txt
	[ "$(fl-suggest --space space.txt --batch 4 trials.tsv | wc -l)" = 4 ]
	pipe "fl-quantize cand.tar | fl-export --to gguf -o cand.gguf"
	[ "$(head -c 4 cand.gguf)" = GGUF ]
	[ -n "$(fl-generate -q -n 8 -p 'Once upon a time' cand.tar)" ]
}

@test "a dead upstream never looks like a short checkpoint" {
	fl-init -s 1 -o base.tar "$FIXTURES/tiny-qwen3.json"
	for cut in 0 100 512 10000 60000; do
		run -3 --separate-stderr bash -o pipefail -c "head -c $cut base.tar | fl-prune --score random -a d32-f64-ffff |
			fl-quantize -o out.tar"
		[ ! -e out.tar ]
	done
}
