# fl: find the smaller language model that is fastest on the device at hand.
#
#   make                 build everything into build/
#   make deps            say what is missing, install it where that is allowed
#   make test            the whole test suite; last line "N passed, N failed"
#   make demo            the whole job on a corpus and a backbone of its own: about five minutes on two cores
#   make search BASE=DIR TEXT=FILE [OUT=DIR TRIALS=24 ...]   the search; see pipelines/search.mk
#   make real [MODEL=DIR] what a real model loses and keeps when it is cut: an hour on two cores; see pipelines/real.mk
#   make findings [OUT=DIR]   what the paper found, looked for in a search's tables; see pipelines/findings.mk
#   make device CROSS=aarch64-linux-gnu-   fl-measure for a phone: static, libc and libm alone
#   make lint            layers, third-party headers, banned calls
#   make fuzz            fuzz every parser for FUZZ_SECONDS=60 of processor time
#   make bench           speed tables
#   make bench-runtime   whole models beside llama.cpp, LLAMA_BENCH=llama-bench: half an hour, 4 GB
#   make bench-kernels   products of quantized weights, as parts of what the machine can do: two minutes
#   make bench-search    what the search finds and how well it predicts: an hour on two cores, which must be idle
#   make test-interop    other people's readers and runtimes, from PyPI
#   make install PREFIX=/usr/local [DESTDIR=]
#   make clean
#
# CC=clang picks the compiler; SAN=1 builds with ASan and UBSan into build-san/, TSAN=1 with TSan into build-tsan/; B=DIR builds elsewhere;
# CROSS=aarch64-linux-gnu- builds what needs libc and libm only, static, into build-aarch64-linux-gnu/: fl-measure
# and unit tests.
# config.mk, if there is one, holds settings of your own.

SHELL := bash
export LC_ALL := C
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

-include config.mk

CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
PREFIX ?= /usr/local
B ?= build$(if $(FUZZ),-fuzz,$(if $(SAN),-san,$(if $(TSAN),-tsan)))$(CROSS:%-=-%)
CFLAGS ?= -O2 -g
FUZZ_SECONDS ?= 60

comma := ,
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
	-Wwrite-strings -Wundef -Wno-missing-field-initializers
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined -DFL_SANITIZED)
SANFLAGS += $(if $(FUZZ),-fsanitize=fuzzer-no-link) $(if $(TSAN),-fsanitize=thread -fno-omit-frame-pointer -DFL_SANITIZED)

