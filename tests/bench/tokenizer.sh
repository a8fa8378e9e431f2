#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tokenizer.sh -- MB/s of fl-tokenize, and of the PyPI packages tokenizers and tiktoken with the same
# tokenizer on the same text; median of RUNS (3). 1 and 2 are threads; ratio is ours on one thread to the
# faster package on one.
#
#     PYTHON=/path/to/python tests/bench/tokenizer.sh     a Python that has both packages; default python3
#
# Natural texts are repeated to MB (100) megabytes, adversarial ones (one character over and over) have
# ODD_MB (16). fl-tokenize reads the text as one document, loading the tokenizer included; the packages get
# PEER_MB (4) of it in memory, in pieces of whole lines of some 10 kB, so that they can use two threads,
# their loading not counted.
set -euo pipefail
export PATH=${B:-build}/bin:$PATH LC_ALL=C
data=../shared/data mb=${MB:-100} odd=${ODD_MB:-16} peer=${PEER_MB:-4} runs=${RUNS:-3}
here=$(dirname "$0")
python=${PYTHON:-python3}
if [ ! -d $data/tokenizers ]; then
	echo "skip tokenizer: needs $data"
	exit 0
fi
if ! "$python" -c 'import tokenizers, tiktoken' 2> /dev/null; then
	echo "tokenizer: $python lacks tokenizers or tiktoken, their columns stay empty" >&2
	python=
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/fl-bench-XXXXXX")
trap 'rm -rf "$dir"' EXIT

fill() { # NAME MEGABYTES: standard input over and over
	local name=$dir/$1 want=$(($2 * 1000000))
	cat > "$name.once"
	while [ "$(stat -c %s "$name" 2> /dev/null || echo 0)" -lt $want ]; do cat "$name.once" >> "$name"; done
}

many() { # CHARACTER: 30000 of it
	printf "$1%.0s" {1..30000}
}

natural=(tinystories.txt c4.txt wiki.test.raw tinyshakespeare.txt)
for t in "${natural[@]}"; do fill "$t" "$mb" < "$data/corpora/$t"; done
many a | fill letter "$odd"
many ' ' | fill space "$odd"
many '\n' | fill newline "$odd"
many '\360\237\230\200' | fill emoji "$odd"
many '\344\275\240' | fill cjk "$odd"
many '\314\201\314\226' | fill marks "$odd"
odds=(letter space newline emoji cjk marks)

seconds() { # COMMAND...: the median of the runs
	for ((i = 0; i < runs; i++)); do
		local start=$(date +%s.%N)
		"$@" > /dev/null
		echo "$start $(date +%s.%N)" | awk '{ print $2 - $1 }'
	done | sort -g | sed -n "$(((runs + 1) / 2))p"
}

rate() { # TOKENIZER TEXT THREADS
	awk -v n="$(stat -c %s "$dir/$2")" -v s="$(seconds fl-tokenize -q -j "$3" -c "$data/tokenizers/$1" "$dir/$2")" \
		'BEGIN { printf "%.1f", n / s / 1e6 }'
}

echo "tokenizer	text	fl 1	fl 2	tokenizers 1	tokenizers 2	tiktoken 1	tiktoken 2	ratio"
for t in gpt2 llama3 qwen2 llama2; do
	for x in "${natural[@]}" "${odds[@]}"; do
		ours=$(rate $t "$x" 1)$'\t'$(rate $t "$x" 2)
		theirs=$'\t\t\t'
		[ -z "$python" ] || theirs=$("$python" "$here/tokenizer.py" "$data/tokenizers/$t" "$dir/$x" "$peer")
		printf '%s\t%s\t%s\t%s\n' $t "$x" "$ours" "$theirs" |
			awk -F'\t' '{ best = $5 > $7 ? $5 : $7; print $0 "\t" (best > 0 ? sprintf("%.1f", $3 / best) : "") }' OFS='\t'
	done
done
