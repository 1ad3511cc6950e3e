"""Files written whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from scalelaw.errors import ScalelawError


def write_atomically(path: str | os.PathLike[str], data: bytes | str | Callable[[BinaryIO], object]) -> Path:
    """Write one file whole or not at all; an older file of that name stays until the new one is complete.

    The contents are made first, in memory; they go into a hidden temporary file in the same folder, are
    flushed to disk, and take the place of the older file in one step.

    Parameters
    ----------
    path : path
        File to write. A symbolic link is followed; a device such as ``/dev/stdout`` is written to directly.
    data : bytes, str or callable
        The contents (text is written as UTF-8), or a function that writes them to the binary file it is given:
        ``write_atomically("a.pdf", lambda file: figure.savefig(file, format="pdf"))``.

    Returns
    -------
    Path
        The path as given.

    Raises
    ------
    ScalelawError
        If the folder does not exist or the file cannot be written. Errors of the callable pass through.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "note.txt", "done").read_text()
    'done'
    """
    given = Path(path)
    target = Path(os.path.realpath(given))
    _refuse_hopeless(given, target)
    contents = _contents(data)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(contents)
        else:
            _replace(target, contents)
    except OSError as error:
        raise ScalelawError(f"cannot write {given}: {error.strerror or error}; choose another place") from error
    return given


def _refuse_hopeless(given: Path, target: Path) -> None:
    """Refuse, before any work is done, a path that cannot be written."""
    if target.is_dir():
        raise ScalelawError(f"cannot write {given}: it is a folder; name a file in it")
    if not target.parent.exists():
        raise ScalelawError(f"cannot write {given}: the folder {given.parent} does not exist; make it first")
    if not target.parent.is_dir():
        raise ScalelawError(f"cannot write {given}: {given.parent} is not a folder; choose another place")


def _contents(data: bytes | str | Callable[[BinaryIO], object]) -> bytes:
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, bytes):
        return data
    buffer = BytesIO()
    data(buffer)
    return buffer.getvalue()


def _replace(target: Path, contents: bytes) -> None:
    temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(6)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
