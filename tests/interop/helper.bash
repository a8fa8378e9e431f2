# SPDX-License-Identifier: Apache-2.0
# helper.bash -- what the scripts of `make test-interop` begin with: `. "${0%/*}/helper.bash"`.

here=$(cd "$(dirname "$0")" && pwd)
target=$(basename "$0" .sh)
prompt='Once upon a time'

# has MODULES [PYTHON]: whether they can be imported.
has() {
	"${2:-$PYTHON}" -c "import $1" > /dev/null 2>&1
}

# need_data: ends the script, as one check that is skipped, where the real models are not; else they are here.
need_data() {
	local name
	for name in backbone5m stories260K corpora; do
		[ -d "$DATA/$name" ] || { echo "ok - $target # skip needs ../shared/data"; exit; }
	done
	ln -s "$DATA/backbone5m" "$DATA/stories260K" .
}

# report NAME COMMAND...: ok if it succeeds, and then what it said last.
report() {
	if "${@:2}" > out 2>&1; then
		echo "ok - $target: $1$(sed -n '$s/^/ # /p' out)"
	else
		echo "not ok - $target: $1"
		sed 's/^/# /' out
	fi
}

# with_list SCRIPT [PYTHON]: SCRIPT's checks of all the models in `list`.
with_list() {
	"${2:-$PYTHON}" "$here/$1" < list 2> stderr || { echo "not ok - $target"; sed 's/^/# /' stderr; }
}

# timed FILE COMMAND...: in FILE, how many seconds of processor time it took, since others may be at work, and how many
# MiB it had at most; its own status.
timed() {
	local status
	/usr/bin/time -o "$1" -f '%U %S %M' "${@:2}"
	status=$?
	awk 'END { printf "%.2f\t%.0f\n", $1 + $2, $3 / 1024 }' "$1" > "$1.new" && mv "$1.new" "$1"
	return $status
}

# make_pte DIR: ExecuTorch's exporter on what ours wrote there; how long it took is in DIR.cost. It looks for flatc in
# PATH. A second thread would mostly wait for the first, at work.
make_pte() {
	(cd "$1" && OMP_NUM_THREADS=1 PATH=${EXECUTORCH%/*}:$PATH timed "$OLDPWD/$1.cost" \
		"$EXECUTORCH" -m executorch.extension.llm.export.export_llm --config export.yaml) > "$1.said" 2>&1 ||
		{ sed 's/^/# /' "$1.said" | tail -n 20; return 1; }
}

# Some ids that every vocabulary here has, in windows longer than any model's window: ids.tok, N of them.
make_ids() {
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "\\x%02x\\x00\\x00\\x00", (i * i * 7 + i * 13) % 251 }' > ids
	printf '%b' "$(< ids)" > ids.tok
}

# random NAME FAMILY [TOKENIZER [JSON members]]: a checkpoint NAME, untied, its head_dim unlike width / heads; TOKENIZER
# is a checkpoint that has one.
random() {
	local vocabulary=384
	[ -z "${3:-}" ] || vocabulary=$(jq '.model.vocab | length' "$3/tokenizer.json")
	jq -n "{ model_type: \"$2\", hidden_size: 96, intermediate_size: 160, num_hidden_layers: 4,
		num_attention_heads: 6, num_key_value_heads: 3, head_dim: 32, vocab_size: $vocabulary,
		rms_norm_eps: 1e-5, initializer_range: 0.2, max_position_embeddings: 256,
		torch_dtype: \"float32\", tie_word_embeddings: false } + { ${4:-} }" > random.json
	fl-init -q -s 7 -o "$1/" random.json
	[ -z "${3:-}" ] || cp "$3"/tokenizer*.json "$1"
}

# same_text CHECKPOINT TOKENS [OPTION...]: what greedy decoding elsewhere came to, a prompt and 64 ids more, is what
# fl-generate comes to. The start of a text is not spelt out by it.
same_text() {
	fl-tokenize -d --specials -c "$1" "$2" > theirs &&
		fl-generate -q "${@:3}" --ignore-eos --echo -n 64 -p "$prompt" "$1" > ours && [ -s ours ] &&
		diff -a <(cat ours; echo) <(sed '1s/^<s> *//' theirs; echo)
}

# llama_source: the source of the llama.cpp that the package llama-cpp-python has, at $LLAMA: its converter and its
# vocabularies are in no wheel.
llama_source() {
	local version
	LLAMA=$B/interop/llama.cpp
	[ ! -e "$LLAMA" ] || return 0
	version=$("$PYTHON" -c 'import llama_cpp; print(llama_cpp.__version__)') &&
		"$PYTHON" -m pip download --quiet --no-deps --no-binary :all: --dest sdist llama-cpp-python=="$version" &&
		tar xzf sdist/*.tar.gz && mv ./*/vendor/llama.cpp "$LLAMA"
}
