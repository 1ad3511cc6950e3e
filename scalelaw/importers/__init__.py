"""Runs that others logged, as the runs table: one module a source, each a function that gives a checked DataFrame."""

from scalelaw.importers.trainer import read_trainer

__all__ = ["read_trainer"]
