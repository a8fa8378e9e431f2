#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# train.sh NAME OUT -- trains the model of that name to say what BASE says; of real.mk.
set -euo pipefail
export LC_ALL=C
fl-train -t "$OUT/calib.tok" --teacher "$BASE" --steps "$STEPS" $TRAIN --state "$2.state" -o "$2.tmp.tar" "$OUT/model/$1.tar"
rm "$2.state"
mv "$2.tmp.tar" "$2"
