# SPDX-License-Identifier: Apache-2.0
# search.mk -- from one checkpoint and one text to the frontier of smaller models on this machine.
#
#   make -f search.mk BASE=dir TEXT=file [OUT=run] [TRIALS=24] ...
#
#   BASE      the checkpoint: a directory, a tar or a tar.zst
#   TEXT      what it is calibrated on; documents separated by SEPARATOR
#   HELD      what it is judged on; by default the last tenth of TEXT, which calibration does not see
#   HELD_TOKENS    so many tokens of that: the difference of two candidates that are alike then has a
#                  standard error below 0.01 nats
#   CALIB_TOKENS   so many tokens of TEXT calibrate BASE; by default what takes about as long whatever its size
#   LATENCY_SAMPLES  how many times are measured of random weights before the first trial
#   SPACE     a space file, fl-space(5); by default one derived from BASE, a mild one where candidates are not trained
#   TRIALS    how many architectures beside BASE; BATCH at a time; SEED makes them others
#   REPAIR    1: what cuts cost a candidate is given back in closed form, as fl-prune(1) does, so that its loss says
#             something untrained; 0: it inherits weights as they are
#   CPT_STEPS steps of training from inherited weights before a candidate is judged; 0: none
#   TEACHER   a checkpoint that candidates learn from meanwhile, 'base' for BASE; by default the text alone
#   TRAIN     more options of fl-train: '--batch 16 --context 256 --rate 1e-3'
#   FINAL_STEPS  steps that the winner is trained on in the end
#   PREFILL   prompt lengths measured, tokens; the first is the latency searched for
#   THREADS   for measuring; CHUNK tokens of a prompt are computed at once; REPEAT times each
#   BUDGET    the winner is the best model this fast, seconds; by default six tenths of BASE's time
#   PROMPT    what the winner continues
#   QUANTIZE  1: times are those of 4-bit weights, as the winner is exported, and loss4_nats is their loss; 0: all is of
#             the weights as they are
#   QUANT     options of fl-quantize for that; each candidate is calibrated for it
#   LOSS      what is searched for beside time: loss_nats, before rounding, or loss4_nats, after
#   RUNTIME   what measures instead of our own kernels: llama.cpp, executorch, onnxruntime, or a runner; fl-measure(1)
#   VIA       where: 'ssh phone', 'adb shell'; THREADS must then be given
#   MEASURE   a command that takes a checkpoint as operand and prints a table row, instead of fl-measure
#   RUN       put before the heavy commands: 'srun -c 8', 'nice'
#
# First the time of LATENCY_SAMPLES architectures is measured, half of them spread over the space, half where
# what is known of the others says least; how well a model predicts them is in $(OUT)/crossval.tsv. Then come
# trials, chosen by what the models of loss and time expect of them. A candidate that is no better than a uniform guess,
# whose loss is ln V or more of a vocabulary of V, is named when it is seen, and never a winner.
#
# Every candidate is a directory under $(OUT)/cand named by its architecture string; every file in it has
# its rule here. What has been made is not made again: kill it at any moment, run it again, and it goes
# on; with more TRIALS it does the rest; with another BASE, TEXT, PREFILL or BUDGET it does again what
# depends on that. Measuring runs alone, whatever make -j does: it takes the lock that the others share.

FILES := $(MAKEFILE_LIST)
SELF := $(lastword $(FILES))
include $(dir $(SELF))common.mk

OUT ?= run
TRIALS ?= 24
LATENCY_SAMPLES ?= 32
BATCH ?= 8
SEED ?= 0
PREFILL ?= 1024,2048
THREADS ?= $(if $(VIA),$(error THREADS= must say how many the device has),$(shell nproc))
CHUNK ?= 1024
REPEAT ?= 3
BUDGET ?=
REPAIR ?= 1
HELD_TOKENS ?= 20480
CALIB_TOKENS ?=
LOSS ?= loss_nats
CPT_STEPS ?= 0
FINAL_STEPS ?= 0
TEACHER ?=
TRAIN ?= --rate 1e-3
PROMPT ?= Once upon a time
SEPARATOR ?= <|endoftext|>
QUANTIZE ?= 1
RUNTIME ?=
QUANT ?= $(if $(filter executorch,$(RUNTIME)),--head int4)
VIA ?=
MEASURE ?= fl-measure -q -j $(THREADS) --prefill $(PREFILL) --chunk $(CHUNK) --repeat $(REPEAT) \
	$(RUNTIME:%=--runtime %) $(if $(VIA),--via '$(VIA)')
