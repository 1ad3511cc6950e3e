"""What is kept of a training run: streams, LoRA, or the whole model where its base was trained."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import Any

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.adapters import has_lora
from scalelaw.pretrained.model import WithStreams
from scalelaw.pretrained.saving import save_streams
from scalelaw.pretrained.training.lora import save_lora
from scalelaw.pretrained.training.plan import Plan


def keep(plan: Plan, model: Any, tokenizer: Any, folder: Path) -> None:
    """Write what was trained: ``streams`` and ``lora`` beside a base that is as it was, else ``model``."""
    model.config.use_cache = True
    if plan.trainable == "all" or plan.share < 1:
        _whole(model, tokenizer, folder / "model")
        return
    if isinstance(model, WithStreams) and model.streams > 1:
        save_streams(model, folder / "streams", revision=plan.revision)
    if has_lora(model):
        save_lora(model, folder / "lora")


def _whole(model: Any, tokenizer: Any, place: Path) -> None:
    """A folder that appears when it is complete."""
    staged = place.with_name(f".{place.name}.{secrets.token_hex(6)}.tmp")
    try:
        model.save_pretrained(staged)
        tokenizer.save_pretrained(staged)
        shutil.rmtree(place, ignore_errors=True)  # of a run that was ended before it wrote its rows
        staged.rename(place)
    except OSError as error:
        raise PretrainedError(f"cannot write {place}: {error.strerror or error}; choose another place") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)
