# fl: find the smaller language model that is fastest on the device at hand.
#
#   make                 build everything into build/
#   make deps            say what is missing, install it where that is allowed
#   make test            the whole test suite; last line "N passed, N failed"
#   make search BASE=DIR TEXT=FILE [OUT=DIR TRIALS=24 ...]   the search; see pipelines/search.mk
#   make lint            layers, third-party headers, banned calls
#   make bench           speed tables     make fuzz          fuzz every parser
#   make test-interop    other people's readers and runtimes, from PyPI
#   make install PREFIX=/usr/local [DESTDIR=]
#   make clean
#
# CC=clang picks the compiler; SAN=1 builds with ASan and UBSan into build-san/; B=DIR builds elsewhere.
# config.mk, if there is one, holds settings of your own.

SHELL := bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

-include config.mk

CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
PREFIX ?= /usr/local
B ?= build$(if $(SAN),-san)
CFLAGS ?= -O2 -g
PKGS := libarchive libzstd jansson libpcre2-8 libutf8proc libxxhash
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
	-Wwrite-strings -Wundef -Wno-missing-field-initializers
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
comma := ,
OMP := $(if $(SAN),,-fopenmp)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Ilib $(WARN) $(OMP) -ffp-contract=off $(SANFLAGS) \
	$(shell pkg-config --cflags $(PKGS)) $(CFLAGS)
LIBS = -Wl,--as-needed $(shell pkg-config --libs $(PKGS)) -ldnnl -llbfgs -llapacke -lopenblas -lm

LIB_SRC := $(wildcard lib/*/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$B/obj/%.o)
TOOLS := $(patsubst tools/%.c,%,$(wildcard tools/fl-*.c))
UNITS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
MAN1 := $(TOOLS:%=$B/man/%.1)
MANX := $(patsubst man/%,$B/man/%,$(filter-out %.in,$(wildcard man/*.[57])))

.PHONY: all deps test demo search bench fuzz lint install help clean test-interop units
all: $(TOOLS:%=$B/bin/%) $(MAN1) $(MANX)
units: $(UNITS:%=$B/test/%)

# Kernels may be vectorised at will; nothing else trades exactness for speed.
$B/obj/lib/compute/%.o: CFLAGS := $(CFLAGS) -O3

$B/obj/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$B/libfl.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$B/bin/%: $B/obj/tools/%.o $B/libfl.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$B/test/%: $B/obj/tests/unit/%.o $B/libfl.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Rewritten only when compiler or flags change: then everything is rebuilt.
FLAGS = $(CC) $(ALL_CFLAGS)
$B/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' > $@
FORCE:

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

clean:
	rm -rf build build-san

-include $(LIB_OBJ:.o=.d) $(TOOLS:%=$B/obj/tools/%.d) $(UNITS:%=$B/obj/tests/unit/%.d)
