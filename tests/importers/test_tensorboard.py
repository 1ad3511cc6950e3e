"""Runs of TensorBoard: event files that PyTorch's SummaryWriter and TensorBoard's own writer really wrote."""

import json

import pytest

import scalelaw as sl
from scalelaw import importers
from scalelaw.cli.app import _run
from scalelaw.cost import Shape, parameters
from scalelaw.errors import MissingExtra, RunsError

from .test_wandb import MODEL

pytest.importorskip("tensorboard", reason="needs the extra tensorboard")
SummaryWriter = pytest.importorskip("torch.utils.tensorboard", reason="needs the extra train").SummaryWriter


def write(folder, *, steps=4, tokens=True, texts=(), hparams=None):
    writer = SummaryWriter(str(folder))
    for name, text in texts:
        writer.add_text(name, text)
    for step in range(1, steps + 1):
        writer.add_scalar("train/loss", 4.0 - step / 10, step)
        if tokens:
            writer.add_scalar("tokens", 100 * step, step)
    writer.add_scalar("val/loss", 3.0, steps - 2)
    writer.add_scalar("val/loss", 2.5, steps)
    if hparams:
        writer.add_hparams(hparams, {"hparam/loss": 2.5})
    writer.close()
    return folder


def test_hyperparameters_are_settings_and_runs_are_folders(tmp_path):
    for P in (1, 2):
        write(tmp_path / "grid" / f"p{P}", hparams={"n_params": 1000 * P, "streams": P, "note": "x", "tied": True})
    table = importers.read_tensorboard(tmp_path)
    assert table[["run", "N", "P", "D", "step"]].to_numpy().tolist() == [
        ["grid/p1", 1000, 1, 400, 4],
        ["grid/p2", 2000, 2, 400, 4],
    ]
    assert table.loss.tolist() == [2.5, 2.5]
    assert table.train_loss.tolist() == pytest.approx([3.6, 3.6])
    assert table.source.tolist()[0] == f"tensorboard:{tmp_path / 'grid' / 'p1'}"
    assert importers.read_tensorboard(tmp_path / "grid" / "p1", curve=True).D.tolist() == [200, 400]


def test_sizes_from_a_table_and_tokens_from_steps(tmp_path):
    write(tmp_path / "a", tokens=False)
    about = {"run": ["a"], "N": ["2M"], "P": [4]}
    table = importers.read_tensorboard(tmp_path, about=about, tokens_per_step=512)
    assert table[["N", "P", "D"]].to_numpy().tolist() == [[2_000_000, 4, 2048]]
    assert "no count of tokens" in importers.read_tensorboard(tmp_path, about=about).attrs["scalelaw"]["notes"][0]


def test_no_value_of_a_long_run_is_left_out(tmp_path):
    write(tmp_path / "a", steps=12_000, hparams={"n_params": 1000})
    (row,) = importers.read_tensorboard(tmp_path).to_dict("records")
    assert (row["D"], row["step"], row["train_loss"]) == (1_200_000, 12_000, pytest.approx(4.0 - 1200))


def test_the_texts_of_transformers_say_what_the_model_is(tmp_path):
    config = {**MODEL, "parscale_n": 2, "parscale_n_tokens": 5}
    texts = [("args", json.dumps({"seed": 5, "learning_rate": 0.1})), ("model_config", json.dumps(config)), ("x", "{")]
    write(tmp_path / "a", texts=texts)
    (row,) = importers.read_tensorboard(tmp_path / "a").to_dict("records")
    assert (row["run"], row["P"], row["seed"]) == ("a", 2, 5)
    assert row["N"] == parameters(Shape.from_config(config), 2)["N"]
    assert row["C"] > 2 * 6 * 400 * parameters(Shape.from_config(config), 2)["n_mlp"]


def test_scalars_as_tensorflow_writes_them(tmp_path):
    summary = pytest.importorskip("tensorboard.summary")
    writer = summary.Writer(str(tmp_path / "a"))
    writer.add_scalar("val_loss", 2.5, 7)
    writer.close()
    table = importers.read_tensorboard(tmp_path, about={"run": ["a"], "N": [1000]}, tokens_per_step=3)
    assert table[["loss", "step", "D"]].to_numpy().tolist() == [[2.5, 7, 21]]


def test_what_cannot_be_read(tmp_path, monkeypatch, capsys):
    with pytest.raises(RunsError, match="no file or folder"):
        importers.read_tensorboard(tmp_path / "nowhere")
    with pytest.raises(RunsError, match="holds no event file"):
        importers.read_tensorboard(tmp_path)
    write(tmp_path / "a")
    with pytest.raises(RunsError, match="run 'a' does not say how many parameters"):
        importers.read_tensorboard(tmp_path)
    assert _run(["import", "tensorboard", str(tmp_path)], debug=False) == 1
    said = capsys.readouterr().err
    assert "how many parameters" in said
    assert "--column N=... or columns={'N': ...}" in said
    monkeypatch.setitem(__import__("sys").modules, "tensorboard", None)
    with pytest.raises(MissingExtra, match=r"scalelaw\[tensorboard\]"):
        importers.read_tensorboard(tmp_path)


def test_the_shell(tmp_path, capsys):
    write(tmp_path / "a", hparams={"n_params": 1000})
    out = tmp_path / "runs.csv"
    assert _run(["import", "tensorboard", str(tmp_path), "-o", str(out), "--json"], debug=True) == 0
    assert json.loads(capsys.readouterr().out)[0]["N"] == 1000
    assert sl.read(out).N.tolist() == [1000]
