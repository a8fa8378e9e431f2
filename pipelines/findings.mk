# SPDX-License-Identifier: Apache-2.0
# findings.mk -- what the paper found, looked for in a search's own tables.
#
#   make -f findings.mk [OUT=run] [LENGTHS='1024 2048'] ...
#
#   OUT       the directory of a search, search.mk, that has left trials.tsv there, and perhaps latency.tsv
#   LENGTHS   tokens of the prompts, and in the cache, that latencies are compared at
#   DECODE    decode rates are measured of so many of the architectures in the tables, if these have none
#   RUNS      long runs of layers without attention are tried at so many places of BASE
#   CHUNKS    chunks that a prompt of the last of LENGTHS is computed in
#
# A number is printed beside the paper's, and agrees if it is within two standard errors of it; a difference agrees if
# it lies on the paper's side of zero by two standard errors. What the tables cannot hold is measured as the search
# measured, with its settings and on its BASE, and kept: decode rates; runs longer than the space allows, against
# shorter ones of as many layers; chunks. Where the settings are not known, or latencies came from another device, it is
# not measured; what no table has is said by name. Leaves findings/findings.tsv, .svg and .png.
#
# Killed and run again, it continues, as search.mk does. Measuring takes the same lock.

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
include $(HERE)common.mk

OUT ?= run
$(call path,OUT)
LENGTHS ?= 1024 2048
DECODE ?= 32
RUNS ?= 4
CHUNKS ?= 128 256 512 1024 2048
DIR := $(OUT)/findings
$(if $(wildcard $(OUT)/trials.tsv),,$(error there is no $(OUT)/trials.tsv: OUT= must name the directory of a search))
$(shell mkdir -p $(DIR)/decode $(DIR)/chunk)
-include $(OUT)/asked/settings.mk

ASKED := $(DIR)/asked
include $(HERE)asked.mk
$(call asked,lengths,$(LENGTHS))
$(call asked,decode,$(DECODE))
$(call asked,runs,$(RUNS))
$(call asked,chunks,$(CHUNKS))

TABLE := $(firstword $(wildcard $(OUT)/latency.tsv) $(OUT)/trials.tsv)
OURS := $(if $(RUNTIME),,$(filter fl-measure,$(firstword $(MEASURE))))
ALONE := flock $(OUT)/lock
comma := ,
commas = $(subst $() ,$(comma),$(strip $1))

# Tables that are there without settings are taken as they are.
MEASURED := $(if $(OURS),decode chunk) $(if $(BASE),runs)
TABLES := $(foreach t,decode runs chunk,$(if $(filter $t,$(MEASURED)),$(DIR)/$t.tsv,$(wildcard $(DIR)/$t.tsv)))

.PHONY: all
all: $(DIR)/findings.tsv $(DIR)/findings.svg $(DIR)/findings.png
	@awk -F '\t' '{ printf "%-58s %9s %9s %4s  %-6s  %s\n", $$1, $$2, $$3, $$4, $$5, $$6 }' $<
	@echo; awk -F '\t' '{ for (i = 1; i <= NF; i++) printf "%-15s%s", $$i, i < NF ? "" : "\n" }' $(DIR)/layers.tsv
	@echo; ls $^

$(DIR)/findings.tsv: $(TABLE) $(DIR)/shape.tsv $(DIR)/layers.tsv $(TABLES) $(DIR)/asked/lengths $(HERE)findings/report.sh
	@LENGTHS='$(LENGTHS)' $(HERE)findings/report.sh $(DIR) $(TABLE) > $@.tmp
	@$(MAKE_IT)

$(DIR)/findings.svg $(DIR)/findings.png: $(DIR)/findings.tsv $(HERE)findings/plot.gp
	@gnuplot -e "dir='$(DIR)'; table='$(TABLE)'; out='$@.tmp'; n='$(firstword $(LENGTHS))'; \
		last='$(lastword $(LENGTHS))'; png=$(if $(filter %.png,$@),1,0)" $(HERE)findings/plot.gp
	@$(MAKE_IT)

# The frontier and its layers --------------------------------------------------------------------------

# What each trial is made of, whether it is on the frontier, and its two objectives.
$(DIR)/shape.tsv: $(OUT)/trials.tsv
	@fl-pareto $< | cut -f 1 > $@.front
	@awk -F '\t' -v OFS='\t' ' \
		NR == FNR { front[$$1] = 1; next } \
		FNR == 1 { for (i = NF; i; i--) { if ($$i == "loss_nats") y = i; if ($$i ~ /^ttft_[0-9]+_s$$/) x = i }; \
			print "arch", "layers", "width", "width_a_layer", "full", "window", "skip", "front", $$y, $$x; next } \
		{ split($$1, part, "-"); p = part[3]; l = length(p); width = substr(part[1], 2); \
			print $$1, l, width, width / l, gsub("f", "", p) / l, gsub("w", "", p) / l, gsub("s", "", p) / l, \
				$$1 in front ? 1 : 0, $$y, $$x }' $@.front $< > $@.tmp
	@rm $@.front
	@$(MAKE_IT)

