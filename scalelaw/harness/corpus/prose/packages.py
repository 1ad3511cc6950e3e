"""Debian packages: fetched into the cache, read where they lie, their text told apart by its hash."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

from scalelaw.errors import HarnessError
from scalelaw.files import write_atomically
from scalelaw.harness.corpus.files import pieces
from scalelaw.harness.corpus.prose import commentary, dictionaries, novels, pages

PIECE = 30_000  # bytes, at least, of what a document of more than twice that is cut into
SMALLEST = 200  # bytes of a document: less is a title page
Members = dict[str, bytes]


@dataclass(frozen=True)
class Package:
    """A package that holds text.

    Attributes
    ----------
    name, what, licence : str
    endings : tuple of str
        Of the paths of the files that are read.
    read : callable
        Documents, from the contents of those files by path.
    version, sha256 : str
        The version that is known, and the SHA-256 of its documents, each ended by a zero byte.
    """

    name: str
    what: str
    licence: str
    endings: tuple[str, ...]
    read: Callable[[Members], Iterator[str]]
    version: str
    sha256: str


PACKAGES = (
    Package(
        "anarchism",
        "essays",
        "GPL-2",
        (".html",),
        pages.documents,
        "15.3-3",
        "51eb53b25a5f1cdb7bb447dff5fd9039beeba3856fa00301728af9e98d17bc5d",
    ),
    Package(
        "sword-comm-tdavid",
        "a commentary",
        "public domain",
        (".czz", ".czs"),
        commentary.documents,
        "2.1-1",
        "1898942658b9f4a5fd218f59bbe7a66a49d2ff04144e45b114386de027bb6909",
    ),
    Package(
        "r-cran-janeaustenr",
        "six novels",
        "public domain, packaged under MIT",
        ("/data/Rdata.rdb", "/data/Rdata.rdx"),
        novels.documents,
        "1.0.0-1",
        "06e0d6748dce42d31676b2f2c0fd967f1e3c3388f24bdf9fbd786dbd9e462b62",
    ),
    Package(
        "dict-gcide",
        "a dictionary",
        "GPL-2 or later",
        (".dict.dz",),
        dictionaries.gcide,
        "0.48.5+nmu2",
        "0516562d1cae2ce7321dab85f5fb249a599f51ea64ba55ec28fc95e8397ef69f",
    ),
    Package(
        "dict-wn",
        "glosses",
        "WordNet 3.0",
        (".dict.dz",),
        dictionaries.wordnet,
        "1:3.0-37",
        "60d517383475a5a995b8e5f71747a05d461d93955ea328ae7923dbdeaf30f6b1",
    ),
)


@dataclass(frozen=True)
class Facts:
    """What is known of a package's text once it has been read."""

    version: str
    sha256: str
    bytes: int
    extraction: int


def folder() -> Path:
    """Where the packages are kept."""
    from scalelaw.harness.corpus.preparing import cache_folder

    return cache_folder() / "debian"


def kept(package: Package, *, fetch: bool) -> Path:
    """The package's file in the cache, downloaded if need be and allowed."""
    found = sorted(folder().glob(f"{package.name}_*.deb"))
    if found:
        return found[-1]
    if not fetch:
        raise HarnessError(f"the corpus prose is not on this machine (no {package.name}); run scalelaw corpus prose")
    return _fetched(package)


def _fetched(package: Package) -> Path:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise HarnessError(
            "the corpus prose comes from Debian packages, and there is no apt-get on this machine; prepare another "
            "corpus, or copy the folder corpora/debian of the cache of a Debian machine"
        )
    sys.stderr.write(f"fetching the Debian package {package.name}, which is kept in {folder()}\n")
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder()) as temporary:
            return _downloaded(package, Path(temporary))
    except OSError as error:
        raise HarnessError(
            f"cannot write {package.name} to {folder()}: {error.strerror or error}; make room, or set SCALELAW_CACHE "
            "to another place"
        ) from error


def _downloaded(package: Package, temporary: Path) -> Path:
    done = subprocess.run(
        ["apt-get", "download", package.name],
        cwd=temporary,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "LC_ALL": "C"},
    )
    files = list(temporary.glob("*.deb"))
    if done.returncode == 0 and files:
        return files[0].replace(folder() / files[0].name)
    if "Unable to locate package" in done.stderr or "No candidate" in done.stderr or "Can't find" in done.stderr:
        raise HarnessError(f"apt-get does not know the package {package.name}: run apt-get update and try again")
    said = next((line[2:].strip() for line in done.stderr.splitlines() if line.startswith("E:")), "it says nothing")
    raise HarnessError(f"apt-get could not download {package.name} ({said}); is there a network? try apt-get update")


def version_of(file: Path) -> str:
    """The version in the name of a package's file: ``dict-wn_1%3a3.0-37_all.deb`` is 1:3.0-37."""
    return unquote(file.name.split("_")[1])


def facts(package: Package, file: Path, extraction: int) -> Facts:
    """Version, hash and size of a package's text, kept beside it, so that it is read once."""
    beside = file.with_suffix(".json")
    try:
        known = Facts(**json.loads(beside.read_text()))
        if known.extraction == extraction:
            return known
    except (OSError, ValueError, TypeError):
        pass  # not there, or torn: the text is read again
    digest, size = hashlib.sha256(), 0
    for text in texts(package, file):
        digest.update(text + b"\0")
        size += len(text)
    made = Facts(version_of(file), digest.hexdigest(), size, extraction)
    write_atomically(beside, json.dumps(asdict(made)) + "\n")
    if made.sha256 != package.sha256:
        sys.stderr.write(f"warning: {another(package, made)}\n")
    return made


def another(package: Package, found: Facts) -> str:
    """What to say of a package whose text is not the known one."""
    return f"{package.name} {found.version} has another text than the known version {package.version}"


def texts(package: Package, file: Path) -> Iterator[bytes]:
    """The documents of a package, none of them much larger than 60 kB."""
    try:
        for document in package.read(members(file, package.endings)):
            for piece in pieces(document.encode("utf-8", "replace"), PIECE):
                if len(text := piece.strip()) >= SMALLEST:
                    yield text
    except (KeyError, ValueError, EOFError, OSError, IndexError) as error:
        if isinstance(error, HarnessError):
            raise
        raise HarnessError(
            f"{file} cannot be read as {package.name} ({error}); remove it, and run scalelaw corpus prose"
        ) from error


def members(file: Path, endings: tuple[str, ...]) -> Members:
    """Files of a package by path, in the order of their paths, without installing it."""
    if shutil.which("dpkg-deb") is None:
        raise HarnessError(f"{file} is a Debian package, and there is no dpkg-deb on this machine to read it with")
    done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(file)], capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(said[-1] if said else "dpkg-deb failed")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        wanted = [each for each in archive if each.isfile() and each.name.endswith(endings)]
        read = {each.name: opened.read() for each in wanted if (opened := archive.extractfile(each)) is not None}
    if not read:
        raise ValueError(f"it holds no {' or '.join(endings)}")
    return dict(sorted(read.items()))