export PROMPT SEPARATOR

$(call path,BASE TEXT HELD SPACE TEACHER OUT)

# What cannot be searched, before anything is done.
$(foreach t,jq gnuplot,$(if $(shell command -v $t),,$(error $t is needed and not there)))
$(if $(BASE),,$(error BASE= must name a checkpoint))
$(if $(TEXT),,$(error TEXT= must name a text file))
override TEACHER := $(if $(filter base,$(TEACHER)),$(BASE),$(TEACHER))
$(foreach v,BASE TEXT HELD SPACE TEACHER,$(if $($v),$(if $(wildcard $($v)),,$(error $v='$($v)' is not there))))
$(foreach v,TRIALS BATCH LATENCY_SAMPLES,$(if $(shell [ '$($v)' -ge $(if $(filter LATENCY_SAMPLES,$v),0,1) ] 2>&- && echo y),,$(error $v='$($v)' is no number of architectures)))
$(foreach v,HELD_TOKENS $(if $(CALIB_TOKENS),CALIB_TOKENS),$(if $(shell [ '$($v)' -ge 1024 ] 2>&- && echo y),,$(error $v='$($v)' is no number of tokens, 1024 or more)))
$(if $(filter $(LOSS),loss_nats $(if $(filter 1,$(QUANTIZE)),loss4_nats)),,$(error LOSS='$(LOSS)' is neither loss_nats nor, with QUANTIZE=1, loss4_nats))
$(foreach v,REPAIR QUANTIZE,$(if $(filter 0 1,$($v)),,$(error $v='$($v)' is neither 0 nor 1)))

# One search at a time in a directory: what follows is read by the make that holds its lock, and by those it starts.
ifneq ($(HOLDS),$(OUT))
GOALS := $(or $(MAKECMDGOALS),all)
.PHONY: $(GOALS) held
$(GOALS): held
held:
	@mkdir -p $(OUT)/asked
	@+flock -n -E 75 $(OUT)/asked/lock $(MAKE) --no-print-directory $(FILES:%=-f %) HOLDS=$(OUT) $(GOALS) || { [ $$? != 75 ] || \
		echo "search: '$(OUT)' is being searched by process $$(awk -v inode=$$(stat -c %i $(OUT)/asked/lock) \
		'{ split($$6, at, ":") } at[3] == inode { print $$5 }' /proc/locks)" >&2; exit 1; }
else

comma := ,
LATENCY := ttft_$(firstword $(subst $(comma), ,$(PREFILL)))_s
STAGE_1 := $(if $(filter-out 0,$(LATENCY_SAMPLES)),$(OUT)/latency.tsv)
ALONE := flock $(OUT)/lock
BESIDE := $(RUN) flock -s $(OUT)/lock

# A line for each row of a table: the architecture and the two objectives.
say = awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
	{ printf "%-32s loss %.4f nats%s  %s %.4f s\n", $$1, $$at["loss_nats"], \
		"loss4_nats" in at ? sprintf(", in 4 bits %.4f", $$at["loss4_nats"]) : "", "$(LATENCY)", $$at["$(LATENCY)"] }' $1

# A table of one row, that of the architecture the target is named by.
is_row = [ $$(wc -l < $1) = 2 ] && [ "$$(sed -n '2s/\t.*//p' $1)" = $* ] || \
	{ echo "search: what was measured of '$*' is not one row of it" >&2; exit 1; }

# Calibration takes sequences of 512 tokens, of $1 in all.
sequences = $$(fl-info --json $(BASE) | jq -r --argjson n "$1" '[.context, 512] | min | "--context \(.) --sequences \($$n / . | ceil)"')

