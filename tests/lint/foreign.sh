#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# foreign.sh -- prints "file:header" for every include in lib/ and tools/ of a header that neither
# C nor POSIX nor the compiler brings; what protoc-c makes is such a header.
set -eu
cd "${1:-.}"

ours='assert|ctype|errno|fcntl|float|getopt|inttypes|limits|locale|math|poll|pthread|sched|signal'
ours+='|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|sys/[a-z]+|termios'
ours+='|time|unistd|libgen|regex|dlfcn|ftw|omp|dirent|glob|fnmatch|wchar|link|elf|(x86|imm|arm_[a-z0-9]+)intrin|arm_(neon|fp16|bf16|acle)|cpuid'

grep -HoE '^ *# *include *(<[^>]*>|"[^"]*[.]pb-c[.]h")' $(find lib tools -name '*.[ch]' 2>/dev/null | sort) /dev/null |
	sed -E 's/: *# *include *[<"](.*)[>"]/:\1/' | grep -vE ":($ours)\.h\$" || true
