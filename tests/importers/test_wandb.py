"""Runs of Weights & Biases: exports as its page and its package make them, a folder that it really wrote, its API."""

import json
import types

import pandas as pd
import pytest

import scalelaw as sl
from scalelaw import importers
from scalelaw.cli.app import _run
from scalelaw.cost import Shape, parameters, train_flops
from scalelaw.errors import MissingExtra, RunsError

MODEL = {
    "model_type": "qwen2",
    "num_hidden_layers": 2,
    "hidden_size": 16,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 32,
    "vocab_size": 61,
    "tie_word_embeddings": False,
}
HISTORY = [
    {"_step": 0, "train/loss": 4.0, "tokens": 100},
    {"_step": 1, "val/loss": 3.5, "tokens": 200},
    {"_step": 2, "train/loss": 3.0, "tokens": 300},
    {"_step": 3, "val/loss": 2.5, "tokens": 400},
]


def export(folder, rows=HISTORY, ending=".csv", name="run-a"):
    frame, path = pd.DataFrame(rows), folder / f"{name}{ending}"
    if ending == ".csv":
        frame.to_csv(path, index=False)
    elif ending == ".parquet":
        frame.to_parquet(path)
    elif ending == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        path.write_text(json.dumps(rows))
    return path


def with_size(rows=HISTORY, **more):
    return [{**row, "config.n_params": 1000, **more} for row in rows]


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl", ".json"])
def test_the_history_of_a_run(ending, tmp_path):
    table = importers.read_wandb(export(tmp_path, with_size(), ending))
    (row,) = table.to_dict("records")
    assert (row["run"], row["N"], row["P"], row["D"], row["loss"], row["step"]) == ("run-a", 1000, 1, 400, 2.5, 3)
    assert row["train_loss"] == 3.0
    assert row["source"] == f"wandb:{tmp_path / f'run-a{ending}'}"
    assert "notes" not in table.attrs["scalelaw"]
    assert importers.read_wandb(tmp_path, curve=True)[["D", "loss"]].to_numpy().tolist() == [[200, 3.5], [400, 2.5]]


def test_columns_as_pandas_writes_them_to_json(tmp_path):
    pd.DataFrame(with_size()).to_json(tmp_path / "a.json")
    assert importers.read_wandb(tmp_path / "a.json").D.tolist() == [400]


def test_rows_out_of_order_and_several_runs_in_one_file(tmp_path):
    rows = [row | {"run": name} for name in "ab" for row in reversed(with_size())]
    assert importers.read_wandb(export(tmp_path, rows)).loss.tolist() == [2.5, 2.5]


def test_a_history_artifact_is_called_as_its_folder(tmp_path):
    folder = tmp_path / "run-x1-history"
    folder.mkdir()
    export(folder, with_size(), ".parquet", "0000")
    assert importers.read_wandb(tmp_path).run.tolist() == ["run-x1-history"]


def test_tokens_of_a_step_where_none_were_counted(tmp_path):
    rows = [{name: value for name, value in row.items() if name != "tokens"} for row in with_size()]
    path = export(tmp_path, rows)
    table = importers.read_wandb(path)
    assert "D" not in table
    assert "no count of tokens" in table.attrs["scalelaw"]["notes"][0]
    assert importers.read_wandb(path, tokens_per_step=64).D.tolist() == [3 * 64]


def test_flops_that_may_ignore_streams_are_left_out(tmp_path):
    path = export(tmp_path, with_size(**{"config.streams": 4, "flops": 6e5}))
    table = importers.read_wandb(path)
    assert table.P.tolist() == [4]
    assert "C" not in table
    assert "may not count streams" in table.attrs["scalelaw"]["notes"][0]
    assert importers.read_wandb(path, columns={"C": "flops"}).C.tolist() == [6e5]
    alone = importers.read_wandb(export(tmp_path, with_size(flops=6e5), name="b"))
    assert alone.C.tolist() == [6e5]