# What is shipped of model $1, as $2, rounded by metrics of its own.
ship = c="$(call sequences,8192)"; $(BESIDE) bash -ec "fl-calibrate -q $$c -t $(OUT)/calib.tok -o $2.sums $1; \
	fl-quantize -q $(QUANT) -m $2.sums -o $2 $1; rm $2.sums"
SHIPPED := $(if $(filter 0,$(QUANTIZE)),model.tar,shipped.tar)

.PHONY: all rows samples
all: $(OUT)/space $(STAGE_1:%=$(OUT)/crossval.tsv) $(OUT)/front.tsv $(OUT)/front.svg $(OUT)/front.png $(OUT)/winner.gguf $(OUT)/winner.txt
	@printf '\nThe frontier, %s:\n' '$(OUT)/front.tsv'
	@$(call say,$(OUT)/front.tsv)
	@printf '\nThe winner, %s:\n%s' "$$(cat $(OUT)/winner)" "$$PROMPT"; cat $(OUT)/winner.txt; echo

# What was asked for ---------------------------------------------------------------------------------
$(shell mkdir -p $(OUT)/cand)
ASKED := $(OUT)/asked
include $(dir $(SELF))asked.mk

$(call asked,base,$(call checkpoint,$(BASE)))
$(call asked,text,$(call identity,$(TEXT)) $(SEPARATOR))
$(call asked,held,$(if $(HELD),$(call identity,$(HELD)) $(SEPARATOR)) $(HELD_TOKENS))
$(call asked,space,$(if $(SPACE),$(call identity,$(SPACE)),$(filter 0,$(CPT_STEPS))))
$(call asked,measure,$(MEASURE) $(QUANTIZE) $(QUANT) $(LATENCY))
$(call asked,train,$(CPT_STEPS) $(TRAIN) $(if $(TEACHER),$(call checkpoint,$(TEACHER))))
$(call asked,repair,$(REPAIR) $(CALIB_TOKENS))
$(call asked,final,$(FINAL_STEPS))
$(call asked,seed,$(SEED))
$(call asked,samples,$(LATENCY_SAMPLES))
$(call asked,trials,$(TRIALS) $(BATCH) $(LOSS))
$(call asked,budget,$(BUDGET) $(LATENCY))
$(call asked,prompt,$(PROMPT))

# All of it once more as a makefile, so that findings.mk asks for the same.
SETTINGS := BASE TEXT HELD HELD_TOKENS CALIB_TOKENS LATENCY_SAMPLES SPACE TRIALS BATCH SEED REPAIR CPT_STEPS TEACHER TRAIN FINAL_STEPS PREFILL THREADS CHUNK REPEAT \
	BUDGET PROMPT SEPARATOR QUANTIZE QUANT LOSS RUNTIME VIA MEASURE RUN
define newline


endef
setting = define $1 :=$(newline)$(subst $$,$$$$,$($1))$(newline)endef$(newline)
$(call asked,settings.mk,$(foreach v,$(SETTINGS),$(call setting,$v)))

# The text as tokens ------------------------------------------------------------------------------

TOKENIZE = fl-tokenize -c $(BASE) --separator "$$SEPARATOR"

$(OUT)/text.tok: $(OUT)/asked/text $(OUT)/asked/base
	@$(TOKENIZE) -o $@ $(TEXT)

# Four bytes a token: nine tenths of them, and the rest.
NINE_TENTHS = $$(( $$(stat -Lc %s $<) / 40 * 36 ))

$(OUT)/calib.tok: $(OUT)/text.tok $(OUT)/asked/held
	@$(if $(HELD),cat,head -c $(NINE_TENTHS)) $< > $@.tmp
	@$(MAKE_IT)

ifdef HELD
$(OUT)/held.tok: $(OUT)/asked/held $(OUT)/asked/base
	@$(TOKENIZE) -o $@.all $(HELD)
	@head -c $$(( 4 * $(HELD_TOKENS) )) $@.all > $@.tmp
	@rm $@.all; $(MAKE_IT)
else
$(OUT)/held.tok: $(OUT)/text.tok $(OUT)/asked/held
	@tail -c +$$(( $(NINE_TENTHS) + 1 )) $< | head -c $$(( 4 * $(HELD_TOKENS) )) > $@.tmp
	@$(MAKE_IT)
