# SPDX-License-Identifier: Apache-2.0
# What four threads do at once, against one. Run under ThreadSanitizer, too, which ends a tool with 66 where two of them
# race.
load helper
export TSAN_OPTIONS=exitcode=66:halt_on_error=0

setup() {
	fl-init -q -s 1 -a d64-f128-ffff -o base/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" base/
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > t
}

@test "calibration, cuts, rounding, training and judging race for nothing" {
	for j in 1 4; do
		mkdir $j
		cd $j
		fl-calibrate -q -j $j --moments --drop-layers 1 --context 64 -t ../t -o m ../base
		fl-prune -q -j $j -m m -a d32-f64-fff -o pruned.tar ../base
		fl-attnpattern -q -j $j --repair -m m -a d64-f128-fsff -o skips.tar ../base
		fl-quantize -q -j $j -m m -o calib.tar ../base
		fl-quantize -q -j $j --method gptq -m m -o gptq.tar ../base
		fl-eval -q -j $j -t ../t --context 64 calib.tar > eval4
		fl-eval -q -j $j -t ../t --context 64 --logits logits ../base > eval
		fl-train -q -j $j -t ../t --steps 3 --batch 2 --context 32 --teacher ../base -o trained.tar pruned.tar
		fl-train -q -j $j -t ../t --steps 2 --batch 2 --context 32 --qat int4 -o qat.tar ../base
		fl-generate -q -j $j -n 8 -p hello calib.tar > said
		cd ..
	done
	diff -r 1 4
	fl-measure -q -j 4 --prefill 16,40 --decode 0,16 4/calib.tar > row
}
