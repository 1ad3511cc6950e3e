"""A plan being carried out: its stages, each from its last checkpoint, then the held-out loss and what is kept."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scalelaw.errors import PretrainedError, Stopped
from scalelaw.files import write_atomically
from scalelaw.harness import devices, torchrun
from scalelaw.pretrained.evaluating import Documents, score_documents
from scalelaw.pretrained.loading import load_tokenizer
from scalelaw.pretrained.saving import CONFIG, fingerprint
from scalelaw.pretrained.texts import parts
from scalelaw.pretrained.training.keeping import keep
from scalelaw.pretrained.training.packing import decoded, pack
from scalelaw.pretrained.training.plan import Plan, Stage
from scalelaw.pretrained.training.preparing import coarse, made_ready
from scalelaw.pretrained.training.rows import begun_with, row_of, served, uncounted
from scalelaw.runs.writing import write

PLAN, ROWS, TABLE, HELD_OUT, STAGES = "plan.json", "rows.json", "runs.parquet", "held_out.json", "stages"
BEGUN = "begun.json"
"""What text and base the run began with, by hashes."""


def train(
    plan: Plan,
    folder: str | os.PathLike[str],
    *,
    device: str = "auto",
    shard: bool = False,
    checkpoint_seconds: float = 300.0,
    stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Carry out a plan in its folder, going on from what is there, with the Trainer of transformers.

    The folder gets ``plan.json``, under ``stages`` what each stage left, and in the end what was trained (``streams``,
    ``lora`` or ``model``), ``held_out.json`` (losses by document, for :meth:`Documents.minus`) and ``runs.parquet``,
    which ``scalelaw fit`` takes. Under ``torchrun`` or ``accelerate launch`` the batch is shared by the processes.

    Parameters
    ----------
    plan : Plan
    folder : path
        Made if need be; it holds one run.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``mps``.
    shard : bool
        Whether to spread the model over the processes (FSDP2) instead of copying it to each (DDP).
    checkpoint_seconds : float
        Between checkpoints.
    stop : callable
        Asked after every step; when it says yes, a checkpoint is written and Stopped raised.
    say : callable
        Told how far it has come.

    Returns
    -------
    list of dict
        Rows of the runs table: one, or for a nested set one for each P. Processes after the first are given none.

    Raises
    ------
    Stopped
        If ``stop`` said so.
    Diverged
        If the loss or the gradient is no longer a number.
    PretrainedError
        If the folder holds another run, or model and plan do not go together.
    """
    place = Path(folder)
    _refuse_another(plan, place)
    if (place / ROWS).exists():
        return json.loads((place / ROWS).read_text(encoding="utf-8")) if torchrun.rank() == 0 else []
    chosen = devices.choose(device)
    tokenizer = load_tokenizer(plan.model, revision=plan.revision)
    data = parts(plan.data, held_out=plan.held_out)
    texts = decoded(data.train)
    tokens = pack(
        tokenizer,
        texts,
        tokens=plan.D,
        context=plan.recipe.context,
        seed=plan.seed,
        repeat=plan.repeat,
    )
    weights: list[Path] = []
    for stage in plan.stages:
        own = place / STAGES / stage.name
        if not (own / "done.json").exists():
            model = made_ready(plan, stage, weights, tokenizer, texts)
            _begin(plan, place, {"tokens": _digest(tokens), **({} if weights else {"base": fingerprint(model)})})
            for doubt in filter(None, (coarse(model), uncounted(plan, model))):
                if torchrun.rank() == 0:
                    say(doubt)
            rows = tokens[stage.first_step * plan.recipe.batch :][: stage.steps * plan.recipe.batch]
            _train_stage(plan, stage, model, rows, own, chosen, shard, checkpoint_seconds, stop, say)
            del model
        weights.append(own / "trained.safetensors")
    if torchrun.rank() > 0:
        return []
    return _finish(plan, place, weights, tokenizer, decoded(data.held_out), chosen, say)


def _refuse_another(plan: Plan, place: Path) -> None:
    """See that what is in the folder, if anything, is of this plan."""
    path = place / PLAN
    if not path.exists():
        for file, what in (("config.json", "a model"), (CONFIG, "an adapter")):
            if (place / file).exists():
                raise PretrainedError(f"{place} is the folder of {what}; name another for the run, such as {place}-run")
        return
    held, asked = json.loads(path.read_text(encoding="utf-8")), json.loads(json.dumps(plan.to_dict()))
    if held != asked:
        raise PretrainedError(
            f"{place} holds a run with other settings ({', '.join(_differences(held, asked))}); name another folder, "
            f"or ask for the same"
        )


def _digest(tokens: torch.Tensor) -> str:
    return hashlib.sha256(tokens.numpy().tobytes()).hexdigest()[:16]


