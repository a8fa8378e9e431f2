# SPDX-License-Identifier: Apache-2.0
# search.mk -- from one checkpoint and one text to the frontier of smaller models on this machine.
#
#   make -f search.mk BASE=dir TEXT=file [OUT=run] [TRIALS=24] ...
#
#   BASE      the checkpoint: a directory, a tar or a tar.zst
#   TEXT      what it is calibrated on; documents separated by SEPARATOR
#   HELD      what it is judged on; by default the last tenth of TEXT, which calibration does not see
#   SPACE     a space file, fl-space(5); by default one derived from BASE
#   TRIALS    how many architectures beside BASE; BATCH at a time; SEED makes them others
#   PREFILL   prompt lengths measured, tokens; the first is the latency searched for
#   THREADS   for measuring; CHUNK tokens of a prompt are computed at once; REPEAT times each
#   BUDGET    the winner is the best model this fast, seconds; by default six tenths of BASE's time
#   PROMPT    what the winner continues
#   MEASURE   a command that takes a checkpoint as operand and prints a table row, instead of fl-measure
#   RUN       put before the heavy commands: 'srun -c 8', 'nice'
#
# Every candidate is a directory under $(OUT)/cand named by its architecture string; every file in it has
# its rule here. What has been made is not made again: kill it at any moment, run it again, and it goes
# on; with a changed TEXT or PREFILL it rebuilds what depends on them. Measuring runs alone, whatever
# make -j does: it takes the lock that the other rules share.

SHELL := bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
SELF := $(lastword $(MAKEFILE_LIST))

OUT ?= run
TRIALS ?= 24
BATCH ?= 8
SEED ?= 0
PREFILL ?= 1024,2048
THREADS ?= $(shell nproc)
CHUNK ?= 1024
REPEAT ?= 3
PROMPT ?= Once upon a time
SEPARATOR ?= <|endoftext|>
MEASURE ?= fl-measure -q -j $(THREADS) --prefill $(PREFILL) --chunk $(CHUNK) --repeat $(REPEAT)

comma := ,
LATENCY := ttft_$(firstword $(subst $(comma), ,$(PREFILL)))_s
ALONE := flock $(OUT)/lock
BESIDE := $(RUN) flock -s $(OUT)/lock

# A line for each row of a table: the architecture and the two objectives.
say = awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
	{ printf "%-32s loss %.4f nats  %s %.4f s\n", $$1, $$at["loss_nats"], "$(LATENCY)", $$at["$(LATENCY)"] }' $1

# The name of a file made in one step: it is there whole or not at all.
MAKE_IT = mv $@.tmp $@

.PHONY: all rows
all: $(OUT)/front.tsv $(OUT)/front.svg $(OUT)/front.png $(OUT)/winner.gguf $(OUT)/winner.txt
	@printf '\nThe frontier, %s:\n' '$(OUT)/front.tsv'
	@$(call say,$(OUT)/front.tsv)
	@printf '\nThe winner, %s:\n%s%s\n' "$$(cat $(OUT)/winner)" '$(PROMPT)' "$$(cat $(OUT)/winner.txt)"

ifndef MAKE_RESTARTS
$(if $(BASE),,$(error BASE= must name a checkpoint))
$(if $(TEXT)$(wildcard $(OUT)/calib.tok),,$(error TEXT= must name a text file))
$(shell mkdir -p $(OUT)/cand)
# What the results depend on beside files. Rewritten only when it changes.
$(shell printf '%s\n' 'BASE=$(BASE)' 'MEASURE=$(MEASURE)' 'SEED=$(SEED)' 'HELD=$(HELD)' > $(OUT)/settings.new; \
	cmp -s $(OUT)/settings.new $(OUT)/settings && rm $(OUT)/settings.new || mv $(OUT)/settings.new $(OUT)/settings)
endif

