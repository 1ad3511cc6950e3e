#!/bin/sh
# The grids of runs/README.md and their controls. What is trained already is left as it is; Ctrl-C stops it, and the same
# command goes on.
# sh runs/train.sh [--dry-run | --jobs 2]
set -eu
cd "$(dirname "$0")"
SCALELAW="${SCALELAW:-scalelaw}"
common="--layers 4 --heads 2 --kv-heads 1 --prefix-tokens 8 --aggregation linear --batch 8 --context 128 --rate 8e-3 --seeds 2"
$SCALELAW sweep code $common --width 16,24,32,48 --streams 1,2,4,8 --tokens 5M "$@"
$SCALELAW sweep prose $common --corpus prose --width 16,24,32 --streams 1,2,4 --tokens 5M "$@"
# controls: P = 1 with prefix slots, of equal N, of the training FLOPs that P = 2, 4 and 8 take
$SCALELAW sweep code-slots $common --width 16,24,32,48 --prefix-at-one --tokens 5M "$@"
$SCALELAW sweep code-wider $common --width 20,28,36,40,56 --tokens 5M "$@"
$SCALELAW sweep code-longer $common --width 24 --tokens 9656k,18640k,36670k "$@"
