"""The bundled sets against sums over their sources, the paper's formula for N, and SOURCES.md."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scalelaw.datasets
from scalelaw.datasets import about, load, load_columns, names
from scalelaw.errors import ScalelawError
from scalelaw.runs import check, check_columns, read, resolve, units

FOLDER = Path(scalelaw.datasets.__file__).parent
SOURCES = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
NOT_RUNS = {"parscale-downstream"}
RUNS = [name for name in names() if name not in NOT_RUNS]

# rows, sum of N, sum of D, sum of losses: taken from the raw files of the sources
GOLDEN = {
    "chinchilla": (234, 388542209218, 7343515287034, 615.427738),
    "gadre": (104, 40749767424, 4238226944160, 387.013835),
    "gemstones": (220, 120807526400, 12104132198400, 676.398785),
    "gemstones-350b": (770, 422826342400, 138647332454400, 2303.914184),
    "gemstones-cool-begin": (199, 116786156544, 10902925475840, 608.990405),
    "gemstones-cool-end": (199, 116786156544, 11992341413888, 591.670214),
    "gemstones-lr-ablation": (200, 118793994240, 11002917683200, 617.05744),
    "olmo-ladder": (30, 34612620288, 2250279747584, 94.792576),
    "parscale-pile": (24, 44358600916, 1008000000000, 46.5569),
    "parscale-stack": (24, 44358600916, 1008000000000, 25.7348),
    "porian": (1745, 389172527104, 4242870721914, 7857.052986),
}


def test_the_sets_are_these():
    assert set(names()) == set(GOLDEN) | NOT_RUNS


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_sums(name):
    columns = load_columns(name)
    rows, n, d, loss = GOLDEN[name]
    assert len(columns["loss"]) == rows
    assert int(columns["N"].sum()) == n
    assert int(columns["D"].sum()) == d
    assert columns["loss"].sum() == pytest.approx(loss, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "row", "values"),
    [
        ("parscale-stack", 0, {"N": 535813376, "P": 1, "loss": 1.1722, "size": "0.5B"}),
        ("parscale-stack", 23, {"N": 4414502408, "N_backbone": 4353203200, "P": 8, "loss": 0.9794}),
        ("parscale-pile", 17, {"N": 4383854084, "P": 4, "loss": 1.7938}),
        ("chinchilla", 0, {"N": 73824672, "D": 3154403320, "loss": 3.405928}),
        ("gemstones", 0, {"N": 543482880, "D": 10003415040, "step": 2385, "loss": 3.1010556221}),
        ("gemstones-cool-end", 1, {"step": 5246, "loss": 2.8741080761}),
        ("olmo-ladder", 19, {"run": "3B-10xC", "N": 3169537280, "rerun": False}),
        ("gadre", 0, {"N": 359973888, "N_total": 411616256, "dataset": "c4_original"}),
        ("porian", 0, {"N": 331776, "D": 6279337063, "C": 1.25e16, "param_count": "kaplan", "val": "train"}),
    ],
)
def test_golden_rows(name, row, values):
    columns = load_columns(name)
    assert {column: columns[column][row] for column in values} == values


@pytest.mark.parametrize("name", RUNS)
def test_every_set_passes_check_unchanged(name):
    frame = load(name)
    pd.testing.assert_frame_equal(check(frame), frame)
    pd.testing.assert_frame_equal(read(FOLDER / f"{name}.parquet"), frame)
    assert frame.attrs["scalelaw"]["schema"] == "runs/1"
    assert frame.attrs["scalelaw"]["units"] == units(frame)


@pytest.mark.parametrize("name", RUNS)
def test_columns_and_frame_agree(name):
    columns, frame = load_columns(name), load(name)
    assert list(columns) == list(frame)
    pd.testing.assert_frame_equal(pd.DataFrame(columns), frame, check_like=False)


@pytest.mark.parametrize("name", RUNS)
def test_no_column_is_an_alias_of_another(name):
    assert resolve(load_columns(name)) == {column: column for column in load_columns(name)}


@pytest.mark.parametrize("name", names())
def test_plain_pandas_reads_it_with_its_provenance(name):
    frame = pd.read_parquet(FOLDER / f"{name}.parquet")
    assert frame.attrs["scalelaw"] == about(name)
    assert frame.attrs["scalelaw"]["name"] == name


@pytest.mark.parametrize("name", names())
def test_every_set_and_column_is_described(name):
    told = about(name)
    assert list(told["columns"]) == list(load_columns(name))
    for key in ("title", "paper", "source", "licence", "convention", "left_out"):
        assert told[key]
    section = SOURCES.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert told["paper"] in section
    assert told["licence"] in section
    for column, meaning in told["columns"].items():
        assert f"| `{column}` | {meaning} |" in section


def test_the_package_data_is_small():
    assert sum(file.stat().st_size for file in FOLDER.iterdir() if file.suffix != ".py" and file.is_file()) < 1_000_000


def parscale_parameters(width: int, ffn: int, streams: int) -> int:
    """Non-embedding parameters of the paper's models: 36 layers, 16 heads, 2 key-value heads, 48 prefix tokens."""
    layers, head, kv_heads, prefix = 36, width // 16, 2, 48
    kv = kv_heads * head
    attention = 2 * width * width + width + 2 * (width * kv + kv)
    backbone = layers * (attention + 3 * width * ffn + 2 * width) + width
    if streams == 1:
        return backbone
    aggregator = streams * width * width + width + width * streams + streams
    return backbone + 2 * layers * streams * kv_heads * prefix * head + aggregator