BASE_FILES := $(if $(wildcard $(BASE)/.),$(wildcard $(BASE)/*),$(BASE))

# The text as tokens ------------------------------------------------------------------------------

TOKENIZE = fl-tokenize -c $(BASE) --separator '$(SEPARATOR)'

$(OUT)/text.tok: $(TEXT) $(BASE_FILES)
	@$(TOKENIZE) -o $@ $(TEXT)

ifdef HELD
$(OUT)/calib.tok: $(OUT)/text.tok
	@cp $< $@.tmp; $(MAKE_IT)

$(OUT)/held.tok: $(HELD) $(BASE_FILES) $(OUT)/settings
	@$(TOKENIZE) -o $@ $(HELD)
else
# Four bytes a token: nine tenths of them, and the rest.
NINE_TENTHS = $$(( $$(stat -Lc %s $<) / 40 * 36 ))

$(OUT)/calib.tok: $(OUT)/text.tok
	@head -c $(NINE_TENTHS) $< > $@.tmp; $(MAKE_IT)

$(OUT)/held.tok: $(OUT)/text.tok $(OUT)/settings
	@tail -c +$$(( $(NINE_TENTHS) + 1 )) $< > $@.tmp; $(MAKE_IT)
endif

$(OUT)/metrics.safetensors: $(OUT)/calib.tok $(BASE_FILES)
	@$(BESIDE) fl-calibrate -t $< -o $@ $(BASE)

# The space: half the width to all of it, a quarter of the FFN, five eighths of the layers -----------

ifdef SPACE
$(OUT)/space: $(SPACE)
	@cp $< $@.tmp; $(MAKE_IT)
else
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

$(OUT)/space: $(BASE_FILES)
	@fl-info --json $(BASE) | jq -r "$$SPACE_OF_BASE" > $@.tmp
	@$(MAKE_IT)
endif

WINDOW = $$(awk '$$1 == "window" { print $$2 }' $(OUT)/space)

# One candidate -------------------------------------------------------------------------------------

$(OUT)/cand/%/model.tar: $(OUT)/metrics.safetensors $(OUT)/space $(BASE_FILES)
	@mkdir -p $(@D)
	@$(BESIDE) bash -o pipefail -c "fl-prune -m $(OUT)/metrics.safetensors -a $* $(BASE) \
		| fl-attnpattern -a $* --window $(WINDOW) > $@.tmp"
	@$(MAKE_IT)

$(OUT)/cand/%/eval.tsv: $(OUT)/cand/%/model.tar $(OUT)/held.tok
	@$(BESIDE) fl-eval -t $(OUT)/held.tok $< > $@.tmp
	@$(MAKE_IT)

$(OUT)/cand/%/latency.tsv: $(OUT)/cand/%/model.tar $(OUT)/settings
	@$(ALONE) $(MEASURE) $< > $@.tmp
	@$(MAKE_IT)

$(OUT)/cand/%/row.tsv: $(OUT)/cand/%/eval.tsv $(OUT)/cand/%/latency.tsv
	@join -t $$'\t' --header $^ > $@.tmp
	@$(call say,$@.tmp)
	@$(MAKE_IT)

# Rounds: BASE itself, then BATCH architectures at a time -------------------------------------------

rows: $(ARCHS:%=$(OUT)/cand/%/row.tsv)

ROUNDS := $(shell seq $$(( ($(TRIALS) + $(BATCH) - 1) / $(BATCH) )))
DATA := $(OUT)/metrics.safetensors $(OUT)/held.tok $(OUT)/space $(OUT)/settings

$(OUT)/round/0/archs: $(BASE_FILES)
	@mkdir -p $(@D)
	@fl-info --json $(BASE) | jq -r .arch > $@.tmp
	@$(MAKE_IT)

# A space with fewer architectures than asked for is no failure: status 1 says that it is exhausted.
define round
$(OUT)/round/$1/archs: $(OUT)/round/$2/trials.tsv $(OUT)/space
	@mkdir -p $$(@D)
	@fl-suggest --space $(OUT)/space -s $(SEED) --count $3 $$< > $$@.tmp || [ $$$$? = 1 ]
	@mv $$@.tmp $$@
endef
$(foreach n,$(ROUNDS),$(eval $(call round,$n,$(shell echo $$(( $n - 1 ))),$(shell \
	left=$$(( $(TRIALS) - ($n - 1) * $(BATCH) )); echo $$(( left < $(BATCH) ? left : $(BATCH) ))))))

$(OUT)/round/%/trials.tsv: $(OUT)/round/%/archs $(DATA)
	@+$(MAKE) --no-print-directory -f $(SELF) rows ARCHS="$$(tr '\n' ' ' < $<)"
	@cd $(OUT); before=$$(( $* - 1 )); { \
		head -qn 1 $$(sed -n 's:.*:cand/&/row.tsv:p' round/0/archs); \
		{ tail -qn +2 $$(sed 's:.*:cand/&/row.tsv:' round/$*/archs) /dev/null; \
		  [ $* = 0 ] || tail -qn +2 round/$$before/trials.tsv; } | LC_ALL=C sort; } > round/$*/trials.tsv.tmp
	@$(MAKE_IT)

$(OUT)/trials.tsv: $(OUT)/round/$(lastword 0 $(ROUNDS))/trials.tsv
	@cp $< $@.tmp; $(MAKE_IT)

# What comes of it ----------------------------------------------------------------------------------

PARETO = fl-pareto --objectives loss_nats,$(LATENCY)

$(OUT)/front.tsv: $(OUT)/trials.tsv
	@$(PARETO) $< > $@.tmp
	@$(MAKE_IT)

$(OUT)/front.svg $(OUT)/front.png: $(OUT)/trials.tsv
	@$(PARETO) --plot $@ $< > /dev/null

$(OUT)/winner: $(OUT)/trials.tsv
	@budget=$(or $(BUDGET),$$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
		NR == FNR { print 0.6 * $$at["$(LATENCY)"] }' $(OUT)/cand/$$(cat $(OUT)/round/0/archs)/row.tsv)); \
	$(PARETO) --max $(LATENCY)=$$budget --best $< | sed -n '2s/\t.*//p' > $@.tmp
	@$(MAKE_IT)

$(OUT)/winner.gguf: $(OUT)/winner
	@fl-quantize $(OUT)/cand/$$(cat $<)/model.tar | fl-export --to gguf -o $@

$(OUT)/winner.txt: $(OUT)/winner
	@fl-generate -q -n 64 -p '$(PROMPT)' $(OUT)/cand/$$(cat $<)/model.tar > $@.tmp
	@$(MAKE_IT)
