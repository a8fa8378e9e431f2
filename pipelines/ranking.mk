# SPDX-License-Identifier: Apache-2.0
# ranking.mk -- the paper's two claims about training candidates for a moment only, at small scale.
#
#   make -f ranking.mk [OUT=build/ranking] [N=25] [CANDIDATES=20] [BASE= TEXT= HELD=]
#
#   (a) the ranking of candidates settles early: tau-b of their losses after N steps with those after 2N, 4N, 8N
#   (b) candidates that inherit weights rank as the same architectures trained from random weights, and are better:
#       tau-b between the two, and the gap of their losses
#
# The backbone, 1.2 million weights, and its stories are the demo's unless BASE, TEXT and HELD name others.
# Every run has a constant rate, so that its loss after N steps is that of a run of N steps. Leaves ranking.tsv, one
# candidate a row, and ranking.svg and .png.

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
include $(HERE)common.mk

OUT ?= build/ranking
DEMO ?= build/demo
N ?= 25
CANDIDATES ?= 20
SEED ?= 1
SCRATCH_STEPS ?= $(shell echo $$(( 8 * $(N) )))
TRAIN ?= --batch 16 --rate 1e-3 --floor 1 --warmup 5
BASE ?= $(DEMO)/backbone.tar
TEXT ?= $(DEMO)/stories.txt
HELD ?= $(DEMO)/held.txt
$(call path,OUT DEMO BASE TEXT HELD)
tau = $$(fl-predict --agree $1,$2 $(OUT)/ranking.tsv | awk -F '\t' 'NR == 2 { printf "%.3f +- %.3f", $$3, $$4 }')

.PHONY: all
all: $(OUT)/ranking.svg $(OUT)/ranking.png
	@echo
	@echo "(a) tau-b between losses after N = $(N) steps and later, $(CANDIDATES) candidates:"
	@for k in 2 4 8; do printf '    with %3d steps   %s\n' $$(( k * $(N) )) "$(call tau,after_N_nats,after_$${k}N_nats)"; done
	@echo '    paper: the ranking settles early in 2.6 billion tokens'
	@echo
	@echo "(b) tau-b between inherited weights and random ones, the latter after $(SCRATCH_STEPS) steps:"
	@for k in '' 8; do printf '    inherited, %3d steps   %s\n' $$(( $${k:-1} * $(N) )) "$(call tau,after_$${k}N_nats,scratch_nats)"; done
	@echo '    paper: 0.74 over 20 architectures'
	@awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
		{ d = $$at["scratch_nats"] - $$at["after_8N_nats"]; s += d; ss += d * d; n++ } \
		END { m = s / n; printf "    random weights are %.3f +- %.3f nats behind after the same steps\n", m, sqrt((ss / n - m * m) / (n - 1)) }' \
		$(OUT)/ranking.tsv
	@echo; ls $(OUT)/ranking.tsv $(OUT)/ranking.svg $(OUT)/ranking.png

ifeq ($(BASE),$(DEMO)/backbone.tar)
$(BASE) $(TEXT) $(HELD) &:
	@+$(MAKE) --no-print-directory -f $(HERE)demo.mk OUT=$(DEMO) $(DEMO)/backbone.tar $(DEMO)/held.txt
endif

# Tokens, metrics and the space are the search's.
PREPARED := $(OUT)/calib.tok $(OUT)/held.tok $(OUT)/metrics.safetensors $(OUT)/space
$(PREPARED) &: $(BASE) $(TEXT) $(HELD)
	@+$(MAKE) --no-print-directory -f $(HERE)search.mk REPAIR=0 BASE=$(BASE) TEXT=$(TEXT) HELD=$(HELD) OUT=$(OUT) $(PREPARED)

$(OUT)/config.json: $(BASE)
	@mkdir -p $(OUT)
	@if [ -d $(BASE) ]; then cat $(BASE)/config.json; else tar xOf $(BASE) config.json; fi > $@.tmp
	@$(MAKE_IT)

$(OUT)/archs: $(OUT)/space
	@fl-suggest -q --space $< -s $(SEED) --batch $(CANDIDATES) > $@.tmp
	@$(MAKE_IT)

