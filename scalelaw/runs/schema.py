"""The columns of the runs table, schema ``runs/1``: names, units, meanings, limits and aliases."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

SCHEMA = "runs/1"

Columns = dict[str, np.ndarray]
"""A table: one-dimensional arrays of equal length by column name."""

Kind = Literal["count", "whole", "number", "text"]


@dataclass(frozen=True)
class Column:
    """One column of the schema.

    ``kind`` is ``count`` (a number of things, rounded to the nearest whole: values read off a plot are welcome),
    ``whole`` (must be whole as it stands), ``number`` or ``text``. Values must be at least ``low``, or above it when
    ``strict``. ``complete`` columns may have no empty cell.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    low: float = -np.inf
    strict: bool = False
    complete: bool = False
    dtype: str = "float64"
    aliases: tuple[str, ...] = ()

    @property
    def numeric(self) -> bool:
        return self.kind != "text"


def _group(name: str, meaning: str) -> Column:
    return Column(name, "whole", "parameters", meaning, low=0, dtype="int64")


_N_ALIASES = (
    *("params", "parameters", "num_params", "n_params", "num_parameters", "n_parameters", "model_size", "model_params"),
    *("non_embedding_params", "nonembedding_params", "non_embedding_parameters", "num_non_embedding_params"),
    *("params_non_embedding", "params_no_embed", "params_noembed", "n_nonemb", "n_non_embedding", "n_no_emb"),
)
_D_ALIASES = (
    *("tokens", "num_tokens", "n_tokens", "tokens_trained", "tokens_seen", "total_tokens"),
    *("train_tokens", "training_tokens", "num_train_tokens", "dataset_tokens"),
)
_C_ALIASES = (
    *("flops", "flop", "training_flops", "training_flop", "train_flops", "total_flops", "num_flops"),
    *("compute", "training_compute", "budget", "compute_budget", "flops_budget", "flop_budget"),
)
_P_ALIASES = ("streams", "num_streams", "n_streams", "parallel_streams", "parscale_n", "parscale_p", "n_parallel")
_LOSS_ALIASES = (
    *("val_loss", "eval_loss", "valid_loss", "validation_loss", "test_loss", "heldout_loss", "held_out_loss"),
    *("final_loss", "final_val_loss", "final_eval_loss", "cross_entropy", "cross_entropy_loss", "ce_loss", "nll"),
)

COLUMNS: tuple[Column, ...] = (
    Column(
        name="N",
        kind="count",
        unit="parameters",
        meaning="non-embedding parameters, prefixes and aggregator included",
        low=1,
        complete=True,
        dtype="int64",
        aliases=_N_ALIASES,
    ),
    Column(
        name="N_backbone",
        kind="count",
        unit="parameters",
        meaning="non-embedding parameters without what ParScale adds",
        low=1,
        dtype="int64",
        aliases=("backbone_params", "params_backbone", "num_backbone_params"),
    ),
    Column(
        name="P",
        kind="whole",
        unit="streams",
        meaning="parallel streams; absent means 1",
        low=1,
        complete=True,
        dtype="int32",
        aliases=_P_ALIASES,
    ),
    Column(
        name="D",
        kind="count",
        unit="tokens",
        meaning="training tokens of text, not times P",
        low=1,
        dtype="int64",
        aliases=_D_ALIASES,
    ),
    Column(
        name="C",
        kind="number",
        unit="FLOP",
        meaning="training compute, streams counted",
        low=0,
        strict=True,
        aliases=_C_ALIASES,
    ),
    Column(
        name="loss",
        kind="number",
        unit="nat/token",
        meaning="held-out cross-entropy, natural logarithm",
        low=0,
        strict=True,
        complete=True,
        aliases=_LOSS_ALIASES,
    ),
    Column("loss_se", "number", "nat/token", "standard error of the loss", low=0, aliases=("loss_stderr",)),
    Column(
        name="bpb",
        kind="number",
        unit="bit/byte",
        meaning="bits per byte, never converted to nats or back",
        low=0,
        strict=True,
        aliases=("bits_per_byte", "val_bpb"),
    ),
    Column("seed", "whole", "", "random seed of the run", dtype="int64", aliases=("random_seed",)),
    Column("step", "whole", "steps", "optimiser steps taken", low=0, dtype="int64", aliases=("global_step", "_step")),
    Column("run", "text", "", "name of the run; its checkpoints share it", aliases=("run_id", "run_name")),
    Column("source", "text", "", "where the row comes from"),
    Column("dataset", "text", "", "corpus the run was trained on", aliases=("corpus",)),
    _group("n_embedding", "input embedding"),
    _group("n_attention", "attention projections and their biases"),
    _group("n_mlp", "feed-forward layers"),
    _group("n_norm", "normalisation weights"),
    _group("n_prefix", "ParScale prefixes"),
    _group("n_aggregator", "ParScale aggregator"),
    _group("n_head", "output head, 0 where it is tied to the embedding"),
)

BY_NAME = {column.name: column for column in COLUMNS}
BACKBONE_GROUPS = ("n_attention", "n_mlp", "n_norm")
PARSCALE_GROUPS = ("n_prefix", "n_aggregator")


def units(names: Iterable[str]) -> dict[str, str]:
    """Units of those columns of a table that the schema knows."""
    return {name: BY_NAME[name].unit for name in names if name in BY_NAME and BY_NAME[name].unit}
