#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# layers.sh -- which room of lib/ may include which. An include is written "room/file.h".
#
# Who knows a room knows what that room knows; base is known by all.
set -eu
cd "${1:-$(dirname "$0")/../..}"

grep -HnoE '^ *# *include *"[^"]*"' $(find lib tools -name '*.[ch]' 2>/dev/null) /dev/null | awk -F'[:"]' '
	BEGIN {
		knows["io"] = knows["text"] = knows["compute"] = knows["search"] = knows["base"] = " "
		knows["model"] = " io text compute "
		knows["measure"] = " io text compute model "
		knows["export"] = " io text compute model "
		knows["tools"] = " io text compute search model measure export "
	}
	{
		n = split($1, path, "/")
		room = path[1] == "tools" ? "tools" : path[2]
		other = $4
		if (!sub(/\/[^\/]*$/, "", other))
			print $1 ":" $2 ": include \"" $4 "\" names no room"
		else if (!(room in knows))
			print $1 ":" $2 ": lib/" room " is no room of the house"
		else if (other != room && other != "base" && !index(knows[room], " " other " "))
			print $1 ":" $2 ": " room " must not know " $4
	}' | { ! grep .; }
