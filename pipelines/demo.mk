# SPDX-License-Identifier: Apache-2.0
# demo.mk -- the whole job with nothing downloaded: a corpus, a tokenizer, a backbone, the search, a winner.
#
#   make -f demo.mk [OUT=build/demo] [STEPS=400] ...
#
#   STORIES   little stories to write (demo/stories.awk); HELD_STORIES others to judge by
#   STEPS     steps of pretraining of the backbone
#   TRIALS, CPT_STEPS, FINAL_STEPS and all else as in search.mk, which does the search in $(OUT)/search; some have other
#             defaults here, as is said below
#
# The stories are generated because no text is on every Debian machine whose errors a reader sees at once, and
# that a model of a million weights learns in a minute. Everything is left in $(OUT); a second run does nothing.

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
include $(HERE)common.mk

OUT ?= build/demo
$(call path,OUT)
STORIES ?= 20000
HELD_STORIES ?= 300
STEPS ?= 400
BATCH_SIZE := 16

# Of the search.
export TRIALS ?= 16
export BATCH ?= 4
export CPT_STEPS ?= 20
export FINAL_STEPS ?= 200
export PREFILL ?= 1024
export TEACHER ?= base
export TRAIN ?= --batch $(BATCH_SIZE) --rate 2e-3
export PROMPT ?= Once upon a time, there was a

say = @printf '\n$1\n'

.PHONY: all
all: $(OUT)/backbone.tar $(OUT)/held.txt
	$(call say,4. The search: candidates inherit weights$(,) $(if $(filter 0,$(REPAIR)),,are mended$(,) )learn from the backbone for a moment$(,) and are judged.)
	@+$(MAKE) --no-print-directory -f $(HERE)search.mk BASE=$(OUT)/backbone.tar TEXT=$(OUT)/stories.txt \
		HELD=$(OUT)/held.txt OUT=$(OUT)/search
	@ls -sh $(OUT)/backbone.tar $(OUT)/search/winner.gguf $(OUT)/search/front.png

, := ,

# What each file depends on.
ASKED := $(OUT)/asked
include $(HERE)asked.mk
$(call asked,stories,$(STORIES) $(call identity,$(HERE)demo/stories.awk))
$(call asked,held,$(HELD_STORIES) $(call identity,$(HERE)demo/stories.awk))
$(call asked,backbone,$(STEPS) $(BATCH_SIZE))

$(OUT)/stories.txt: $(ASKED)/stories
	$(call say,1. $(STORIES) little stories.)
	@mkdir -p $(OUT)
	@awk -v n=$(STORIES) -v seed=1 -f $(HERE)demo/stories.awk > $@.tmp
	@head -n 1 $@.tmp
	@$(MAKE_IT)

$(OUT)/held.txt: $(ASKED)/held
	@mkdir -p $(OUT)
	@awk -v n=$(HELD_STORIES) -v seed=2 -f $(HERE)demo/stories.awk > $@.tmp
	@$(MAKE_IT)

# A sentencepiece tokenizer of 512 tokens, and a random model of the paper's kind: QK-norm, grouped queries.
$(OUT)/random/model.safetensors: $(OUT)/stories.txt $(HERE)demo/config.json $(HERE)demo/tokenizer_config.json
	$(call say,2. A tokenizer$(,) trained on them.)
	@rm -rf $(@D) $(@D).tmp
	@fl-init -o $(@D).tmp/ $(HERE)demo/config.json
	@grep -v '^<|endoftext|>$$' $< > $(OUT)/stories.lines
	@spm_train --input=$(OUT)/stories.lines --model_prefix=$(OUT)/tokenizer --vocab_size=512 --model_type=bpe \
		--byte_fallback=true --normalization_rule_name=identity --remove_extra_whitespaces=false \
		--num_threads=1 --minloglevel=2
	@rm $(OUT)/stories.lines
	@cp $(OUT)/tokenizer.model $(HERE)demo/tokenizer_config.json $(@D).tmp
	@head -n 1 $< | fl-tokenize -c $(@D).tmp | wc -c | awk '{ print "the first story is " $$1 / 4 " tokens" }'
	@sync $(@D).tmp/*; mv $(@D).tmp $(@D)

$(OUT)/stories.tok $(OUT)/held.tok: %.tok: %.txt $(OUT)/random/model.safetensors
	@fl-tokenize -c $(OUT)/random --separator '<|endoftext|>' -o $@ $<

$(OUT)/backbone.tar: $(OUT)/random/model.safetensors $(OUT)/stories.tok $(OUT)/held.tok $(ASKED)/backbone
	$(call say,3. A backbone$(,) trained from random weights: 6 layers$(,) 1.2 million weights$(,) $(STEPS) steps.)
	@for x in $^; do [ $(OUT)/backbone.state -nt $$x ] || rm -f $(OUT)/backbone.state; done
	@fl-train -t $(OUT)/stories.tok --batch $(BATCH_SIZE) --steps $(STEPS) --rate 3e-3 --held $(OUT)/held.tok \
		--state $(OUT)/backbone.state --curve $(OUT)/backbone-curve.tsv -o $@ $(OUT)/random
	@rm -f $(OUT)/backbone.state
	@awk -F '\t' 'NR > 1 && (NR == 2 || $$6 != "") { printf "step %d: loss %.3f nats a token\n", $$1, $$6 != "" ? $$6 : $$3 }' \
		$(OUT)/backbone-curve.tsv
