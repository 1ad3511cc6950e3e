"""Callbacks of transformers' Trainer: a clean stop, checkpoints by the clock, a number of streams drawn each step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback

from scalelaw.cost.training import nested_counts
from scalelaw.errors import PretrainedError
from scalelaw.pretrained.model import WithStreams


class StopOnRequest(TrainerCallback):
    """Save and end where ``stop`` says so, and save every so many seconds; all processes do the same.

    Parameters
    ----------
    stop : callable
        Asked after every step.
    seconds : float
        Between checkpoints.
    """

    def __init__(self, stop: Callable[[], bool] = lambda: False, *, seconds: float = float("inf")):
        self.stop, self.seconds = stop, seconds
        self.stopped = False
        self.saved = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask, and agree with the other processes."""
        done = state.global_step >= state.max_steps
        wishes = torch.tensor([float(self.stop()), float(time.monotonic() - self.saved > self.seconds)])
        if args.world_size > 1:
            wishes = wishes.to(args.device)
            torch.distributed.all_reduce(wishes)
        stop, save = (wishes > 0).tolist()
        if stop and not done:
            self.stopped = control.should_training_stop = True
        if (stop or save) and not done:
            control.should_save = True

    def on_save(self, *_: Any, **__: Any) -> None:
        """Begin to count anew."""
        self.saved = time.monotonic()


class Tell(TrainerCallback):
    """Say how far a stage has come, whenever the Trainer logs."""

    def __init__(self, say: Callable[[str], None], stage: str):
        self.say, self.stage = say, stage

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """One line."""
        if "loss" in (logs or {}):
            self.say(
                f"stage {self.stage}, step {state.global_step} of {state.max_steps}: loss {float(logs['loss']):.4f}"
            )


class Nested(TrainerCallback):
    """Train the first P streams of a set, with P drawn anew for each step, so that one set serves every P.

    P of a step depends on the seed and the step alone: on every process the same, and the same after a stop. The loss
    is an even mean over ``counts``, one a step.

    Parameters
    ----------
    counts : sequence of int, optional
        What P is drawn from: 1, 2, 4, ... up to that of the set where none are given. P = 1 is the first stream with
        its prefix, ``streams=[0]``, and not the model without streams.
    """

    def __init__(self, counts: Sequence[int] | None = None, *, seed: int = 0):
        self.wanted, self.counts, self.seed = counts, tuple(counts or ()), seed
        self.whole: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Note the set."""
        model = _unwrapped(model)
        if not isinstance(model, WithStreams) or model.get_decoder().stream_settings.streams == 1:  # type: ignore[attr-defined]
            raise PretrainedError("nested training needs a set of streams in place; add some with add_streams")
        decoder: Any = model.get_decoder()  # type: ignore[attr-defined]
        if not decoder.stream_settings.nested:
            raise PretrainedError(
                f"the set {decoder.stream_name!r} is none of which fewer streams can be asked for by P; make it with "
                f"add_streams(..., nested=True)"
            )
        self.whole = (decoder.stream_name, tuple(range(decoder.stream_settings.streams)))
        counts = nested_counts(decoder.stream_settings.streams) if self.wanted is None else tuple(self.wanted)
        if not counts or min(counts) < 1 or max(counts) > len(self.whole[1]):
            raise PretrainedError(f"nested counts {counts} are not within 1 and the {len(self.whole[1])} of the set")
        self.counts = counts

    def on_step_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Draw P and choose the first P streams."""
        P = self.drawn(state.global_step)
        _unwrapped(model).get_decoder().stream_choice = (self.whole[0], tuple(range(P)))

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Choose the whole set again, for evaluations and whoever comes next."""
        _unwrapped(model).get_decoder().stream_choice = self.whole

    def drawn(self, step: int) -> int:
        """P of a step."""
        return int(np.random.default_rng([self.seed, step]).choice(self.counts))


def _unwrapped(model: Any) -> Any:
    while hasattr(model, "module") and not isinstance(model, WithStreams):
        model = model.module
    return getattr(model, "_orig_mod", model)