def test_a_model_of_transformers_says_n_p_and_flops(tmp_path):
    log = types.SimpleNamespace(
        name="a",
        path=["me", "project", "x1"],
        config={**MODEL, "parscale_n": 4, "parscale_n_tokens": 5, "_wandb": {}, "model/num_parameters": 9},
        scan_history=lambda: [
            {"train/global_step": 2, "eval/loss": 3.0, "_step": 0},
            {"train/global_step": 4, "eval/loss": 2.0, "train/loss": None, "_step": 1},
            {"train/global_step": 4, "train/total_flos": 6 * 4000 * n_and_head(4), "_step": 2},
        ],
    )
    table = importers.read_wandb([log], curve=True, context=64)
    shape = Shape.from_config({**MODEL, "parscale_n_tokens": 5})
    assert table.D.tolist() == [2000, 4000]
    assert table.N.tolist() == [parameters(shape, 4)["N"]] * 2
    assert table.C.tolist() == pytest.approx([train_flops(shape, 4, tokens=D, context=64) for D in (2000, 4000)])
    assert table.source.tolist() == ["wandb:me/project/x1"] * 2
    assert table.step.tolist() == [2, 4]


def n_and_head(P):
    counts = parameters(Shape.from_config({**MODEL, "parscale_n_tokens": 5}), P)
    return counts["N"] + counts["n_head"]


def test_what_the_documentation_exports(tmp_path):
    pd.DataFrame(
        {
            "summary": [{"val/loss": 2.5, "tokens": 400, "_step": 3}],
            "config": [{"model": {"n_params": "1.6B"}, "seed": 7}],
            "name": ["sunny-1"],
        }
    ).to_csv(tmp_path / "project.csv")
    (row,) = importers.read_wandb(tmp_path).to_dict("records")
    assert (row["run"], row["N"], row["D"], row["loss"], row["seed"]) == ("sunny-1", 1.6e9, 400, 2.5, 7)


def test_the_table_of_runs(tmp_path):
    (tmp_path / "wandb_export.csv").write_text(
        '"Name","State","Notes","n_params","streams","tokens","val/loss"\n'
        '"a","finished","-","1000","2","4000","2.5"\n"b","finished","-","2000","4","4000","2.25"\n'
    )
    table = importers.read_wandb(tmp_path)
    assert table[["run", "N", "P", "D", "loss"]].to_numpy().tolist() == [
        ["a", 1000, 2, 4000, 2.5],
        ["b", 2000, 4, 4000, 2.25],
    ]


CHART = '"Step","a - val/loss","a - val/loss__MIN","a - val/loss__MAX"\n1,3.5,3.5,3.5\n2,2.5,2.5,{}\n'


def test_a_chart_needs_sizes_and_no_means(tmp_path):
    path = tmp_path / "chart.csv"
    path.write_text(CHART.format("2.5"))
    table = importers.read_wandb(path, about={"run": ["a"], "N": ["1B"], "D": ["2B"], "P": [2]})
    assert table[["N", "P", "D", "loss", "step"]].to_numpy().tolist() == [[1e9, 2, 2e9, 2.5, 2]]
    path.write_text(CHART.format("2.75"))
    with pytest.raises(RunsError, match="mean over several steps"):
        importers.read_wandb(path, about={"run": ["a"], "N": ["1B"]})