SHAPES = {
    "0.5B": (896, 4864),
    "0.7B": (1024, 5504),
    "1.1B": (1280, 6912),
    "1.6B": (1536, 8320),
    "2.8B": (2048, 11008),
    "4.4B": (2560, 13824),
}


@pytest.mark.parametrize("name", ["parscale-stack", "parscale-pile"])
def test_parscale_n_follows_from_the_shape(name):
    columns = load_columns(name)
    for size, n, backbone, streams in zip(*(columns[key] for key in ("size", "N", "N_backbone", "P")), strict=True):
        assert n == parscale_parameters(*SHAPES[size], int(streams))
        assert backbone == parscale_parameters(*SHAPES[size], 1)
    assert sorted(set(columns["P"].tolist())) == [1, 2, 4, 8]
    assert (columns["D"] == 42_000_000_000).all()


def test_gemstones_n_counts_embedding_and_head():
    """Grouped-query attention with heads of 128 and half as many groups, an ffn of 4 widths, two norms a layer."""
    columns = load_columns("gemstones", width=1024, depth=28)
    layer = 1024 * (8 + 2 * 4) * 128 + 1024 * 1024 + 3 * 4 * 1024 * 1024 + 2 * 1024
    assert columns["N"][0] == 28 * layer + 1024 + 2 * 50304 * 1024


def test_gemstones_has_ten_checkpoints_of_each_run():
    columns = load_columns("gemstones")
    _, counts = np.unique(columns["run"].astype(str), return_counts=True)
    assert counts.tolist() == [10] * 22
    assert (columns["D"] == columns["step"] * 2048 * 2048).all()


def test_the_main_gemstones_rows_are_in_the_longer_set():
    main, longer = load("gemstones"), load("gemstones-350b")
    assert len(main.merge(longer, on=["run", "step", "loss"])) == len(main)


def test_olmo_n_counts_the_head_but_not_the_embedding():
    columns = load_columns("olmo-ladder", size="190M")
    layer = 4 * 768 * 768 + 3 * 768 * 3072 + 4 * 768
    assert (columns["N"] == 12 * layer + 768 + 100352 * 768).all()


def test_olmo_reruns_are_flagged():
    frame = load("olmo-ladder")
    assert frame["rerun"].sum() == 5
    reruns = frame[frame["rerun"]].merge(frame[~frame["rerun"]], on=["N", "D"], suffixes=("", "_first"))
    assert len(reruns) == 5
    assert (reruns["loss"] - reruns["loss_first"]).abs().max() < 0.002


