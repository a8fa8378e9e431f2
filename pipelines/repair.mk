# SPDX-License-Identifier: Apache-2.0
# repair.mk -- what closed forms give back of what cuts cost, before any training.
#
#   make -f repair.mk BASE=checkpoint CALIB='a.txt b.txt' HELD='c.txt d.txt' [OUT=repair] [TABLE...]
#
#   BASE       the checkpoint: a directory, a tar or a tar.zst
#   CALIB      texts it is calibrated and trained on, documents separated by SEPARATOR; all together, where a table does
#              not say one
#   HELD       texts it is judged on, which calibration does not see; training is judged on the first
#   SEQUENCES  calibration takes so many sequences of CONTEXT tokens of each text, and DROP of all these to find which
#              layers and attentions are missed least
#   JUDGED     sequences of each text that a loss is of
#   GRAIN      sizes are multiples of it, and the paper's operator takes blocks of it
#   STEPS      of training after a cut, with options TRAIN, judged every EVERY
#   CANDIDATES how many architectures are ranked, before training and after RANK_STEPS
#
# A table is what a script in repair/ of its name prints, kept in OUT/TABLE.tsv, and printed again when a setting that it
# depends on has changed. By default all:
#
#   cuts    loss after a cut by the paper's operator, by each repair and by all, and the part of what was lost that is
#           given back
#   order   all three cuts at once, in one run and one after the other, calibrated between them, in every order
#   text    how that depends on the text and on how much of it was seen
#   int4    loss after rounding to 4 bits, by each method, also after a rotation
#   train   how many steps of training the paper's operator needs to come to where the repaired model begins
#   rank    how alike losses before and after training rank architectures, with and without repair

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
include $(HERE)common.mk

OUT ?= repair
$(call path,OUT BASE)
$(call paths,CALIB HELD)
SEQUENCES ?= 100
DROP ?= 32
CONTEXT ?= 256
JUDGED ?= 100
GRAIN ?= 32
STEPS ?= 200
EVERY ?= 5
TRAIN ?= --batch 8 --rate 1e-3
CANDIDATES ?= 20
RANK_STEPS ?= 50
SEED ?= 1
SEPARATOR ?= <|endoftext|>
export OUT BASE SEQUENCES DROP CONTEXT GRAIN STEPS EVERY TRAIN CANDIDATES RANK_STEPS SEED

$(foreach v,BASE CALIB HELD,$(if $($v),,$(error $v= must be given, as repair.mk says at its beginning)))
$(foreach v,BASE $(CALIB) $(HELD),$(if $(wildcard $(or $($v),$v)),,$(error '$(or $($v),$v)' is not there)))
stems = $(basename $(notdir $1))
$(foreach v,CALIB HELD,$(if $(filter-out $(words $(sort $(call stems,$($v)))),$(words $($v))),$(error $v='$($v)' has two texts of one name)))
$(shell mkdir -p $(OUT)/calib $(OUT)/held)
TABLES := cuts order text int4 train rank

.PHONY: all $(TABLES)
all: $(TABLES)
$(TABLES): %: $(OUT)/%.tsv
	@echo; cat $<

# What each result depends on.
ASKED := $(OUT)/asked
include $(HERE)asked.mk
$(call asked,base,$(call checkpoint,$(BASE)))
$(call asked,calib,$(CALIB) $(call identity,$(CALIB)) $(SEPARATOR))
$(call asked,held,$(HELD) $(call identity,$(HELD)) $(SEPARATOR) $(CONTEXT) $(JUDGED))
$(call asked,metrics,$(SEQUENCES) $(CONTEXT) $(DROP))
$(call asked,grain,$(GRAIN))
$(call asked,train,$(STEPS) $(EVERY) $(TRAIN))
$(call asked,rank,$(CANDIDATES) $(RANK_STEPS) $(TRAIN) $(SEED))

# Tokens, of texts that are judged on the first ones.
token_files = $(patsubst %,$(OUT)/$1/%.tok,$(call stems,$2))
CALIB_TOKENS := $(call token_files,calib,$(CALIB))
HELD_TOKENS := $(call token_files,held,$(HELD))
define tokens
$(call token_files,$1,$2): $(OUT)/asked/$1 $(OUT)/asked/base
	@fl-tokenize -q -c $(BASE) --separator '$(SEPARATOR)' -o $$@.all $2
	@head -c $$$$(( $3 )) $$@.all > $$@.tmp
	@rm $$@.all; sync $$@.tmp; mv $$@.tmp $$@
endef
$(foreach t,$(CALIB),$(eval $(call tokens,calib,$t,1 << 40)))
$(foreach t,$(HELD),$(eval $(call tokens,held,$t,4 * $(CONTEXT) * $(JUDGED))))

$(OUT)/metrics: $(HERE)repair/metrics.sh $(HERE)repair/common.sh $(CALIB_TOKENS) $(OUT)/asked/metrics
	@CALIB='$(CALIB_TOKENS)' $< $@.tmp
	@$(MAKE_IT)

$(TABLES:%=$(OUT)/%.tsv): $(OUT)/%.tsv: $(HERE)repair/%.sh $(HERE)repair/common.sh $(OUT)/metrics $(HELD_TOKENS) $(OUT)/asked/grain
	@CALIB='$(CALIB_TOKENS)' HELD='$(HELD_TOKENS)' $< > $@.tmp
	@$(MAKE_IT)
$(OUT)/train.tsv: $(OUT)/asked/train
$(OUT)/rank.tsv: $(OUT)/asked/rank
