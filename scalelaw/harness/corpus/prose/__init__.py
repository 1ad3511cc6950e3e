"""The corpus ``prose``: English from five Debian packages, fetched once and read without being installed."""

from __future__ import annotations

import hashlib

from scalelaw.harness.corpus.prose.packages import PACKAGES, Facts, Package, another, facts, kept, texts
from scalelaw.harness.corpus.sources import Source

_EXTRACTION = 1  # raised when the same package comes to give another text
_CUT = 8_192


def source(*, fetch: bool = True) -> Source:
    """Essays, a commentary, six novels and two dictionaries.

    Parameters
    ----------
    fetch : bool
        Whether packages that are not in the cache may be downloaded, by ``apt-get download``.

    Raises
    ------
    HarnessError
        If a package is not in the cache and may not or cannot be downloaded, or cannot be read.
    """
    files = {package: kept(package, fetch=fetch) for package in PACKAGES}
    found = {package: facts(package, file, _EXTRACTION) for package, file in files.items()}
    seen = "\n".join([str(_EXTRACTION), *(f"{package.name} {each.sha256}" for package, each in found.items())])
    total = sum(each.bytes for each in found.values())
    return Source(
        fingerprint=hashlib.sha256(seen.encode()).hexdigest(),
        licence="; ".join(f"{package.licence} ({package.name})" for package in PACKAGES),
        described=tuple(_described(package, each, total) for package, each in found.items()),
        documents=lambda: (text for package, file in files.items() for text in texts(package, file)),
        held_out_cut=_CUT,
        notes=(
            "pages, chapters and entries that begin alike are documents, cut at paragraphs if larger than 60 kB",
            "a WordNet gloss stands once, with the first of its words",
            *(another(package, each) for package, each in found.items() if each.sha256 != package.sha256),
        ),
    )


def _described(package: Package, found: Facts, total: int) -> str:
    share = found.bytes / total
    return f"{package.name} {found.version}: {package.what}, {found.bytes / 1e6:.1f} MB ({share:.0%})"
