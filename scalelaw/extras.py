"""Packages that only some of the toolkit needs: a missing one is named together with the extra that brings it."""

from importlib import import_module
from types import ModuleType

from scalelaw.errors import MissingExtra


def need(package: str, *, extra: str, purpose: str) -> ModuleType:
    """Import a package that belongs to an extra.

    Parameters
    ----------
    package : str
        Module to import, such as ``torch``.
    extra : str
        Extra of ``scalelaw`` that installs it.
    purpose : str
        What needs it; the error begins with it: "training".

    Raises
    ------
    MissingExtra
        If the package is not installed.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package.partition(".")[0]:
            raise  # the package is there, and something of its own is not
        raise MissingExtra(
            f"{purpose} needs the package {package.partition('.')[0]}, which is not installed: "
            f"pip install 'scalelaw[{extra}]'"
        ) from error