# A curve of held-out losses: of inherited weights, and of random ones.
.PRECIOUS: $(OUT)/inherited/%.tsv $(OUT)/scratch/%.tsv

$(OUT)/inherited/%.tsv: $(OUT)/metrics.safetensors $(OUT)/held.tok $(OUT)/archs
	@mkdir -p $(@D)
	@window=$$(awk '$$1 == "window" { print $$2 }' $(OUT)/space); \
	fl-prune --paper -m $< -a $* $(BASE) | fl-attnpattern -a $* --window $$window | \
		fl-train -t $(OUT)/calib.tok --steps $$(( 8 * $(N) )) $(TRAIN) --held $(OUT)/held.tok --held-every $(N) \
			--curve $@ > /dev/null

$(OUT)/scratch/%.tsv: $(OUT)/config.json $(OUT)/calib.tok $(OUT)/held.tok $(OUT)/archs
	@mkdir -p $(@D)
	@fl-init -s $(SEED) -a $* $< | \
		fl-train -t $(OUT)/calib.tok --steps $(SCRATCH_STEPS) $(TRAIN) --held $(OUT)/held.tok --curve $@ > /dev/null

held = awk -F '\t' -v step=$2 '$$1 == step { print $$6 }' $1

$(OUT)/row/%.tsv: $(OUT)/inherited/%.tsv $(OUT)/scratch/%.tsv
	@mkdir -p $(@D)
	@printf '%s\t%s\t%s\t%s\t%s\t%s\n' $* $$($(call held,$<,$(N))) $$($(call held,$<,$$(( 2 * $(N) )))) \
		$$($(call held,$<,$$(( 4 * $(N) )))) $$($(call held,$<,$$(( 8 * $(N) )))) \
		$$($(call held,$(word 2,$^),$(SCRATCH_STEPS))) | tee $@.tmp
	@$(MAKE_IT)

rows: $(ARCHS:%=$(OUT)/row/%.tsv)

$(OUT)/ranking.tsv: $(OUT)/archs $(OUT)/metrics.safetensors $(OUT)/held.tok $(OUT)/config.json
	@+$(MAKE) --no-print-directory -f $(firstword $(MAKEFILE_LIST)) rows ARCHS="$$(tr '\n' ' ' < $<)"
	@{ printf 'arch\tafter_N_nats\tafter_2N_nats\tafter_4N_nats\tafter_8N_nats\tscratch_nats\n'; \
		sed 's:.*:$(OUT)/row/&.tsv:' $< | xargs cat; } > $@.tmp
	@$(MAKE_IT)

# Left: losses as training goes on, one line a candidate; right: inherited against random weights.
$(OUT)/ranking.svg $(OUT)/ranking.png: $(OUT)/ranking.tsv
	@{ echo "set term $(if $(filter %.svg,$@),svg size 1000$(,)420 background 'white',pngcairo size 1000$(,)420)"; \
	echo "set output '$@.tmp'; set multiplot layout 1,2; set tics out nomirror; set border 3; unset key"; \
	echo "set xlabel 'steps'; set ylabel 'held-out loss, nats a token'; set logscale x 2"; \
	echo "set xrange [$(N)*0.9:$(N)*8.9]; set xtics ($(N),$$((2*$(N))),$$((4*$(N))),$$((8*$(N))))"; \
	echo 'plot for [i=1:$(CANDIDATES)] "-" using 1:2 with linespoints pt 7 ps 0.4 lc rgb "#4477aa"'; \
	awk -F '\t' 'NR > 1 { for (k = 0; k < 4; k++) print $(N) * 2 ^ k, $$(2 + k); print "e" }' $<; \
	echo "unset logscale; set autoscale x; set xtics auto; set xlabel 'inherited, after 8N steps'; set ylabel 'random weights'"; \
	echo 'plot "$<" using 5:6 every ::1 with points pt 7 ps 0.7 lc rgb "#aa3377"'; } | gnuplot
	@$(MAKE_IT)

, := ,