# What an overflow meets: checked library calls, guarded stacks, tables that cannot be written. Sanitizers do it better.
HARD := $(if $(SAN)$(FUZZ)$(TSAN),,-fstack-protector-strong $(if $(filter -O%,$(filter-out -O0,$(CFLAGS))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARD_LINK := $(if $(CROSS)$(TSAN),,-Wl,-z,relro$(comma)-z$(comma)now)

LIB_SRC := $(wildcard lib/*/*.c)
PROTO := $(wildcard lib/*/*.proto)
TOOLS := $(patsubst tools/%.c,%,$(wildcard tools/fl-*.c))
UNITS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))

ifdef CROSS
override CC := $(CROSS)gcc
override AR := $(CROSS)ar
PROTO :=
LIB_SRC := $(filter-out $(shell tests/lint/foreign.sh | cut -d: -f1),$(LIB_SRC))
UNITS := $(shell tests/portable.sh)
TOOLS := fl-measure
LIBS := -static -lm
else
PKGS := libarchive libzstd jansson libpcre2-8 libutf8proc libxxhash libprotobuf-c libcerf
PKGS += $(shell pkg-config --exists ompi-c 2>/dev/null && echo ompi-c)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(if $(filter ompi-c,$(PKGS)),-DFL_MPI)
LIBS := $(HARD_LINK) -Wl,--as-needed $(shell pkg-config --libs $(PKGS) 2>/dev/null) -ldnnl -llbfgs -lm
endif
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(if $(CROSS),-DFL_PORTABLE) -Ilib -I$B/gen $(WARN) -pthread -ffp-contract=off $(SANFLAGS) $(HARD) $(PKG_CFLAGS) $(CFLAGS)

GEN := $(PROTO:lib/%.proto=$B/gen/%.pb-c.c)
LIB_OBJ := $(LIB_SRC:%.c=$B/obj/%.o) $(GEN:$B/%.c=$B/obj/%.o)
MAN := $(if $(CROSS),,$(patsubst man/%.in,$B/man/%,$(wildcard man/fl-*.1.in)) $(patsubst man/%,$B/man/%,$(wildcard man/*.[57])))

.PHONY: all units fuzzers device deps test lint fuzz demo search real findings bench bench-kernels bench-runtime bench-search test-interop install help clean
all: $(TOOLS:%=$B/bin/%) $(MAN) $B/share/fl
units: $(UNITS:%=$B/test/%) $(if $(SAN)$(CROSS),,$B/test/inject.so)
fuzzers: $(FUZZERS:%=$B/fuzz/%)
device: $(if $(CROSS),,$(if $(filter device,$(MAKECMDGOALS)),$(error give CROSS, such as aarch64-linux-gnu-)))$B/bin/fl-measure

# Kernels may be vectorised at will; nothing else trades exactness for speed.
$B/obj/lib/compute/%.o: CFLAGS := $(CFLAGS) $(if $(SAN)$(TSAN),-O1,-O3) -ffp-contract=fast
# What is written into files is rounded the same way on every machine.
$B/obj/lib/compute/quant.o $B/obj/lib/compute/blocks.o $B/obj/lib/compute/ggml_dequant.o $B/obj/lib/compute/int8_row.o $B/obj/lib/base/dtype.o: CFLAGS := $(CFLAGS) -O3

.PRECIOUS: $B/obj/%.o $B/gen/%.pb-c.c
$B/obj/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Readers and writers of protocol buffers; who includes their headers must wait for them.
$B/gen/%.pb-c.c: lib/%.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=$(<D) --c_out=$(@D) $(<F)

$B/obj/gen/%.o: $B/gen/%.c $B/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$B/obj/lib/text/tokenizer_sp.o $B/obj/lib/export/onnx.o $B/obj/tests/unit/onnx.o: $(GEN)

$B/libfl.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

LINK = $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Where an installed program finds its runners too.
$B/share/fl:
	@mkdir -p $(@D)
	@ln -sfn '$(abspath pipelines)' $@

$B/bin/%: $B/obj/tools/%.o $B/libfl.a
	@mkdir -p $(@D)
	$(LINK)

$B/test/%: $B/obj/tests/unit/%.o $B/libfl.a
	@mkdir -p $(@D)
	$(LINK)

$B/test/inject.so: tests/inject.c $B/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -shared -o $@ $<

# Under clang's fuzzer with FUZZ=1, else with a main() that runs the files it is given.
$B/fuzz/%: $B/obj/tests/fuzz/%.o $(if $(FUZZ),,$B/obj/tests/fuzz/replay.o) $B/libfl.a
	@mkdir -p $(@D)
	$(LINK) $(if $(FUZZ),-fsanitize=fuzzer)

# What stands in more than one page is put in the place of a comment, and comments are left out. A tool's
# SYNOPSIS and OPTIONS are what it prints itself.
PASTE = sed -e '/^\.\\" @options@/{r /dev/stdin' -e 'd;}' -e '/^\.\\" @common@/{r man/common.mdoc' -e 'd;}' $< | \
	grep -v '^\.\\"' > $@

$B/man/%.1: man/%.1.in man/common.mdoc $B/bin/%
	@mkdir -p $(@D)
	$B/bin/$* --help=mdoc | $(PASTE)

$B/man/%: man/% man/common.mdoc
	@mkdir -p $(@D)
	$(PASTE)

# Rewritten only when compiler or flags change: then everything is rebuilt.
FLAGS = $(CC) $(ALL_CFLAGS) $(LDFLAGS) $(LIBS)
$B/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' > $@
FORCE:

deps:
	@.ci/deps

test: deps
	@+MAKE='$(MAKE)' B='$B' CC='$(CC)' STRICT='$(STRICT)' tests/run

lint:
	@for s in $(filter-out %/foreign.sh,$(wildcard tests/lint/*.sh)); do $$s || bad=1; done; exit $${bad:-0}

fuzz:
	@+$(MAKE) --no-print-directory FUZZ=1 SAN=1 CC=clang fuzzers
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' tests/fuzz/run $(FUZZERS)

demo: deps
	@+$(MAKE) --no-print-directory all
	@+PATH="$(abspath $B)/bin:$$PATH" $(MAKE) --no-print-directory -f pipelines/demo.mk OUT='$(or $(OUT),$B/demo)'

search: deps
	@+$(MAKE) --no-print-directory all
	@+PATH="$(abspath $B)/bin:$$PATH" $(MAKE) --no-print-directory -f pipelines/search.mk

real: deps
	@+$(MAKE) --no-print-directory all
	@+PATH="$(abspath $B)/bin:$$PATH" $(MAKE) --no-print-directory -f pipelines/real.mk OUT='$(or $(OUT),$B/real)'

findings: deps
	@+$(MAKE) --no-print-directory all
	@+PATH="$(abspath $B)/bin:$$PATH" $(MAKE) --no-print-directory -f pipelines/findings.mk

bench: all
	@for s in $(filter-out $(SEARCHES) tests/bench/runtime.sh,$(wildcard tests/bench/*.sh)); do B='$B' $$s; done

$B/bench/%: $B/obj/tests/bench/%.o $B/libfl.a
	@mkdir -p $(@D)
	$(LINK)

SEARCHES := tests/bench/latency.sh tests/bench/search.sh
HAT := $(wildcard $(or $(DATA),../shared/data)/latency/hat_*.csv)
bench-search: all $B/bench/search $B/bench/hat
	@$B/bench/search
	@$(if $(HAT),$B/bench/hat $(HAT),echo 'hat: skipped$(comma) needs ../shared/data/latency' >&2)
	@for s in $(SEARCHES); do B='$B' $$s; done

bench-kernels: $B/bench/kernels
	@$<

bench-runtime: all
	@B='$B' tests/bench/runtime.sh

test-interop: all $B/bench/search
	@B='$B' tests/interop/run

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/fl
	install $(TOOLS:%=$B/bin/%) $(DESTDIR)$(PREFIX)/bin
	for s in 1 5 7; do d=$(DESTDIR)$(PREFIX)/share/man/man$$s; install -d $$d; \
		for f in $B/man/*.$$s; do [ ! -e $$f ] || install -m 644 $$f $$d; done; done
	[ ! -d pipelines ] || cp -R pipelines/. $(DESTDIR)$(PREFIX)/share/fl

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

clean:
	rm -rf build build-*

-include $(LIB_OBJ:.o=.d) $(patsubst %,$B/obj/%.d,$(TOOLS:%=tools/%) $(UNITS:%=tests/unit/%) \
	$(FUZZERS:%=tests/fuzz/%) tests/fuzz/replay $(patsubst %.c,%,$(wildcard tests/bench/*.c)))