endif

ifneq ($(REPAIR),0)
SUMS := --moments-of ffn --moments-of dim --moments-of layer.across
endif

# Minutes on two cores, whatever between 4 million and 300 million weights BASE has.
TOKENS = $(or $(CALIB_TOKENS),$$(fl-info --json $(BASE) | jq '[[4e12 / .parameters, 16384] | max, 1048576] | min'))

$(OUT)/metrics.safetensors: $(OUT)/calib.tok $(OUT)/asked/base $(OUT)/asked/repair
	@export TMPDIR=$(abspath $(OUT)); $(BESIDE) fl-calibrate -t $< $(call sequences,$(TOKENS)) $(SUMS) -o $@ $(BASE)

# The space. What is trained may lose half of its width, three quarters of its FFN, three eighths of its layers, and skip
# where it likes; what is not is a model only within half of that. --------------------------------------------------

TRAINED := $(if $(filter 0,$(CPT_STEPS)),false,true)
define SPACE_OF_BASE
def down: [. / 32 | floor * 32, 32] | max;
def multiples(part): down as $$hi | ($$hi / 8 | down) as $$step | "\($$hi - ($$hi * part / $$step | floor) * $$step)..\($$hi)/\($$step)";
"layers   \(.layers * (if $(TRAINED) then 5 / 8 else 3 / 4 end) | ceil)..\(.layers)",
"width    \(.width | multiples(if $(TRAINED) then 1 / 2 else 1 / 4 end))",
"ffn      \(.ffn | multiples(if $(TRAINED) then 3 / 4 else 1 / 2 end))",
"letters  f w s",
"max-run  3",
if $(TRAINED) then empty else "max-skip \(.layers / 8 | ceil)" end,
"first    f",
"window   \([256, (.context / 4 | ceil)] | min)"
endef
export SPACE_OF_BASE

# What would stop a search later does so at once; so is said that a winner may have no GGUF, by way of a small model with
# the same layers.
$(OUT)/space: $(OUT)/asked/space $(OUT)/asked/base
	@$(if $(SPACE),cat $(SPACE),fl-info --json $(BASE) | jq -r "$$SPACE_OF_BASE") > $@.tmp
	@awk '$$1 ~ /^(width|ffn)$$/ { split($$2, n, "[./]+"); for (i in n) if (n[i] % 32) exit 1 }' $@.tmp || \
		{ echo "search: the sizes of '$(or $(SPACE),$@)' are no multiples of 32, as 4-bit weights need" >&2; exit 1; }
	@$(MAKE_IT)
	@like=d32-f32-$$(awk '$$1 == "letters" { sub(/#.*/, ""); $$1 = ""; gsub(/ /, ""); print }' $@); \
	fl-init -q -a $$like $(BASE) | fl-attnpattern -q -a $$like $(WINDOW) | fl-info --check-for gguf >&2 || { [ $$? = 1 ] && \
		echo "search: a winner with layers '$${like##*-}' will have no $(OUT)/winner.gguf" >&2; }

# The first stage: times of random weights --------------------------------------------------------

.PRECIOUS: $(OUT)/sample/%.tsv

$(OUT)/sample/%.tsv: $(OUT)/space $(OUT)/asked/base $(OUT)/asked/measure
	@$(BESIDE) bash -o pipefail -c "fl-init -a $* $(BASE) | fl-attnpattern -a $* $(WINDOW) | $(if $(filter 0,$(QUANTIZE)),cat,fl-quantize -q $(QUANT)) \
		> $(OUT)/sample/$*.tar"
	@$(ALONE) $(MEASURE) $(OUT)/sample/$*.tar > $@.tmp
	@rm $(OUT)/sample/$*.tar
	@$(call is_row,$@.tmp)
	@$(MAKE_IT)

samples: $(ARCHS:%=$(OUT)/sample/%.tsv)

HALF := $(shell echo $$(( ($(LATENCY_SAMPLES) + 1) / 2 )))

