# SPDX-License-Identifier: Apache-2.0
# common.mk -- how these makefiles run, make their files and read paths: included by each before all else.
#
# $(call path,NAME...) stops where the value of a variable is none that they can hold: make and the shell take a blank
# and these characters for something else. $(call paths,NAME...) lets a value be several, with blanks between them.

SHELL := bash
export LC_ALL := C
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# The name of a file made in one step, as NAME.tmp: it is there whole or not at all, after a power cut, too.
MAKE_IT = sync $@.tmp && mv $@.tmp $@

SPECIAL := \# $$ % : ; = & | < > ( ) { } [ ] ' " ` \ * ? ! ~
paths = $(foreach v,$1,$(foreach c,$(SPECIAL),$(if $(findstring $c,$($v)),$(error $v='$($v)' has a '$c' in it, \
	which make or the shell takes for something else))))
path = $(foreach v,$1,$(if $(word 2,$($v)),$(error $v='$($v)' has a blank in it)))$(call paths,$1)
