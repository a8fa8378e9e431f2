# SPDX-License-Identifier: Apache-2.0
# Pipelines in a language that writes 0,5 and in one whose I has two capitals, against the same in C.
load ../cli/helper

setup() {
	need localedef jq gnuplot
	mkdir locales
	localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8
	localedef -i tr_TR -f UTF-8 locales/tr_TR.UTF-8
	export LOCPATH=$PWD/locales
	fl-init -q -s 1 -a d96-f192-ffff -o base/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" base/
	documents 200 > text.txt
	cat > runner <<-'END'
	[ "$1" = run ] || { mkdir "$3"; fl-export -q --to gguf -o "$3/model.gguf" "$2"; exit; }
	echo "$(wc -c < model.gguf)" | awk '{ printf "{ \"ttft_1024_s\": %.4f }\n", $1 * 0.00001 }'
	END
	search=(make -s -f "$ROOT/pipelines/search.mk" BASE=base TEXT=text.txt TRIALS=3 SEPARATOR='<|end|>' LATENCY_SAMPLES=4
		RUNTIME=./runner PREFILL=1024 PROMPT=number THREADS=1)
}

@test "a search is the same in every language, on this machine and by way of another shell" {
	# Of the tables of these locales a decimal comma is seen, or this test shows nothing.
	[ "$(LC_ALL=de_DE.UTF-8 bash -c 'printf %.1f 0,5')" = 0,5 ]
	"${search[@]}" OUT=run > said
	mv run c
	for language in de_DE tr_TR; do
		LC_ALL=$language.UTF-8 LANG=$language.UTF-8 "${search[@]}" OUT=run > in.$language
		diff <(cd c; cat trials.tsv latency.tsv front.tsv winner winner.txt space) \
			<(cd run; cat trials.tsv latency.tsv front.tsv winner winner.txt space)
		diff said in.$language
		rm -r run
	done
	TMPDIR=$PWD LC_ALL=de_DE.UTF-8 "${search[@]}" OUT=run VIA='env LC_ALL=de_DE.UTF-8 sh -c' > far
	diff <(cut -f 1-3 c/trials.tsv) <(cut -f 1-3 run/trials.tsv)
	diff c/winner run/winner
}