$(OUT)/sample/spread: $(OUT)/space $(OUT)/asked/seed $(OUT)/asked/samples
	@mkdir -p $(@D)
	@fl-suggest -q --space $(OUT)/space -s $(SEED) --batch $(HALF) < /dev/null > $@.tmp || [ $$? = 1 ]
	@$(MAKE_IT)

$(OUT)/sample/refined: $(OUT)/sample/spread.latency
	@n=$$(( $(LATENCY_SAMPLES) - $(HALF) )); [ $$n = 0 ] || \
		fl-suggest -q --space $(OUT)/space -s $(SEED) --batch $$n --refine --objectives $(LOSS),$(LATENCY) $< > $@.tmp || [ $$? = 1 ]
	@touch $@.tmp
	@$(MAKE_IT)

$(OUT)/sample/spread.latency $(OUT)/sample/refined.latency: %.latency: % $(OUT)/asked/measure
	@+$(MAKE) --no-print-directory -f $(SELF) samples ARCHS="$$(tr '\n' ' ' < $<)"
	@cat /dev/null $$(sed 's:.*:$(OUT)/sample/&.tsv:' $<) | awk 'NR == 1 || !/^arch\t/' > $@.tmp
	@$(MAKE_IT)

$(OUT)/latency.tsv: $(OUT)/sample/spread.latency $(OUT)/sample/refined.latency
	@awk 'NR == 1 || !/^arch\t/' $^ > $@.tmp
	@$(MAKE_IT)

$(OUT)/crossval.tsv: $(OUT)/latency.tsv
	@if [ $$(wc -l < $<) -gt 20 ]; then fl-predict --cv --column $(LATENCY) $<; fi > $@.tmp
	@if [ -s $@.tmp ]; then printf '\nHow well %s is predicted, by cross-validation:\n' $(LATENCY); \
		column -t -s $$'\t' $@.tmp; echo; fi
	@$(MAKE_IT)

# One candidate -------------------------------------------------------------------------------------

WINDOW = $$(awk '$$1 == "window" { print "--window " $$2 }' $(OUT)/space)

# What inherits its weights and is not trained is judged as it is.
PRUNED := $(if $(filter 0,$(CPT_STEPS)),model.tar,pruned.tar)

.PRECIOUS: $(OUT)/cand/%/pruned.tar $(OUT)/cand/%/model.tar $(OUT)/cand/%/eval.tsv $(OUT)/cand/%/latency.tsv \
	$(OUT)/cand/%/shipped.tar $(OUT)/cand/%/eval4.tsv \
	$(OUT)/cand/%/row.tsv

$(OUT)/cand/%/$(PRUNED): $(OUT)/metrics.safetensors $(OUT)/space $(OUT)/asked/base $(OUT)/asked/train
	@mkdir -p $(@D)
	@$(BESIDE) bash -o pipefail -c "fl-prune -m $(OUT)/metrics.safetensors -a $* $(if $(filter 0,$(REPAIR)),--no-repair) $(BASE) \
		| fl-attnpattern -a $* $(WINDOW) > $@.tmp"
	@$(MAKE_IT)

# train STEPS OPTIONS: the first prerequisite on. A state of other prerequisites is of another run.
train = for x in $^; do [ $@.state -nt $$x ] || rm -f $@.state; done; \
	$(BESIDE) fl-train -t $(OUT)/calib.tok --steps $1 $(TRAIN) $2 --state $@.state -o $@.tmp.tar $< && \
	rm $@.state && mv $@.tmp.tar $@
TAUGHT := $(if $(TEACHER),$(OUT)/teacher)

$(OUT)/teacher: $(OUT)/calib.tok $(OUT)/asked/train
	@$(BESIDE) fl-train --ask -t $< --steps $(CPT_STEPS) $(TRAIN) -o $@ $(TEACHER)

ifneq ($(CPT_STEPS),0)
$(OUT)/cand/%/model.tar: $(OUT)/cand/%/pruned.tar $(OUT)/calib.tok $(OUT)/asked/train $(TAUGHT)
	@$(call train,$(CPT_STEPS),--curve $(@D)/curve.tsv $(TAUGHT:%=--teacher %))
