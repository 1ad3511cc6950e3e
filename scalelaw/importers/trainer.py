"""Runs of transformers' Trainer, from the ``trainer_state.json`` that it leaves, with FLOPs that count streams."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw.cost import parameters
from scalelaw.cost.training import Trained
from scalelaw.errors import RunsError
from scalelaw.importers.files import read_json
from scalelaw.importers.models import check_trained, flops_a_token, shape_of, streams_of, tokens_of_flos

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.cost import Shape

STATE = "trainer_state.json"


def read_trainer(
    source: str | os.PathLike[str],
    *,
    loss: str | None = None,
    curve: bool = False,
    trained: Trained = "all",
    context: int | None = None,
    config: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """The runs table of every run of a Trainer in a folder.

        N, P  from config.json beside it, a model with streams or without
        D     num_input_tokens_seen where it was counted, else total_flos / (6 N'), N' = N and an untied head
        C     3 D (matmul + aggregator + head [+ attention]), streams counted; see :func:`scalelaw.cost.forward_flops`

    ``total_flos`` is not taken for C: transformers multiplies it by parameters alone, so that P = 8 costs what P = 1
    does. With ``trained="streams"`` the gradients of the base's weights are left out. Of a nested set of streams C is
    the mean over the P that its steps draw.

    Parameters
    ----------
    source : path
        A ``trainer_state.json``, the ``output_dir`` of a Trainer, or a folder of several. Of a run with many
        checkpoints the latest is read, since it holds the whole history.
    loss : str, optional
        Name of the held-out loss in the log, such as ``eval_loss`` or ``eval_prose_loss``; may be left out where there
        is one.
    curve : bool
        Every evaluation as a row, those of a run under one name, instead of the last.
    trained : {"all", "streams"}
        Which no file says.
    context : int, optional
        Tokens a sequence, which no file says either; attention over them is counted where it is given.
    config : path, optional
        The ``config.json`` of the model, where there is none beside the state.

    Returns
    -------
    DataFrame
        Checked, with ``run``, ``source``, ``step``, ``train_loss`` and counts in groups.

    Raises
    ------
    RunsError
        If there is no run, or one does not hold what is needed.
    """
    import pandas as pd

    from scalelaw import runs

    check_trained(trained)
    states = _latest(Path(source))
    rows = [
        row
        for root, path in states.items()
        for row in _rows(root, path, loss=loss, curve=curve, trained=trained, context=context, config=config)
    ]
    return runs.check(pd.DataFrame(rows))


def _latest(source: Path) -> dict[Path, Path]:
    """The state with the longest history of every run below a path, by the run's folder."""
    if source.is_file():
        found = [source]
    elif source.is_dir():
        found = sorted(each for each in source.rglob(STATE) if not _hidden(each.relative_to(source)))
    else:
        raise RunsError(f"there is no file or folder {source}; name a {STATE} or the output_dir of a Trainer")
    if not found:
        raise RunsError(f"{source} holds no {STATE}; name the output_dir of a Trainer")
    latest: dict[Path, tuple[int, Path]] = {}
    for path in found:
        root = path.parent.parent if path.parent.name.startswith("checkpoint-") else path.parent
        step = int(_read(path).get("global_step", 0))
        if root not in latest or step >= latest[root][0]:
            latest[root] = (step, path)
    return {root: path for root, (_, path) in latest.items()}


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _read(path: Path) -> dict[str, Any]:
    state = read_json(path, torn="a save was interrupted; delete it to take an earlier one")
    if not isinstance(state, dict) or not isinstance(state.get("log_history"), list):
        raise RunsError(f"{path} is no state of a Trainer: it has no log_history; leave it out")
    return state


def _rows(
    root: Path, path: Path, *, loss: str | None, curve: bool, trained: Trained, context: int | None, config: Any
) -> Iterator[dict[str, Any]]:
    """Rows of one run."""
    state, values = _read(path), _config(root, path, config)
    shape, P = shape_of(values, path), streams_of(values)
    counts = parameters(shape, P)
    name = _loss_name(state["log_history"], loss, path)
    evaluations = [row for row in state["log_history"] if name in row]
    for row in evaluations if curve else evaluations[-1:]:
        D = _tokens(row, state, shape, P, values, path)
        yield {
            **counts,
            "P": P,
            "D": D,
            "C": D
            * flops_a_token(shape, P, trained=trained, context=context, nested=values.get("parscale_nested", False)),
            "loss": row[name],
            "step": row["step"],
            "run": root.resolve().name,
            "source": f"hf:{path}",
            "train_loss": _last(state["log_history"], "loss", row["step"]),
            "trained": trained,
        }


def _config(root: Path, path: Path, given: Any) -> dict[str, Any]:
    places = [Path(given)] if given else [path.with_name("config.json"), root / "config.json"]
    for place in places:
        file = place / "config.json" if place.is_dir() else place
        if file.exists():
            try:
                values = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                raise RunsError(
                    f"{file} cannot be read as JSON; name another (config=, in the shell --config)"
                ) from None
            if isinstance(values, dict):
                return values
    raise RunsError(
        f"{path} has no config.json beside it, which says N and P; name one (config=, in the shell --config)"
    )


def _loss_name(history: Iterable[dict[str, Any]], asked: str | None, path: Path) -> str:
    names = sorted({name for row in history for name in row if name.startswith("eval") and name.endswith("loss")})
    if asked is not None:
        if not any(asked in row for row in history):
            raise RunsError(f"{path} logs no {asked}; it logs {', '.join(names) or 'no held-out loss'}")
        return asked
    if not names:
        raise RunsError(
            f"{path} logs no held-out loss; train with eval_strategy, or name the training loss, which is not "
            f"the same, with --loss loss or loss='loss'"
        )
    if len(names) > 1:
        raise RunsError(f"{path} logs {' and '.join(names)}; name one (loss=, in the shell --loss)")
    return names[0]


def _tokens(
    row: dict[str, Any], state: dict[str, Any], shape: Shape, P: int, config: dict[str, Any], path: Path
) -> int:
    """Tokens of text up to a row."""
    seen = row.get("num_input_tokens_seen") or 0
    if seen:
        return int(seen)
    share = row["step"] / max(int(state.get("global_step", 0)), 1)
    if state.get("num_input_tokens_seen"):
        return round(state["num_input_tokens_seen"] * share)
    flops = state.get("total_flos") or 0
    if not flops or config.get("parscale_prefix", "direct") != "direct":
        raise RunsError(
            f"{path} does not say how many tokens were seen; train with include_num_input_tokens_seen='all'"
        )
    return round(tokens_of_flos(flops, shape, P) * share)


def _last(history: list[dict[str, Any]], name: str, step: int) -> float | None:
    values = [row[name] for row in history if name in row and row["step"] <= step]
    return values[-1] if values else None