def _begin(plan: Plan, place: Path, begun: dict[str, str]) -> None:
    """Make the folder and say what is in it, once model and data are known to go together; or see if they still do."""
    path = place / BEGUN
    held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else begun
    for name, what in (("tokens", f"the text of {plan.data}"), ("base", f"the weights of {plan.model}")):
        if name in begun and held[name] != begun[name]:
            raise PretrainedError(
                f"{what} changed since the run in {place} began; put back what it was, or name another folder"
            )
    if torchrun.rank() == 0 and not (place / PLAN).exists():
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PretrainedError(f"cannot make the folder {place}: {error.strerror}; choose another place") from None
        write_atomically(place / BEGUN, json.dumps(begun) + "\n")
        write_atomically(place / PLAN, json.dumps(plan.to_dict(), indent=1) + "\n")


def _differences(held: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    flat = [_flat(held), _flat(asked)]
    return [
        f"{name} {flat[0].get(name)} and not {value}" for name, value in flat[1].items() if flat[0].get(name) != value
    ]


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    inner = {key: value for each in values.values() if isinstance(each, dict) for key, value in each.items()}
    return {key: value for key, value in values.items() if not isinstance(value, dict)} | inner


def _train_stage(
    plan: Plan,
    stage: Stage,
    model: Any,
    rows: Any,
    place: Path,
    device: Any,
    shard: bool,
    seconds: float,
    stop: Callable[[], bool],
    say: Callable[[str], None],
) -> None:
    """Take a stage's steps, and leave ``trained.safetensors`` and, last, ``done.json``."""
    from scalelaw.pretrained.training import trainer as trainers
    from scalelaw.pretrained.training.callbacks import Nested, StopOnRequest, Tell

    trainer = trainers.StageTrainer(plan, stage, model, rows, place, device=device, shard=shard)
    stopping = StopOnRequest(stop, seconds=seconds)
    trainer.add_callback(stopping)
    if torchrun.rank() == 0:
        trainer.add_callback(Tell(say, stage.name))
    if plan.settings.nested and stage.streams > 1:
        trainer.add_callback(Nested(seed=plan.seed))
    last = trainers.last_checkpoint(place)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    trainers.barrier()
    if stopping.stopped:
        raise Stopped(
            f"training {plan.model} stopped after step {trainer.state.global_step} of {stage.steps}; "
            f"the same command goes on from there"
        )
    state = trainer.whole_state()
    if torchrun.rank() == 0:
        trainer.state.save_to_json(str(place / "trainer_state.json"))
        trainers.save_trained(trainer.accelerator.unwrap_model(trainer.model), place / "trained.safetensors", state)
        write_atomically(place / "done.json", json.dumps({"train_loss": _last_loss(trainer.state.log_history)}))
        for each in place.glob("checkpoint-*"):
            shutil.rmtree(each)
    trainers.barrier()


def _last_loss(history: list[dict[str, Any]]) -> float | None:
    losses = [row["loss"] for row in history if "loss" in row]
    return float(np.mean(losses[-5:])) if losses else None


def _finish(
    plan: Plan,
    place: Path,
    weights: list[Path],
    tokenizer: Any,
    held_out: list[str],
    device: Any,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Evaluate, keep what was trained, and write the rows last."""
    stage = plan.stages[-1]
    model = made_ready(plan, stage, weights, tokenizer, None)
    done = json.loads((place / STAGES / stage.name / "done.json").read_text(encoding="utf-8"))
    say("evaluating on what is held out")
    model = model.to(device)
    found: dict[int, Documents] = {
        P: score_documents(model, tokenizer, held_out, context=plan.recipe.context, streams=asked)
        for P, asked in served(plan).items()
    }
    loss, init = done["train_loss"], begun_with(plan)
    rows = [row_of(plan, model, P, each, math.nan if loss is None else loss, init=init) for P, each in found.items()]
    keep(plan, model, tokenizer, place)
    write_atomically(place / HELD_OUT, json.dumps([asdict(each) for each in found.values()]))
    columns = {name: np.asarray([row[name] for row in rows]) for name in rows[0] if rows[0][name] is not None}
    write(columns, place / TABLE)
    write_atomically(place / ROWS, json.dumps(rows, indent=1) + "\n")
    for each in weights:
        each.unlink()  # what they hold is kept by now
    return rows


def held_out_of(folder: str | os.PathLike[str]) -> dict[int, Documents]:
    """Losses by document that a finished run left, by P; two runs are compared by :meth:`Documents.minus`.

    Raises
    ------
    PretrainedError
        If the run is not finished.
    """
    path = Path(folder) / HELD_OUT
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise PretrainedError(f"{path} is not there or torn; has the run come to its end?") from None
    found = (Documents(each["P"], *(tuple(each[name]) for name in ("nats", "tokens", "bytes"))) for each in held)
    return {each.P: each for each in found}
