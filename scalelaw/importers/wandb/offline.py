"""What Weights & Biases keeps on disk of a run: its transaction log, ``run-ID.wandb``.

A log is a header of 7 bytes and then records in the framing of LevelDB's log: blocks of 32 KiB, of chunks with a
checksum, a length and whether the chunk is a whole record or its first, a middle or its last part. A record is a
message of the package's own protocol.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scalelaw.errors import RunsError
from scalelaw.extras import need
from scalelaw.importers.logged import Logged

ENDING = ".wandb"
_HEADER = b":W&B\xe1\xbe\x00"
_BLOCK, _CHUNK = 32768, struct.Struct("<IHB")
_WHOLE, _FIRST, _LAST = 1, 2, 4


def logs(file: Path) -> Iterator[Logged]:
    """The run of one log.

    Raises
    ------
    RunsError
        If it is no such log, or holds no run.
    MissingExtra
        If the package wandb is not installed.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RunsError(f"cannot read {file}: {error.strerror or error}; check its permissions") from error
    if not data.startswith(_HEADER):
        raise RunsError(f"{file} is no log of Weights & Biases that this version can read; export the run's history")
    need("wandb", extra="wandb", purpose="reading the folder of Weights & Biases")
    from wandb.proto.wandb_internal_pb2 import Record

    run: Any = None
    settings: dict[str, Any] = {}
    history: list[dict[str, Any]] = []
    ended = False
    for record in map(Record.FromString, _records(data)):
        match record.WhichOneof("record_type"):
            case "run":
                run = record.run
                settings |= _values(record.run.config.update)
            case "config":
                settings |= _values(record.config.update)
            case "history":
                history.append({"_step": record.history.step.num} | _values(record.history.item))
            case "exit":
                ended = True
    if run is None:
        raise RunsError(f"{file} holds no run; it was cut short before one began")
    doubts = (
        [] if ended else [f"{file.name} is cut short or still written to, so that its last evaluation may be missing"]
    )
    settings = {name: value for name, value in settings.items() if not name.startswith("_")}
    yield Logged(run.display_name or run.run_id, f"wandb:{file}", history, settings, doubts)


def _values(items: Any) -> dict[str, Any]:
    """Keys and values of a record; the parts of a nested key with slashes between them."""
    return {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}


def _records(data: bytes) -> Iterator[bytes]:
    """Whole records, up to where the log ends or is damaged."""
    parts: list[bytes] = []
    for kind, part in _chunks(data):
        parts = [*([] if kind in (_WHOLE, _FIRST) else parts), part]
        if kind in (_WHOLE, _LAST):
            yield b"".join(parts)


def _chunks(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = len(_HEADER)
    while True:
        left = _BLOCK - at % _BLOCK
        at += left if left < _CHUNK.size else 0
        if at + _CHUNK.size > len(data):
            return
        checksum, length, kind = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        part = data[at : at + length]
        if len(part) < length or zlib.crc32(bytes([kind]) + part) != checksum:
            return
        yield kind, part
        at += length
