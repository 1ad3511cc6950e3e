"""Sweeps of models that are really trained, in seconds: tiny shapes, few steps, a made-up corpus."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from scalelaw.harness.sweep import run, status
from scalelaw.harness.sweep.folder import make_sweep, read_json
from scalelaw.harness.sweep.states import lock_at
from scalelaw.harness.sweep.working import work
from scalelaw.runs import read

pytest.importorskip("torch", reason="the extra train is not installed")
MEASURED = ["seconds"]  # columns that differ from run to run


@pytest.fixture
def corpus(monkeypatch):
    """Tokens of a simple pattern with noise, in place of the corpora that the harness finds on this machine."""
    rng = np.random.default_rng(0)
    tokens = (np.arange(12_000) * 7 % 50 + rng.integers(0, 5, 12_000)).astype(np.uint8)
    card = SimpleNamespace(name="made-up", tokenizer="bytes", vocabulary=64, hash="0123456789abcdef")
    starts = np.arange(0, 2000, 500)
    made = SimpleNamespace(
        card=card, train=tokens[:10_000], held_out=tokens[10_000:], held_out_starts=starts, held_out_bytes=2000
    )
    training = import_module("scalelaw.harness.training")
    monkeypatch.setattr(training, "corpora", SimpleNamespace(load=lambda *_, **__: made))
    return made


@pytest.fixture
def tiny(make, corpus):
    def build(**settings):
        small = {"width": [16, 32], "layers": 1, "batch": 4, "context": 32, "tokens": 2560, "prefix_tokens": 4}
        return make(**small | {"corpus": corpus} | settings)

    return build


def trained(folder, cells, **options):
    assert run(folder, cells, engine=ThreadPoolExecutor(1), device="cpu", **options).complete
    return read(folder).drop(columns=MEASURED)


def test_the_table_has_what_was_asked_for(tmp_path, tiny):
    cells = tiny(streams=[1, 2], seeds=2)
    frame = trained(tmp_path / "tiny", cells)
    assert frame["run"].tolist() == [cell.id for cell in cells]
    assert frame["P"].tolist() == [cell.streams.count for cell in cells]
    assert frame["D"].tolist() == [2560] * 8
    assert (frame["loss"] < np.log(64)).all()
    assert set(status(tmp_path / "tiny")["state"]) == {"done"}
    assert not list(tmp_path.rglob("checkpoint.safetensors"))


def test_two_stages(tmp_path, tiny):
    frame = trained(tmp_path / "tiny", tiny(width=16, streams=[1, 2], two_stage=0.25))
    assert frame["stage"].tolist() == [2, 2]
    assert frame["D"].tolist() == [2560, 2560]


def test_a_cell_that_was_stopped_ends_with_the_same_loss(tmp_path, tiny):
    cells = tiny(width=16, streams=2)
    expected = trained(tmp_path / "whole", cells)
    sweep = make_sweep(tmp_path / "halted", cells)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("scalelaw.harness.sweep.working._stop", lambda _: iter([False] * 9 + [True] * 9).__next__)
        assert work(sweep.path, device="cpu") == []
    assert (sweep.folder(cells[0]) / "checkpoint.safetensors").exists()
    assert status(sweep.path)["state"].tolist() == ["to do"]
    assert trained(sweep.path, None).equals(expected)


def test_a_diverging_cell_is_recorded_with_its_step(tmp_path, tiny):
    cells = tiny(width=16, rate=[4e-3, 1e25], clip=1e30)
    outcome = run(tmp_path / "tiny", cells, engine=ThreadPoolExecutor(1), device="cpu")
    assert outcome.counts == {"done": 1, "diverged": 1}
    failed = read_json(tmp_path / "tiny" / "cells" / cells[1].id / "failed.json")
    assert failed["kind"] == "diverged"
    assert failed["step"] > 1
    assert "diverged at step" in failed["message"]
    assert len(read(tmp_path / "tiny")) == 1
    assert not lock_at(tmp_path / "tiny" / "cells" / cells[1].id / "lock").is_locked
