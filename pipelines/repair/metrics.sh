#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# metrics.sh -- what BASE is cut by in every table: its sums, moments, and which layers and attentions are missed least; of
# repair.mk.
. "$(dirname "$0")/common.sh"
calibrate "$BASE" "$1" "$(some "$layers" 1 2)"
