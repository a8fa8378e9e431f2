# SPDX-License-Identifier: Apache-2.0
# asked.mk -- what was asked for, as files: included by makefiles that name the directory of these files, ASKED, first.
#
# $(call asked,NAME,VALUE) keeps a setting in the file NAME, rewritten only when it changes, so that what depends on it is
# made again then and not else. Files given are settings too, known by name, size and time, so that an older one in the
# place of another counts as changed: $(call identity,FILE...), or $(call checkpoint,PATH), of a directory or a tar.

$(shell mkdir -p $(ASKED))
asked = $(file >$(ASKED)/$1.new,$2)$(shell cd $(ASKED); \
	if cmp -s $1.new $1; then rm $1.new; else mv $1.new $1; fi)
identity = $(shell stat -Lc '%n %s %Y' $1 | LC_ALL=C sort)
checkpoint = $(call identity,$(if $(wildcard $1/.),$(wildcard $1/*),$1))

$(ASKED)/%: ;
