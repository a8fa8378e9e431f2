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
#   STEPS      of training after a cut, with options TRAIN, judged every EVERY
#   CANDIDATES how many architectures are ranked, before training and after RANK_STEPS
#
# A table is what a script in repair/ of its name prints, kept in OUT/TABLE.tsv. By default all:
#
#   cuts    loss after a cut by the paper's operator, by each repair and by all, and the part of what was lost that is
#           given back
#   order   all three cuts at once, in one run and one after the other, calibrated between them, in every order
#   text    how that depends on the text and on how much of it was seen
#   int4    loss after rounding to 4 bits, by each method
#   train   how many steps of training the paper's operator needs to come to where the repaired model begins
#   rank    how alike losses before and after training rank architectures, with and without repair

SHELL := bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
HERE := $(dir $(lastword $(MAKEFILE_LIST)))

OUT ?= repair
SEQUENCES ?= 100
DROP ?= 32
CONTEXT ?= 256
JUDGED ?= 100
STEPS ?= 200
EVERY ?= 5
TRAIN ?= --batch 8 --rate 1e-3
CANDIDATES ?= 20
RANK_STEPS ?= 50
SEED ?= 1
SEPARATOR ?= <|endoftext|>
export OUT BASE SEQUENCES DROP CONTEXT STEPS EVERY TRAIN CANDIDATES RANK_STEPS SEED

$(foreach v,BASE CALIB HELD,$(if $($v),,$(error $v= must be given, as repair.mk says at its beginning)))
$(foreach v,BASE $(CALIB) $(HELD),$(if $(wildcard $(or $($v),$v)),,$(error '$(or $($v),$v)' is not there)))
$(shell mkdir -p $(OUT)/calib $(OUT)/held)
TABLES := cuts order text int4 train rank

.PHONY: all $(TABLES)
all: $(TABLES)
$(TABLES): %: $(OUT)/%.tsv
	@echo; cat $<

# Tokens, of texts that are judged on the first ones.
token_files = $(foreach t,$2,$(OUT)/$1/$(basename $(notdir $t)).tok)
define tokens
$(call token_files,$1,$2): $2 $(BASE)
	@fl-tokenize -q -c $(BASE) --separator '$(SEPARATOR)' -o $$@.all $2
	@head -c $$$$(( $3 )) $$@.all > $$@.tmp
	@rm $$@.all; mv $$@.tmp $$@
endef
$(foreach t,$(CALIB),$(eval $(call tokens,calib,$t,1 << 40)))
$(foreach t,$(HELD),$(eval $(call tokens,held,$t,4 * $(CONTEXT) * $(JUDGED))))

$(TABLES:%=$(OUT)/%.tsv): $(OUT)/%.tsv: $(HERE)repair/%.sh $(HERE)repair/common.sh $(call token_files,calib,$(CALIB)) $(call token_files,held,$(HELD))
	@CALIB='$(call token_files,calib,$(CALIB))' HELD='$(call token_files,held,$(HELD))' $< > $@.tmp
	@mv $@.tmp $@