endif

$(OUT)/cand/%/eval.tsv: $(OUT)/cand/%/model.tar $(OUT)/held.tok
	@$(BESIDE) fl-eval -t $(OUT)/held.tok $< > $@.tmp
	@$(MAKE_IT)

$(OUT)/cand/%/shipped.tar: $(OUT)/cand/%/model.tar $(OUT)/calib.tok $(OUT)/asked/measure
	@$(call ship,$<,$@)

$(OUT)/cand/%/eval4.tsv: $(OUT)/cand/%/shipped.tar $(OUT)/held.tok
	@$(BESIDE) fl-eval -t $(OUT)/held.tok $< | awk -F '\t' -v OFS='\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i } \
		{ print $$1, NR == 1 ? "loss4_nats" : $$at["loss_nats"] }' > $@.tmp
	@$(MAKE_IT)

$(OUT)/cand/%/latency.tsv: $(OUT)/cand/%/$(SHIPPED) $(OUT)/asked/measure
	@$(ALONE) $(MEASURE) $< > $@.tmp
	@$(MAKE_IT)

$(OUT)/cand/%/row.tsv: $(OUT)/cand/%/eval.tsv $(if $(filter 1,$(QUANTIZE)),$(OUT)/cand/%/eval4.tsv) $(OUT)/cand/%/latency.tsv $(OUT)/guess
	@join -t $$'\t' --header $(@D)/eval.tsv $(if $(filter 1,$(QUANTIZE)),$(@D)/eval4.tsv | join -t $$'\t' --header -) $(@D)/latency.tsv > $@.tmp
	@$(call is_row,$@.tmp)
	@$(call say,$@.tmp)
	@awk -F '\t' -v guess="$$(cat $(OUT)/guess)" -v what='$(if $(filter 0,$(CPT_STEPS)),CPT_STEPS=200,more CPT_STEPS)$(if $(filter 0,$(REPAIR)),$(comma) REPAIR=1)' ' \
		FNR == 1 { for (i = 1; i <= NF; i++) if ($$i == "loss_nats") at = i; next } \
		{ base = NR == 2 ? $$1 : base; bad[NR] = $$at >= guess } \
		END { if (bad[NR] && (!bad[2] || $$1 == base)) printf "search: %s is no better than a uniform guess, whose loss is %.4f nats%s\n", \
			$$1, guess, $$1 == base ? "" : "; a milder SPACE, " what " would help" }' $(BASE_ROW) $@.tmp >&2
	@$(MAKE_IT)

# That of BASE, once it is there.
BASE_ROW = $(if $(wildcard $(OUT)/round/0/archs),$(wildcard $(OUT)/cand/$(file < $(OUT)/round/0/archs)/row.tsv))

# The loss of a uniform guess.
$(OUT)/guess: $(OUT)/asked/base
	@fl-info --json $(BASE) | jq '.vocabulary | log' > $@.tmp
	@$(MAKE_IT)

rows: $(ARCHS:%=$(OUT)/cand/%/row.tsv)

# Rounds: BASE itself, then BATCH architectures at a time -------------------------------------------

ROUNDS := $(shell seq $$(( ($(TRIALS) + $(BATCH) - 1) / $(BATCH) )))
DATA := $(OUT)/metrics.safetensors $(OUT)/held.tok $(OUT)/space $(OUT)/asked/measure

$(OUT)/round/0/archs: $(OUT)/asked/base
	@mkdir -p $(@D)
	@fl-info --json $(BASE) | jq -r .arch > $@.tmp
	@$(MAKE_IT)

# Round $1 after round $2 tries $3 architectures. That the space has no more is no failure: status 1.
define round
$(call asked,round-$1,$3)
$(OUT)/round/$1/archs: $(OUT)/round/$2/trials.tsv $(STAGE_1) $(OUT)/space $(OUT)/asked/seed $(OUT)/asked/round-$1
	@mkdir -p $$(@D)
	@fl-suggest -q --space $(OUT)/space -s $(SEED) --batch $3 --objectives $(LOSS),$(LATENCY) \
		$(STAGE_1:%=--latency %) $$< > $$@.tmp || [ $$$$? = 1 ]
	@$$(MAKE_IT)