# How many of each number of layers, of all and on the frontier, and what they are there.
$(DIR)/layers.tsv: $(DIR)/shape.tsv
	@awk -F '\t' -v OFS='\t' ' \
		NR == 1 { print "layers", "trials", "on_frontier", "fastest_s", "slowest_s", "mean_width"; next } \
		{ all[$$2]++ } \
		$$8 { t = $$10 + 0; if (!n[$$2]++ || t < lo[$$2]) lo[$$2] = t; if (t > hi[$$2]) hi[$$2] = t; w[$$2] += $$3 } \
		END { for (l in all) print l, all[l], n[l] + 0, n[l] ? lo[l] : "", n[l] ? hi[l] : "", \
			n[l] ? w[l] / n[l] : "" }' $< | sort -n > $@.tmp
	@$(MAKE_IT)

# Decode rates of architectures evenly spread over the table --------------------------------------------

ifneq ($(OURS),)
DECODE_ARCHS := $(shell awk -v n='$(DECODE)' 'NR > 1 { a[NR - 1] = $$1 } \
	END { N = NR - 1; n = n < N ? n : N; for (i = 0; i < n; i++) print a[int(i * N / n) + 1] }' $(TABLE))
missing := $(filter-out $(shell head -n 1 $(TABLE)),$(LENGTHS:%=decode_%_tok_s))

# Windows are those of BASE's configuration, or 256.
DEPENDS := $(OUT)/asked/base $(OUT)/asked/measure $(DIR)/asked/lengths
measure = $(ALONE) fl-measure -q -j $(THREADS) --repeat $(REPEAT) -c $(BASE) $(if $(filter 0,$(QUANTIZE)),,--quantize) $1 > $@.tmp

.PRECIOUS: $(DIR)/decode/%.tsv $(DIR)/chunk/%.tsv
$(DIR)/decode/%.tsv: $(DEPENDS)
	@$(call measure,--chunk $(CHUNK) -a $* --decode $(call commas,$(LENGTHS)))
	@$(MAKE_IT)

# The columns that the table lacks, and no other: how it was measured differs.
$(DIR)/decode.tsv: $(TABLE) $(DIR)/asked/decode $(if $(missing),$(DECODE_ARCHS:%=$(DIR)/decode/%.tsv))
	@awk -F '\t' ' \
		NR == FNR { if (FNR == 1) for (i = 1; i <= NF; i++) there[$$i] = 1; next } \
		FNR == 1 && n { next } \
		FNR == 1 { for (i = 1; i <= NF; i++) if ($$i == "arch" || (!($$i in there) && $$i ~ /^(params$$|decode_)/)) at[++n] = i } \
		{ for (i = 1; i <= n; i++) printf "%s%s", $$at[i], i < n ? "\t" : "\n" }' \
		$< $(or $(filter %.tsv,$(filter-out $<,$^)),<(echo arch)) > $@.tmp
	@$(MAKE_IT)

# TTFT by chunk, of BASE's own architecture ----------------------------------------------------------------

$(DIR)/chunk/%.tsv: $(DEPENDS)
	@$(call measure,--chunk $* --prefill $(lastword $(LENGTHS)))
	@$(MAKE_IT)

$(DIR)/chunk.tsv: $(CHUNKS:%=$(DIR)/chunk/%.tsv) $(DIR)/asked/chunks
	@awk 'NR == 1 || FNR > 1' $(filter %.tsv,$^) > $@.tmp
	@$(MAKE_IT)
endif

# Runs ---------------------------------------------------------------------------------------------------
# At each place four of five layers skip attention: in the middle the full one leaves runs of two, at either end
# a run of four. All have as many layers of each kind, so they take equal time; they are candidates of the search.

ifneq ($(BASE),)
$(DIR)/runs.list: $(OUT)/round/0/archs $(DIR)/asked/runs
	@awk -v n='$(RUNS)' '{ \
		split($$1, part, "-"); p = part[3]; places = length(p) - 5; if (p ~ /[^f]/) exit; if (n > places) n = places; \
		for (k = 0; k < n; k++) { i = 1 + int(k * places / n); \
			for (m = split("ssfss ssssf fssss", five, " "); m; m--) \
				print part[1] "-" part[2] "-" substr(p, 1, i) five[m] substr(p, i + 6) } }' $< | sort -u > $@.tmp
	@$(MAKE_IT)

$(DIR)/runs.tsv: $(DIR)/runs.list $(OUT)/trials.tsv
	@+[ ! -s $< ] || $(MAKE) --no-print-directory -f $(OUT)/asked/settings.mk -f $(HERE)search.mk rows \
		OUT=$(OUT) ARCHS="$$(tr '\n' ' ' < $<)"
	@{ head -n 1 $(OUT)/trials.tsv; sed 's:.*:$(OUT)/cand/&/row.tsv:' $< | xargs -r tail -qn +2; } > $@.tmp
	@$(MAKE_IT)
endif