def test_gadre_n_leaves_out_one_embedding():
    columns = load_columns("gadre")
    assert set(((columns["N_total"] - columns["N"]) // 50432).tolist()) == {96, 512, 576, 1024, 2048, 4096}
    assert np.allclose(columns["C"], 6.0 * columns["N_total"] * columns["D"], rtol=1e-12)
    assert np.allclose(columns["D"], 20 * columns["chinchilla_multiple"] * columns["N_total"], rtol=1e-3)


@pytest.mark.parametrize("name", ["chinchilla", "porian"])
def test_compute_is_six_n_d(name):
    columns = load_columns(name)
    assert np.allclose(columns["C"], 6.0 * columns["N"] * columns["D"], rtol=1e-6)


def test_porian_settings():
    frame = load("porian")
    assert frame.groupby(["dataset", "hparams", "warmup", "decay", "param_count", "val"]).ngroups == 15
    assert frame["C"].nunique() == 12


def test_downstream_tables():
    frame = load("parscale-downstream")
    assert frame.attrs["scalelaw"]["schema"] == "downstream/1"
    assert frame["table"].value_counts().to_dict() == {2: 24, 3: 24, 4: 180}
    cell = frame.set_index(["table", "model", "metric"])["value"]
    assert cell[2, "ParScale 4.4B P=8", "HumanEval(+) and MBPP(+), average"] == 45.4
    assert cell[3, "ParScale 0.5B P=1", "six lm-evaluation-harness tasks, average"] == 49.1
    assert cell[4, "ParScale 1.6B P=8", "GSM8K"] == 38.4
    assert cell[4, "Qwen2.5-1.5B", "MBPP+ pass@10"] == 68.5
    assert frame["N"].isna().sum() == 5 * 20
    assert frame["value"].between(0, 100).all()


@pytest.mark.parametrize(
    ("metrics", "average"),
    [
        (["GSM8K", "GSM8K with chain of thought", "Minerva mathematics"], "mathematics, average"),
        (
            [f"{task} pass@{k}" for task in ("HumanEval", "HumanEval+", "MBPP", "MBPP+") for k in (1, 10)],
            "code, average",
        ),
        (["MMLU", "WinoGrande", "HellaSwag", "OpenBookQA", "PiQA", "ARC"], "general, average"),
    ],
)
def test_table_4_averages_are_those_of_its_columns(metrics, average):
    frame = load("parscale-downstream", table=4)
    wide = frame[frame["model"].str.startswith("ParScale")].pivot_table(index="model", columns="metric", values="value")
    assert np.allclose(wide[metrics].mean(axis=1), wide[average], atol=0.06)


def test_rows_can_be_chosen():
    frame = load("porian", dataset="rw", hparams="tuned", param_count="standard")
    assert len(frame) == 121
    assert len(load_columns("parscale-pile", P=8)["loss"]) == 6


@pytest.mark.parametrize(
    ("name", "where", "message"),
    [
        ("parscale", {}, "there is no bundled data set 'parscale'"),
        ("parscale-pyle", {}, "did you mean 'parscale-pile'"),
        ("../secrets", {}, "there is no bundled data set"),
        ("porian", {"corpus": "rw"}, "'porian' has no column 'corpus' to choose rows by; it has N, D"),
        ("porian", {"dataset": "pile"}, "has no row left with dataset='pile'; there is 'rw', 'owt2'"),
    ],
)
def test_what_is_not_there(name, where, message):
    with pytest.raises(ScalelawError, match=message):
        load(name, **where)


def test_loaded_columns_are_ones_own():
    load_columns("parscale-pile")["loss"].sum()
    first = load("parscale-pile")
    first["loss"] = 0.0
    assert load("parscale-pile")["loss"].min() > 1


def test_pandas_is_not_imported_for_columns():
    code = "import sys, scalelaw.datasets as d; d.load_columns('chinchilla'); assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", RUNS)
def test_checking_columns_again_changes_nothing(name):
    columns = load_columns(name)
    again = check_columns(columns)
    assert all(np.array_equal(columns[key], again[key]) for key in columns)
