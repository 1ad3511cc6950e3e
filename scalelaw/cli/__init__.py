"""The shell: one verb a file, and no logic: arguments are read, the library is called, the result is printed."""

from scalelaw.cli.app import main

__all__ = ["main"]
