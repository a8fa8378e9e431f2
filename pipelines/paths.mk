# SPDX-License-Identifier: Apache-2.0
# paths.mk -- what may be a path in these makefiles.
#
# $(call path,NAME...) stops where the value of a variable is none that they can hold: make and the shell take a blank
# and these characters for something else. $(call paths,NAME...) lets a value be several, with blanks between them.

SPECIAL := \# $$ % : ; = & | < > ( ) { } [ ] ' " ` \ * ? ! ~
paths = $(foreach v,$1,$(foreach c,$(SPECIAL),$(if $(findstring $c,$($v)),$(error $v='$($v)' has a '$c' in it, \
	which make or the shell takes for something else))))
path = $(foreach v,$1,$(if $(word 2,$($v)),$(error $v='$($v)' has a blank in it)))$(call paths,$1)
