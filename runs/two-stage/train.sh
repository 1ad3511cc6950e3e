#!/bin/sh
# A small model of the harness's own, 5M tokens of Python, two seeds: P = 1, 2, 4 from the first step (one stage), and
# put on a model that has been trained with one stream for 80 % of the tokens (two stages), trained whole or alone.
# What is trained already is left as it is; Ctrl-C stops it, and the same command goes on.
# sh runs/two-stage/train.sh [--dry-run | --jobs 2]
set -eu
cd "$(dirname "$0")"
SCALELAW="${SCALELAW:-scalelaw}"
grid="--width 48 --layers 4 --tokens 5M --seeds 2 --corpus code --batch 4 --context 128 --rate 0.008
      --prefix-tokens 8 --aggregation linear"
$SCALELAW sweep one-stage $grid --streams 1,2,4 "$@"
$SCALELAW sweep two-stage-all $grid --streams 1,2,4 --two-stage 0.2 --trained all --near-identity "$@"
$SCALELAW sweep two-stage-streams $grid --streams 2,4 --two-stage 0.2 --trained streams --near-identity "$@"
