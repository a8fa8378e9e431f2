# SPDX-License-Identifier: Apache-2.0
# search.mk -- from one checkpoint and one text to the frontier of smaller models on this machine.
#
#   make -f search.mk BASE=dir TEXT=file [OUT=run] [TRIALS=24] ...
#
#   BASE      the checkpoint: a directory, a tar or a tar.zst
#   TEXT      what it is calibrated on; documents separated by SEPARATOR
#   HELD      what it is judged on; by default the last tenth of TEXT, which calibration does not see
#   LATENCY_SAMPLES  how many times are measured of random weights before the first trial
#   SPACE     a space file, fl-space(5); by default one derived from BASE
#   TRIALS    how many architectures beside BASE; BATCH at a time; SEED makes them others
#   REPAIR    1: what cuts cost a candidate is given back in closed form, by --rotate, --repair and more of fl-prune(1),
#             so that its loss says something untrained; 0: it inherits weights as they are
#   CPT_STEPS steps of training from inherited weights before a candidate is judged; 0: none
#   TEACHER   a checkpoint that candidates learn from meanwhile, 'base' for BASE; by default the text alone
#   TRAIN     more options of fl-train: '--batch 16 --context 256 --rate 1e-3'
#   FINAL_STEPS  steps that the winner is trained on in the end
#   PREFILL   prompt lengths measured, tokens; the first is the latency searched for
#   THREADS   for measuring; CHUNK tokens of a prompt are computed at once; REPEAT times each
#   BUDGET    the winner is the best model this fast, seconds; by default six tenths of BASE's time
#   PROMPT    what the winner continues
#   QUANTIZE  1: times are those of 4-bit weights, as the winner is exported; 0: of the weights as they are
#   RUNTIME   what measures instead of our own kernels: llama.cpp, executorch, onnxruntime, or a runner; fl-measure(1)
#   VIA       where: 'ssh phone', 'adb shell'; THREADS must then be given
#   MEASURE   a command that takes a checkpoint as operand and prints a table row, instead of fl-measure
#   RUN       put before the heavy commands: 'srun -c 8', 'nice'
#
# First the time of LATENCY_SAMPLES architectures is measured, half of them spread over the space, half where
# what is known of the others says least; how well a model predicts them is in $(OUT)/crossval.tsv. Then come
# trials, chosen by what the models of loss and time expect of them.
#
# Every candidate is a directory under $(OUT)/cand named by its architecture string; every file in it has
# its rule here. What has been made is not made again: kill it at any moment, run it again, and it goes
# on; with more TRIALS it does the rest; with another BASE, TEXT, PREFILL or BUDGET it does again what
# depends on that. Measuring runs alone, whatever make -j does: it takes the lock that the others share.

SHELL := bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
SELF := $(lastword $(MAKEFILE_LIST))

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
CPT_STEPS ?= 0
FINAL_STEPS ?= 0
TEACHER ?=
TRAIN ?= --rate 1e-3
PROMPT ?= Once upon a time
SEPARATOR ?= <|endoftext|>
QUANTIZE ?= 1
RUNTIME ?=
VIA ?=
MEASURE ?= fl-measure -q -j $(THREADS) --prefill $(PREFILL) --chunk $(CHUNK) --repeat $(REPEAT) \
	$(RUNTIME:%=--runtime %) $(if $(VIA),--via '$(VIA)')
export PROMPT SEPARATOR

include $(dir $(SELF))paths.mk
$(call path,BASE TEXT HELD SPACE TEACHER OUT)

comma := ,
LATENCY := ttft_$(firstword $(subst $(comma), ,$(PREFILL)))_s
STAGE_1 := $(if $(filter-out 0,$(LATENCY_SAMPLES)),$(OUT)/latency.tsv)
ALONE := flock $(OUT)/lock
BESIDE := $(RUN) flock -s $(OUT)/lock

# A line for each row of a table: the architecture and the two objectives.
say = awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
	{ printf "%-32s loss %.4f nats  %s %.4f s\n", $$1, $$at["loss_nats"], "$(LATENCY)", $$at["$(LATENCY)"] }' $1

# A table of one row, that of the architecture the target is named by.
is_row = [ $$(wc -l < $1) = 2 ] && [ "$$(sed -n '2s/\t.*//p' $1)" = $* ] || \
	{ echo "search: what was measured of '$*' is not one row of it" >&2; exit 1; }

# What is measured: a pipe's last step.
MEASURED = $(if $(filter 0,$(QUANTIZE)),cat,fl-quantize -q)

