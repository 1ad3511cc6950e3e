"""Sets of streams as files of their own: PEFT's file names, and a configuration that says what they belong to."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from scalelaw.errors import PretrainedError
from scalelaw.files import write_atomically
from scalelaw.pretrained.adapters import STREAMS, has_lora, inside
from scalelaw.pretrained.adding import find_room, put
from scalelaw.pretrained.families import SUFFIX
from scalelaw.pretrained.model import WithStreams, is_streams
from scalelaw.pretrained.settings import Settings

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
VERSION = 1
"""Of the format; files of a later one are refused."""
SAID: Mapping[str, tuple[type, ...]] = {
    "base_model_name_or_path": (str, type(None)),
    "revision": (str, type(None)),
    "base_model_type": (str,),
    "base_weights": (str,),
    "shape": (dict,),
    "sha256": (str,),
}
"""What the configuration says beside the settings, and the types of it."""
LATER = {"precision": "base", "nested": False}
"""What files say nothing of that were written before there was a choice."""


def save_streams(model: Any, folder: str | os.PathLike[str], *, revision: str | None = None) -> Path:
    """Save the chosen set of streams, and nothing of the base, into a folder that is made where need be.

    ``adapter_model.safetensors`` holds prefixes and aggregator by the names of the released checkpoints;
    ``adapter_config.json`` says the base, its revision and shape, P, the prefix and the smoothing. Each file is written
    whole or not at all, the configuration last and with the hash of the weights, so that an interrupted save is
    noticed when it is read.

    Raises
    ------
    PretrainedError
        If there are no streams, not all of a set is chosen, or the folder is that of a model or another adapter.
    """
    check_place(folder)
    key = cast(Any, model).get_decoder().stream_choice if isinstance(model, WithStreams) else None
    if key is None:
        raise PretrainedError("no streams are chosen to be saved; choose a set with set_streams")
    settings: Settings = model.get_decoder().stream_settings
    if key[1] != tuple(range(settings.streams)):
        raise PretrainedError(
            f"streams {', '.join(map(str, key[1]))} of {settings.streams} are chosen; choose all of the set to save it"
        )
    from safetensors.torch import save

    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items() if is_streams(name)}
    weights = save(state, metadata={"format": "pt"})
    described = {**_described(model, revision), **settings.to_dict(), "sha256": hashlib.sha256(weights).hexdigest()}
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PretrainedError(f"cannot make the folder {place}: {error.strerror}; choose another place") from None
    write_atomically(place / WEIGHTS, weights)
    write_atomically(place / CONFIG, json.dumps(described, indent=2) + "\n")
    return place


def check_place(folder: str | os.PathLike[str], *, new: bool = False) -> None:
    """Refuse to write streams where they would hide a model, or take the place of another adapter.

    Parameters
    ----------
    new : bool
        Whether to refuse a folder with streams as well.
    """
    place = Path(folder)
    for file, what in (("config.json", "a model"), ("plan.json", "a run")):
        if (place / file).exists():
            raise PretrainedError(f"{place} is the folder of {what}; name another, such as {place}-streams")
    if not (place / CONFIG).exists():
        return
    try:
        of_streams = "scalelaw_streams" in json.loads((place / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        of_streams = True  # a save of streams that was torn may be mended by another
    if new or not of_streams:
        held = "streams" if of_streams else "another adapter"
        raise PretrainedError(f"{place} holds {held} already; name a new folder")


def load_streams(model: Any, folder: str | os.PathLike[str], *, name: str | None = None, any_base: bool = False) -> Any:
    """Load a set of streams that :func:`save_streams` wrote, choose it, and return the model.

    The folder may be one that :func:`~scalelaw.pretrained.training.train` wrote, too. Sets that the model has already
    stay in memory.

    Parameters
    ----------
    name : str, optional
        What to call the set. Where none is given, the folder's name, or that of the folder around it where it is
        called ``streams``, as :func:`~scalelaw.pretrained.training.train` calls it.
    any_base : bool
        Load it even where the weights of the base are not those that the streams were trained on.

    Raises
    ------
    PretrainedError
        If the files are missing or torn, of a later version, or of another base or shape.
    """
    place = Path(inside(folder))
    described = read_config(place)
    state = _read_weights(place, described)
    _compare(model, described, place, any_base=any_base)
    settings = Settings(**{field: described[field] for field in Settings.__dataclass_fields__})
    if described.get("lora") and not any_base and not has_lora(model):
        raise PretrainedError(
            f"the streams in {place} were trained beside LoRA, which this model does not have; put that on first with "
            f"model.load_adapter, or load both with scalelaw.pretrained.load"
        )
    room = find_room(model, settings, name=_name_of(place) if name is None else name)
    for each in sorted({*room.sizes, *state}):
        if each not in state or each not in room.sizes or room.sizes[each] != state[each].shape:
            raise PretrainedError(f"the tensor {each} in {place} does not fit its {CONFIG}; save the streams again")
    put(model, room)
    own = model.state_dict()
    with torch.no_grad():
        for each, value in state.items():
            own[each].copy_(value)
    return model


def _name_of(folder: Path) -> str:
    whole = folder.resolve()
    return whole.parent.name if whole.name == STREAMS and whole.parent.name else whole.name


def read_config(folder: Path) -> dict[str, Any]:
    """What ``adapter_config.json`` says, if it is of this format."""
    path = folder / CONFIG
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PretrainedError(
            f"cannot read {path}: {error.strerror}; name a folder that save_streams finished writing"
        ) from None
    except ValueError:
        raise PretrainedError(f"{path} is not JSON; name a folder that save_streams wrote") from None
    version = described.get("scalelaw_streams") if isinstance(described, dict) else None
    if version is None:
        raise PretrainedError(f"{path} is not of streams; name a folder that save_streams wrote")
    if isinstance(version, bool) or not isinstance(version, int):
        raise PretrainedError(
            f"{path} says scalelaw_streams is {version!r}, which is no version; save the streams again"
        )
    if version != VERSION:
        raise PretrainedError(
            f"{path} is of version {version} of the format, and this scalelaw reads version {VERSION}; update scalelaw"
        )
    return _whole(LATER | described, path)


def _whole(described: dict[str, Any], path: Path) -> dict[str, Any]:
    """What is described, where nothing is missing or of another type than it is written in."""
    missing = [each for each in (*Settings.__dataclass_fields__, *SAID) if each not in described]
    if missing:
        raise PretrainedError(f"{path} does not say {missing[0]}; save the streams again")
    for name, kinds in SAID.items():
        if not isinstance(described[name], kinds):
            raise PretrainedError(
                f"{path} says {name} is {described[name]!r}, which it cannot be; save the streams again"
            )
    try:
        Settings(**{field: described[field] for field in Settings.__dataclass_fields__})
    except PretrainedError as error:
        raise PretrainedError(f"{path}: {error}") from None
    return described


def _read_weights(folder: Path, described: dict[str, Any]) -> dict[str, Tensor]:
    from safetensors.torch import load

    try:
        data = (folder / WEIGHTS).read_bytes()
    except OSError as error:
        raise PretrainedError(f"cannot read {folder / WEIGHTS}: {error.strerror}; save the streams again") from None
    if hashlib.sha256(data).hexdigest() != described["sha256"]:
        raise PretrainedError(
            f"{folder / WEIGHTS} is not the file that {CONFIG} beside it describes: a save was interrupted, or a file "
            f"was changed; save the streams again"
        )
    return load(data)


def _described(model: Any, revision: str | None) -> dict[str, Any]:
    config = model.config
    name = config._name_or_path
    return {
        "scalelaw_streams": VERSION,
        "peft_type": "PARSCALE",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": (str(Path(name).resolve()) if Path(name).is_dir() else name) if name else None,
        "revision": revision or getattr(config, "_commit_hash", None),
        "base_model_type": config.model_type.removesuffix(SUFFIX),
        "shape": _shape(model),
        "base_weights": fingerprint(model),
        "lora": has_lora(model),
    }


def _shape(model: Any) -> dict[str, int]:
    config = model.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return {
        "layers": config.num_hidden_layers,
        "width": config.hidden_size,
        "kv_heads": heads,
        "head_size": size,
        "vocabulary": config.vocab_size,
    }


def fingerprint(model: Any) -> str:
    """Sixteen hexadecimal digits that tell bases apart: some numbers of every weight, as bfloat16.

    A model cast to another type of that or higher precision keeps its fingerprint; one that was trained does not.
    """
    digest = hashlib.sha256()
    for name, value in sorted(model.named_parameters()):
        if is_streams(name) or "resting_streams." in name or not value.is_floating_point() or ".lora_" in name:
            continue
        flat = value.detach().flatten()
        some = flat[:: max(1, len(flat) // 64)][:64].to(torch.bfloat16).cpu()
        digest.update(some.view(torch.int16).numpy().tobytes())
    return digest.hexdigest()[:16]


def _compare(model: Any, described: dict[str, Any], folder: Path, *, any_base: bool) -> None:
    """Refuse streams of another base, and say what differs."""
    kind = model.config.model_type.removesuffix(SUFFIX)
    wanted = described["base_model_type"]
    if kind != wanted:
        raise PretrainedError(f"the streams in {folder} are for a {wanted} model, and this is a {kind}; load that base")
    for name, value in _shape(model).items():
        theirs = described["shape"].get(name)
        if theirs != value:
            raise PretrainedError(
                f"the streams in {folder} are for a model with {name.replace('_', ' ')} {theirs}, and this one has "
                f"{value}; load the base they were made for, {_base(described)}"
            )
    if not any_base and described["base_weights"] != fingerprint(model):
        raise PretrainedError(
            f"the streams in {folder} were made for other weights ({_base(described)}) than this model's "
            f"({model.config._name_or_path or 'unnamed'}); load that base, or pass any_base=True"
            + (", as is needed in float16, which rounds weights otherwise" if model.dtype == torch.float16 else "")
        )


def _base(described: dict[str, Any]) -> str:
    name, revision = described.get("base_model_name_or_path") or "an unnamed base", described.get("revision")
    return f"{name} at revision {revision}" if revision else str(name)
