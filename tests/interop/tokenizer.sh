#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tokenizer.sh -- tokenizers of every kind against the packages they come from, on random texts.
set -u
. "${0%/*}/helper.bash"

if has "sentencepiece, tiktoken, tokenizers"; then
	"$PYTHON" "$here/tokenizer_random.py" . || echo "not ok - tokenizer: tokenizer_random.py"
else
	echo "ok - tokenizer # skip needs the packages sentencepiece, tiktoken and tokenizers"
fi