# The name of a file made in one step: it is there whole or not at all.
MAKE_IT = mv $@.tmp $@

.PHONY: all rows samples
all: $(OUT)/space $(STAGE_1:%=$(OUT)/crossval.tsv) $(OUT)/front.tsv $(OUT)/front.svg $(OUT)/front.png $(OUT)/winner.gguf $(OUT)/winner.txt
	@printf '\nThe frontier, %s:\n' '$(OUT)/front.tsv'
	@$(call say,$(OUT)/front.tsv)
	@printf '\nThe winner, %s:\n%s' "$$(cat $(OUT)/winner)" "$$PROMPT"; cat $(OUT)/winner.txt; echo

# What was asked for ---------------------------------------------------------------------------------
$(foreach t,jq gnuplot,$(if $(shell command -v $t),,$(error $t is needed and not there)))
$(if $(BASE),,$(error BASE= must name a checkpoint))
$(if $(TEXT),,$(error TEXT= must name a text file))
override TEACHER := $(if $(filter base,$(TEACHER)),$(BASE),$(TEACHER))
$(foreach v,BASE TEXT HELD SPACE TEACHER,$(if $($v),$(if $(wildcard $($v)),,$(error $v='$($v)' is not there))))
$(foreach v,TRIALS BATCH LATENCY_SAMPLES,$(if $(shell [ '$($v)' -ge $(if $(filter LATENCY_SAMPLES,$v),0,1) ] 2>&- && echo y),,$(error $v='$($v)' is no number of architectures)))
$(foreach v,REPAIR QUANTIZE,$(if $(filter 0 1,$($v)),,$(error $v='$($v)' is neither 0 nor 1)))
$(shell mkdir -p $(OUT)/cand)
ASKED := $(OUT)/asked
include $(dir $(SELF))asked.mk

$(call asked,base,$(call checkpoint,$(BASE)))
$(call asked,text,$(call identity,$(TEXT)) $(SEPARATOR))
$(call asked,held,$(if $(HELD),$(call identity,$(HELD)) $(SEPARATOR)))
$(call asked,space,$(if $(SPACE),$(call identity,$(SPACE))))
$(call asked,measure,$(MEASURE) $(QUANTIZE) $(LATENCY))
$(call asked,train,$(CPT_STEPS) $(TRAIN) $(if $(TEACHER),$(call checkpoint,$(TEACHER))))
$(call asked,repair,$(REPAIR))
$(call asked,final,$(FINAL_STEPS))
$(call asked,seed,$(SEED))
$(call asked,samples,$(LATENCY_SAMPLES))
$(call asked,trials,$(TRIALS) $(BATCH))
$(call asked,budget,$(BUDGET) $(LATENCY))
$(call asked,prompt,$(PROMPT))

# All of it once more as a makefile, so that findings.mk asks for the same.
SETTINGS := BASE TEXT HELD LATENCY_SAMPLES SPACE TRIALS BATCH SEED REPAIR CPT_STEPS TEACHER TRAIN FINAL_STEPS PREFILL THREADS CHUNK REPEAT \
	BUDGET PROMPT SEPARATOR QUANTIZE RUNTIME VIA MEASURE RUN
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
	@$(TOKENIZE) -o $@ $(HELD)
else
$(OUT)/held.tok: $(OUT)/text.tok $(OUT)/asked/held
	@tail -c +$$(( $(NINE_TENTHS) + 1 )) $< > $@.tmp
	@$(MAKE_IT)
endif

ifneq ($(REPAIR),0)
FEWEST = $$(awk '$$1 == "layers" { split($$2, n, "[.][.]"); print n[1] }' $(OUT)/space)
SUMS = --moments-of ffn --moments-of dim --moments-of layer.across $$(n=$$(( $$(fl-info --json $(BASE) | jq .layers) - $(FEWEST) )); \
	[ $$n -le 0 ] || echo --drop-layers $$n --drop-sequences 16)
# A width that stays is not turned: that gives nothing back, and trains a little worse.
MEND := --score obs --block 1 --layer-score loss --repair
TURN = fl-info --json $(BASE) | jq -r 'if .width as $$w | "$*" | startswith("d\($$w)-") then "" elif .tied then "--rotate --tie" else "--rotate" end'
endif

$(OUT)/metrics.safetensors: $(OUT)/calib.tok $(OUT)/asked/base $(OUT)/asked/repair $(if $(SUMS),$(OUT)/space)
	@export TMPDIR=$(abspath $(OUT)); $(BESIDE) fl-calibrate -t $< $(SUMS) -o $@ $(BASE)