def test_a_sample_is_noted(tmp_path):
    rows = with_size([{"_step": 7 * i, "val/loss": 3.0, "tokens": i + 1} for i in range(500)])
    assert "look like a sample" in importers.read_wandb(export(tmp_path, rows)).attrs["scalelaw"]["notes"][0]
    whole = with_size([{"_step": i, "val/loss": 3.0, "tokens": i + 1} for i in range(500)])
    assert "notes" not in importers.read_wandb(export(tmp_path, whole)).attrs["scalelaw"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What the real package leaves of two runs without a network."""
    wandb = pytest.importorskip("wandb", reason="needs the extra wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "else"))
    for streams in (1, 2):
        config = {"model": {"n_params": 1000 + streams}, "streams": streams, "seed": 3}
        with wandb.init(
            dir=tmp_path, project="laws", name=f"p{streams}", config=config, settings={"console": "off"}
        ) as run:
            for step in range(40):
                run.log({"train": {"loss": 4.0 - step / 40}, "tokens": 10 * (step + 1)})
            run.log({"val/loss": 3.0 - streams / 10, "tokens": 400})
            run.config["late"] = "x" * 50_000  # longer than a block of the file
    return tmp_path / "wandb"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_folder_that_it_writes(folder, tmp_path):
    table = importers.read_wandb(folder)
    assert table[["run", "N", "P", "D", "seed"]].to_numpy().tolist() == [
        ["p1", 1001, 1, 400, 3],
        ["p2", 1002, 2, 400, 3],
    ]
    assert table.loss.tolist() == pytest.approx([2.9, 2.8])
    assert table.step.tolist() == [40, 40]
    (file, *_) = sorted(folder.rglob("*.wandb"))
    assert importers.read_wandb(file).run.tolist() == ["p1"]
    torn = tmp_path / "torn.wandb"
    torn.write_bytes(file.read_bytes()[:-30_000])
    cut = importers.read_wandb(torn)
    assert "cut short" in cut.attrs["scalelaw"]["notes"][0]
    torn.write_bytes(b"nothing of the kind")
    with pytest.raises(RunsError, match="no log of Weights & Biases"):
        importers.read_wandb(torn)


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (HISTORY, {}, "how many parameters"),
        ([{"_step": 1, "loss": 2.0}], {}, "no held-out loss"),
        ([{"_step": 1, "val/loss": 2.0, "test/loss": 2.0}], {}, "'test/loss', 'val/loss'; name one"),
        (with_size(), {"loss": "eval"}, "logs no 'eval'"),
        (with_size(), {"columns": {"D": "toks"}}, "no metric or setting 'toks'"),
        (with_size(), {"columns": {"L": "tokens"}}, "chosen as 'L'"),
        (with_size(), {"tokens_per_step": 0}, "more than 0"),
        (with_size(), {"trained": "some"}, "all or streams"),
        (with_size(), {"about": {"N": [1]}}, "no column run"),
        (with_size(), {"about": {"run": ["a", "a"], "N": [1, 1]}}, "twice"),
        (with_size(**{"config.params": 999}), {}, "each of which could be N; choose one with --column N="),
        ([{"val/loss": 2.0, "n_params": 5}], {"tokens_per_step": 8}, "no step to count tokens by"),
    ],
)
def test_what_cannot_be_read(rows, options, words, tmp_path):
    with pytest.raises(RunsError, match=words):
        importers.read_wandb(export(tmp_path, rows), **options)


def test_no_run_and_torn_files(tmp_path):
    with pytest.raises(RunsError, match="no file or folder"):
        importers.read_wandb(tmp_path / "nowhere")
    with pytest.raises(RunsError, match="holds no export"):
        importers.read_wandb(tmp_path)
    with pytest.raises(RunsError, match="there are no runs"):
        importers.read_wandb([])
    for text, words in (("[{", "cut short"), ("3", "is no table")):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(RunsError, match=words):
            importers.read_wandb(tmp_path)
    for name in "ab":
        export(tmp_path, with_size(run="x"), name=name)
    (tmp_path / "a.json").unlink()
    with pytest.raises(RunsError, match="both of a run 'x'"):
        importers.read_wandb(tmp_path)


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "wandb", None)
    (tmp_path / "run-a.wandb").write_bytes(b":W&B\xe1\xbe\0")
    with pytest.raises(MissingExtra, match=r"scalelaw\[wandb\]"):
        importers.read_wandb(tmp_path)


def test_the_shell_and_a_law_of_what_it_read(tmp_path, capsys):
    sizes = {"a": 10e6, "b": 20e6, "c": 40e6, "d": 80e6, "e": 160e6}
    for name, N in sizes.items():
        rows = [
            {"_step": i, "val/loss": 1.5 + (4e7 / N) ** 0.4 * (6 - i), "n_params": N, "tokens": i + 1} for i in range(6)
        ]
        export(tmp_path, rows, name=name)
    out = tmp_path / "runs.parquet"
    assert _run(["import", "wandb", str(tmp_path), "--column", "D=tokens", "-o", str(out)], debug=True) == 0
    said = capsys.readouterr()
    assert "5 rows" in said.err
    assert said.out.split()[:6] == ["run", "P", "N", "D", "C", "loss"] or said.out.split()[0] == "run"
    fit = sl.fit("power_n", sl.read(out))
    assert fit.params["E"] == pytest.approx(1.5, abs=1e-6)
    assert _run(["import", "wandb", str(tmp_path), "--tokens-per-step", "many"], debug=False) == 2