endef
size = $(shell left=$$(( $(TRIALS) - ($1 - 1) * $(BATCH) )); echo $$(( left < $(BATCH) ? left : $(BATCH) )))
$(foreach n,$(ROUNDS),$(eval $(call round,$n,$(shell echo $$(( $n - 1 ))),$(call size,$n))))

$(patsubst %,$(OUT)/round/%/trials.tsv,0 $(ROUNDS)): %/trials.tsv: %/archs $(DATA)
	@+$(MAKE) --no-print-directory -f $(SELF) rows ARCHS="$$(tr '\n' ' ' < $<)"
	@cd $(OUT); n=$(notdir $*); { \
		if [ $$n = 0 ]; then head -qn 1 $$(sed 's:.*:cand/&/row.tsv:' round/0/archs); \
		else cat round/$$(( n - 1 ))/trials.tsv; fi; \
		tail -qn +2 $$(sed 's:.*:cand/&/row.tsv:' round/$$n/archs) /dev/null; \
	} > round/$$n/trials.tsv.tmp
	@$(MAKE_IT)

$(OUT)/trials.tsv: $(OUT)/round/$(lastword 0 $(ROUNDS))/trials.tsv $(OUT)/asked/trials
	@cp $< $@.tmp
	@$(MAKE_IT)

# What comes of it ----------------------------------------------------------------------------------

PARETO = fl-pareto --objectives $(LOSS),$(LATENCY)

$(OUT)/front.tsv: $(OUT)/trials.tsv
	@$(PARETO) $< > $@.tmp
	@$(MAKE_IT)

$(OUT)/front.svg $(OUT)/front.png: $(OUT)/trials.tsv
	@$(PARETO) --plot $@ $< > /dev/null

# The best within the budget; where there is none the fastest of all. Of those that are better than a guess, unless BASE
# is not.
$(OUT)/winner: $(OUT)/trials.tsv $(OUT)/front.tsv $(OUT)/guess $(OUT)/asked/budget
	@base=$(OUT)/cand/$$(cat $(OUT)/round/0/archs)/row.tsv; \
	of() { awk -F '\t' -v c=$$1 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } { print $$at[c] }' $$base; }; \
	budget=$(or $(BUDGET),$$(jq -n "0.6 * $$(of $(LATENCY))")); \
	better=$$(jq -nr "if $$(of loss_nats) < $$(cat $(OUT)/guess) then \"--max loss_nats=$$(cat $(OUT)/guess)\" else \"\" end"); \
	row=$$($(PARETO) $$better --max $(LATENCY)=$$budget --best $<) || { [ $$? = 1 ] && \
		echo "search: no model within $(LATENCY) = $$budget$${better:+ is better than a guess}: the fastest one is taken" >&2 && \
		row=$$($(PARETO) $$better $<); }; \
	sed -n '2s/\t.*//p' <<< "$$row" > $@.tmp
	@$(MAKE_IT)

$(OUT)/chosen.tar: $(OUT)/winner
	@cp $(OUT)/cand/$$(cat $<)/model.tar $@.tmp
	@$(MAKE_IT)

$(OUT)/winner.tar: $(OUT)/chosen.tar $(OUT)/calib.tok $(OUT)/asked/final $(OUT)/asked/train
	@$(if $(filter 0,$(FINAL_STEPS)),cp $< $@.tmp && $(MAKE_IT),$(call train,$(FINAL_STEPS),\
		--curve $(OUT)/winner-curve.tsv $(TEACHER:%=--teacher %)))

$(OUT)/winner.gguf: $(OUT)/winner.tar
	@rm -f $@; $(call ship,$<,$@.tar)
	@fl-export --to gguf -o $@ $@.tar || { [ $$? = 1 ] && echo 'search: there is no $@' >&2; }
	@rm $@.tar

$(OUT)/winner.txt: $(OUT)/winner.tar $(OUT)/asked/prompt
	@fl-generate -q -n 64 -p "$$PROMPT" $< > $@.tmp
	@$(MAKE_IT)
endif