# The space: half the width to all of it, a quarter of the FFN, five eighths of the layers -----------

define SPACE_OF_BASE
def down: . / 32 | floor * 32;
def multiples(lo; n): "\([lo | down, 32] | max)..\([down, 32] | max)/\([. / n | down, 32] | max)";
"layers   \(.layers * 5 / 8 | ceil)..\(.layers)",
"width    \(.width | multiples(. / 2; 8))",
"ffn      \(.ffn | multiples(. / 4; 8))",
"letters  f w s",
"max-run  3",
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
	@$(BESIDE) bash -o pipefail -c "fl-init -a $* $(BASE) | fl-attnpattern -a $* $(WINDOW) | $(MEASURED) \
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
		fl-suggest -q --space $(OUT)/space -s $(SEED) --batch $$n --refine --objectives loss_nats,$(LATENCY) $< > $@.tmp || [ $$? = 1 ]
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
	$(OUT)/cand/%/row.tsv

$(OUT)/cand/%/$(PRUNED): $(OUT)/metrics.safetensors $(OUT)/space $(OUT)/asked/base $(OUT)/asked/train
	@mkdir -p $(@D)
	@turn=$$($(TURN)); $(BESIDE) bash -o pipefail -c "fl-prune -m $(OUT)/metrics.safetensors -a $* $(MEND) $$turn $(BASE) \
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

$(OUT)/cand/%/latency.tsv: $(OUT)/cand/%/model.tar $(OUT)/asked/measure
	@$(BESIDE) $(MEASURED) < $< > $(@D)/measured.tar
	@$(ALONE) $(MEASURE) $(@D)/measured.tar > $@.tmp
	@rm $(@D)/measured.tar
	@$(MAKE_IT)

$(OUT)/cand/%/row.tsv: $(OUT)/cand/%/eval.tsv $(OUT)/cand/%/latency.tsv
	@join -t $$'\t' --header $^ > $@.tmp
	@$(call is_row,$@.tmp)
	@$(call say,$@.tmp)
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
	@fl-suggest -q --space $(OUT)/space -s $(SEED) --batch $3 --objectives loss_nats,$(LATENCY) \
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

PARETO = fl-pareto --objectives loss_nats,$(LATENCY)

$(OUT)/front.tsv: $(OUT)/trials.tsv
	@$(PARETO) $< > $@.tmp
	@$(MAKE_IT)

$(OUT)/front.svg $(OUT)/front.png: $(OUT)/trials.tsv
	@$(PARETO) --plot $@ $< > /dev/null

# The best within the budget; the fastest of all, which the frontier begins with, where there is none.
$(OUT)/winner: $(OUT)/trials.tsv $(OUT)/front.tsv $(OUT)/asked/budget
	@budget=$(or $(BUDGET),$$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
		{ print 0.6 * $$at["$(LATENCY)"] }' $(OUT)/cand/$$(cat $(OUT)/round/0/archs)/row.tsv)); \
	row=$$($(PARETO) --max $(LATENCY)=$$budget --best $<) || { [ $$? = 1 ] && \
		echo "search: no model within $(LATENCY) = $$budget: the fastest one is taken" >&2 && \
		row=$$(cat $(OUT)/front.tsv); }; \
	sed -n '2s/\t.*//p' <<< "$$row" > $@.tmp
	@$(MAKE_IT)

$(OUT)/chosen.tar: $(OUT)/winner
	@cp $(OUT)/cand/$$(cat $<)/model.tar $@.tmp
	@$(MAKE_IT)

$(OUT)/winner.tar: $(OUT)/chosen.tar $(OUT)/calib.tok $(OUT)/asked/final $(OUT)/asked/train
	@$(if $(filter 0,$(FINAL_STEPS)),cp $< $@.tmp && $(MAKE_IT),$(call train,$(FINAL_STEPS),\
		--curve $(OUT)/winner-curve.tsv $(TEACHER:%=--teacher %)))

$(OUT)/winner.gguf: $(OUT)/winner.tar
	@rm -f $@; fl-quantize $< > $@.tar; fl-export --to gguf -o $@ $@.tar || { [ $$? = 1 ] && echo 'search: there is no $@' >&2; }
	@rm $@.tar

$(OUT)/winner.txt: $(OUT)/winner.tar $(OUT)/asked/prompt
	@fl-generate -q -n 64 -p "$$PROMPT" $< > $@.tmp
	@$(MAKE_IT)
