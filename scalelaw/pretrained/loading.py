"""Models and tokenizers by name: a folder, or a name on the hub."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import torch

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.adapters import base_of_lora, inside, load_beside, load_lora
from scalelaw.pretrained.families import SUFFIX, register
from scalelaw.pretrained.model import is_streams
from scalelaw.pretrained.saving import CONFIG, load_streams, read_config
from scalelaw.pretrained.settings import FIELDS, Settings

DTYPES = ("float32", "bfloat16", "float16", "float64", "auto")
"""What weights can be loaded in, by name; ``auto`` is what they were saved in."""


def load(name: str | os.PathLike[str], *, streams: str | os.PathLike[str] | None = None, **options: Any) -> Any:
    """A causal language model, with streams where it was saved with some.

    Parameters
    ----------
    name : str or path
        A folder or a name on the hub: a model without streams, a checkpoint with them (``qwen2_parscale`` and the like
        of other families), or a folder of streams alone, whose base is then loaded from where it says, at the revision
        that it says unless another is given; or a folder that :func:`~scalelaw.pretrained.training.train` wrote. LoRA
        beside streams that were trained with it is loaded too.
    streams : path, optional
        A folder of streams to load onto it.
    **options
        For ``from_pretrained``: ``dtype``, ``device_map``, ``revision``, ``local_files_only``, ...

    Raises
    ------
    PretrainedError
        If it cannot be had, there is no such dtype, or the streams do not belong to it.
    """
    check_dtype(options.get("dtype"))
    name = inside(name)
    if (base := base_of_lora(name)) is not None:
        model = load_lora(load(base, **options), Path(name))
    elif _is_streams_alone(name):
        base, options = _base_of(Path(name), options)
        model = _with_streams(load(base, **options), name)
    else:
        model = _fetch("AutoModelForCausalLM", name, **options)
    return model if streams is None else _with_streams(model, inside(streams))


def _with_streams(model: Any, folder: str | os.PathLike[str]) -> Any:
    """A model with streams of a folder, and with the LoRA beside them where they were trained with it."""
    said = read_config(Path(folder)).get("lora")
    return load_streams(load_beside(model, Path(folder), said), folder)


def streams_held(name: str | os.PathLike[str], **options: Any) -> Settings | None:
    """The streams that what is loaded by a name has already; the options are those of :func:`load`.

    None as well where there is nothing of that name, which :func:`load` says.
    """
    import transformers

    name = inside(name)
    if (base := base_of_lora(name)) is not None:
        return streams_held(base, **options)
    if _is_streams_alone(name):
        said, names = read_config(Path(name)), {field: field for field in Settings.__dataclass_fields__}
    else:
        try:
            said = transformers.PreTrainedConfig.get_config_dict(name, **_where(options))[0]
        except (OSError, ValueError):
            return None
        names = {field: own for field, (own, _, _) in FIELDS.items()}
    held = Settings(**{field: said.get(own, FIELDS[field][2]) for field, own in names.items()})
    return held if held.streams > 1 else None


def load_tokenizer(name: str | os.PathLike[str], **options: Any) -> Any:
    """The tokenizer that belongs to a model, or to the base of a folder of streams, at the revision that they say."""
    name = inside(name)
    if (base := base_of_lora(name)) is not None:
        return load_tokenizer(base, **options)
    if _is_streams_alone(name):
        base, options = _base_of(Path(name), options)
        return load_tokenizer(base, **options)
    return _fetch("AutoTokenizer", name, **options)


def check_dtype(dtype: Any) -> None:
    """Refuse what is no type for weights."""
    known = dtype.is_floating_point if isinstance(dtype, torch.dtype) else dtype in (None, *DTYPES)
    if not known:
        raise PretrainedError(f"dtype is {dtype!r}; it is one of {', '.join(DTYPES)}")


def _is_streams_alone(name: str | os.PathLike[str]) -> bool:
    place = Path(name)
    return place.is_dir() and (place / CONFIG).exists() and not (place / "config.json").exists()


def _base_of(place: Path, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The base that streams say, and options with the revision that they say unless another is asked for."""
    described = read_config(place)
    base = described["base_model_name_or_path"]
    how = "name the base and give the folder of streams as streams= (in the shell: --streams-from)"
    if not base:
        raise PretrainedError(f"the streams in {place} do not say their base; {how}")
    if Path(base).is_absolute() and not Path(base).is_dir():
        raise PretrainedError(f"the streams in {place} were made for {base}, which is not there; {how}")
    revision = described["revision"] if options.get("revision") is None else options["revision"]
    return base, {**options, "revision": revision}


def _fetch(kind: str, name: str | os.PathLike[str], **options: Any) -> Any:
    """What an Auto class finds under a name, or one sentence of why it does not."""
    import transformers

    options = {key: value for key, value in options.items() if value is not None}
    try:
        config = transformers.PreTrainedConfig.get_config_dict(name, **_where(options))[0]
        if str(config.get("model_type", "")).endswith(SUFFIX):
            register(str(config["model_type"]))
        if kind == "AutoTokenizer":
            return transformers.AutoTokenizer.from_pretrained(name, **options)
        model, found = transformers.AutoModelForCausalLM.from_pretrained(name, output_loading_info=True, **options)
    except PretrainedError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise PretrainedError(_why(kind, name, error)) from error
    _complete(name, found)
    return model


def _complete(name: str | os.PathLike[str], found: dict[str, Any]) -> None:
    """Refuse a model that would run with made-up tensors, or without streams that its files hold."""
    if found["missing_keys"]:
        raise PretrainedError(f"{name} holds no tensor {min(found['missing_keys'])}, which its config.json asks for")
    if surplus := sorted(each for each in found["unexpected_keys"] if is_streams(each)):
        raise PretrainedError(f"{name} holds {surplus[0]}, for which its config.json has no streams; mend parscale_n")


def _where(options: dict[str, Any]) -> dict[str, Any]:
    return {key: options[key] for key in ("revision", "local_files_only", "token") if key in options}


def _is_path(name: str) -> bool:
    """Whether a name is none that the hub has (at most an owner and a model), or begins with a folder that is here."""
    first = Path(name).parts[:1]
    return Path(name).is_absolute() or name.startswith((".", "~")) or name.count("/") > 1 or Path(*first).is_dir()


def _why(kind: str, name: str | os.PathLike[str], error: Exception) -> str:
    what = "the tokenizer of" if kind == "AutoTokenizer" else "the model"
    if Path(name).is_dir() and not (Path(name) / "config.json").exists():
        return f"{name} holds no model (no config.json); name one that save_pretrained, save_streams or train wrote"
    reason = re.split(r"(?<=[a-z)'\"])[.!?] ", " ".join(str(error).split()))[0].rstrip(".") or type(error).__name__
    if Path(name).exists():
        return f"cannot load {what} {name} ({reason}); name a folder that save_pretrained wrote"
    if _is_path(str(name)):
        return f"cannot load {name}: there is no such folder; name one that save_pretrained wrote"
    return (
        f"cannot fetch {what} {name} from the hub ({reason}); give a folder that holds it, such as one that "
        f"save_pretrained wrote on a machine that reaches the hub"
    )
