"""The verbs cost and plan, as a shell sees them."""

import json
import re

import pandas as pd
import pytest

from scalelaw.cost import Hardware, measured

ORIN = ("--hardware", "jetson-orin", "--memory", "8GiB", "--latency", "60ms/token", "--batch", "1")


def test_a_cost_is_a_row_for_each_model(shell):
    outcome = shell("cost", "--size", "1.6B", "--size", "2.8B", "--p", "1", "--p", "8", "--json")
    rows = json.loads(outcome.out)
    assert (rows[0]["N"], rows[0]["P"]) == (1571472384, 1)
    assert len(rows) == 4
    assert rows[1]["memory"] > rows[0]["memory"]
    shown = shell("cost", "--size", "1.6B", "--hardware", "raspberry-pi-5", "--terms")
    assert "memory cache" in shown.out
    assert max(map(len, shown.out.splitlines())) < 80


def test_terms_stand_below_their_sums(shell):
    arguments = ("cost", "--p", "1", "--p", "8", "--terms")
    lines = [re.split(r"\s{2,}", line.strip()) for line in shell(*arguments).out.splitlines()]
    shown = {name: [float(each.replace(",", "")) for each in values] for name, *values in lines}
    rows = json.loads(shell(*arguments, "--json").out)
    assert shown["N"] == [row["N"] for row in rows]
    for part, unit in (("memory", "GiB"), ("prefill", "s"), ("decode", "s")):
        terms = [values for name, values in shown.items() if name.startswith(f"{part} ")]
        assert len(terms) >= 5
        assert [sum(values) for values in zip(*terms, strict=True)] == pytest.approx(shown[f"{part}, {unit}"], rel=1e-3)
    assert shown["latency, s"] == pytest.approx([row["latency"] for row in rows], rel=1e-3)


def test_a_machine_and_a_model_from_files(shell, tmp_path):
    machine, config = tmp_path / "mine.json", tmp_path / "config.json"
    machine.write_text('{"name": "mine", "peak": {"fp16": 1e13}, "bandwidth": 1e11, "memory": 8e9}')
    config.write_text(
        '{"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, '
        '"num_attention_heads": 4, "vocab_size": 100}'
    )
    outcome = shell("cost", "--size", config, "--p", "1", "--hardware", machine, "--json")
    assert json.loads(outcome.out)[0]["N"] == 82240
    machine.write_text("{")
    assert "is not JSON" in shell("cost", "--hardware", machine).err
    assert "cannot read" in shell("cost", "--hardware", "nowhere.json").err


def test_what_training_costs(shell):
    rows = json.loads(shell("cost", "train", "--p", "1", "--p", "8", "--d", "1B", "--batch", "1", "--json").out)
    assert [(row["P"], row["trained"], row["checkpointing"]) for row in rows] == [
        *((1, "all", each) for each in (False, True)),
        *((8, trained, each) for trained in ("all", "streams") for each in (False, True)),
    ]
    flops = [row["flops"] for row in rows]
    assert 7 < flops[2] / flops[0] < 8
    assert flops[4] < flops[2] < flops[3]
    for row in rows:
        parts = sum(row[name] for name in ("weights", "gradients", "moments", "activations"))
        assert row["memory"] == pytest.approx(parts)
    assert rows[5]["memory"] < rows[4]["memory"] < rows[2]["memory"]
    assert "flops" in shell("cost", "train").out


def test_machines_are_listed(shell):
    outcome = shell("cost", "hardware")
    assert "raspberry-pi-5" in outcome.out
    assert "h200: NVIDIA H200" in outcome.out
    table = outcome.out.partition("\n\n")[0]
    assert max(map(len, table.splitlines())) < 120
    assert json.loads(shell("cost", "hardware", "--json").out)[0]["source"].startswith("NVIDIA A100")


def test_this_machine_is_measured(shell, monkeypatch):
    made = {"peak": {"fp32": 1e11}, "bandwidth": 1e10, "memory": 1e10, "overhead": 1e-4, "source": "made up"}
    monkeypatch.setattr(Hardware, "measure", lambda *, threads=None: Hardware(name=f"here, {threads}", **made))
    outcome = shell("cost", "hardware", "--measure")
    assert "product_rows" in outcome.out
    assert "here, 1: made up" in outcome.out
    assert "busy" not in outcome.out + shell("cost", "--hardware", "here").err


def test_a_busy_machine_is_told_of(shell, monkeypatch):
    made = {"peak": {"fp32": 1e11}, "bandwidth": 1e10, "memory": 1e10, "source": "made up", "noisy": True}
    monkeypatch.setattr(Hardware, "measure", lambda *, threads=None: Hardware(name=f"here, {threads}", **made))
    assert "The machine was busy meanwhile" in shell("cost", "hardware", "--measure").out
    outcome = shell("cost", "--hardware", "here")
    assert outcome.code == 0
    assert "this machine was busy while its rates were measured" in outcome.err


@pytest.mark.parametrize(
    "verb",
    [
        ("cost",),
        ("cost", "train"),
        ("cost", "reproduce"),
        ("cost", "measure"),
        ("cost", "study"),
        ("cost", "hardware"),
        ("plan",),
    ],
)
def test_help_has_an_example(shell, verb):
    outcome = shell(*verb, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert f"Example: scalelaw {' '.join(verb)}" in outcome.out


def test_a_plan_from_runs(shell, runs_csv, tmp_path):
    fit, figure = tmp_path / "fit.json", tmp_path / "regions.pdf"
    assert shell("fit", runs_csv, "--law", "parscale", "--bootstrap", "20", "-o", fit).code == 0
    outcome = shell("plan", fit, *ORIN, "--figure", figure)
    assert outcome.code == 0, outcome.err
    assert "nats per token" in outcome.out
    assert figure.read_bytes().startswith(b"%PDF")
    found = json.loads(shell("plan", fit, *ORIN, "--d", "42B", "--tokens", "1T", "--json").out)
    assert found["best"]["memory"] <= 2**33
    assert found["best"]["lifetime_flops"] > found["best"]["train_flops"]
    assert {row["limit"] for row in found["sensitivity"]} == {"memory", "per_token"}


def test_a_family_of_ones_own_in_the_shell(shell, runs_csv):
    given = ("--law", "parscale", "--hardware", "raspberry-pi-5", "--memory", "1GiB", "--json")
    own = ("--family", "vocabulary=32k", "--family", "layers=24", "--family", "tied=false")
    usual, other = (json.loads(shell("plan", runs_csv, *given, *more).out) for more in ((), own))
    assert (other["shape"]["vocabulary"], other["shape"]["layers"], other["shape"]["tied"]) == (32000, 24, False)
    assert other["best"]["N"] > usual["best"]["N"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cost", "--batch", "0"), "batch is 0; it must be whole numbers of at least 1"),
        (("cost", "--input", "-1"), "input_tokens is -1"),
        (("cost", "--hardware", "abacus"), "no hardware is called 'abacus'; there are a100"),
        (("cost", "--size", "big"), "N='big' is not a number of parameters"),
        (("cost", "--weights", "fp15"), "weights is 'fp15'"),
        (("plan", "RUNS", "--law", "parscale", "--hardware", "a100", "--family", "vocab=9"), "no field 'vocab'; its"),
        (("plan", "RUNS", "--law", "parscale", "--hardware", "a100", "--family", "width=9"), "width follows from N"),
        (("plan", "RUNS", "--law", "parscale", "--hardware", "a100", "--family", "heads=0"), "heads is 0; it must be"),
        (
            ("plan", "RUNS", "--law", "parscale", "--hardware", "a100", "--memory", "10MB"),
            "nothing fits within 9.54 MiB",
        ),
        (("plan", "RUNS", "--law", "(A/N)^alpha", "--hardware", "a100"), "needs a law in N and P"),
        (("cost", "train", "--context", "0"), "context is 0; it must be whole numbers of at least 1"),
        (("cost", "train", "--d", "0"), "tokens is 0.0; it must be a number above 0"),
        (("cost", "--p", "9000000000000000"), "has about 2^62 parameters or more; choose less"),
        (("cost", "--p", "100000000000000000000"), "P must be a whole number of at least 1"),
        (("cost", "train", "--batch", "-1"), "batch is -1; it must be whole numbers of at least 1"),
        (("cost", "train", "--dtype", "int4"), "dtype is 'int4'; choose fp32, bf16, fp16"),
        (("cost", "measure", "--size", "100M", "-o", "costs.csv"), "name a .parquet file"),
        (("cost", "measure", "--size", "100M", "-o", "c.parquet", "--huggingface"), "measured from its config.json"),
    ],
)
def test_bad_input_is_one_sentence(shell, runs_csv, arguments, message):
    outcome = shell(*(runs_csv if each == "RUNS" else each for each in arguments))
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_measurements_go_into_a_table(shell, monkeypatch, tmp_path):
    machine = Hardware(name="made up", peak={"fp32": 1e11}, bandwidth=1e10, memory=1e10)
    found = {"prefill": [1.0, 1.0], "per_token": [0.1, 0.15], "memory": 5, "resident": 6, "faults": 0}
    monkeypatch.setattr(measured.measuring, "_found", lambda _: found)
    monkeypatch.setattr(Hardware, "measure", lambda **_: machine)
    path = tmp_path / "costs.parquet"
    outcome = shell("cost", "measure", "--size", "100M", "--p", "1", "--p", "2", "-o", path, "--threads", "1", "--json")
    assert outcome.code == 0, outcome.err
    rows = json.loads(outcome.out)
    assert [row["noisy"] for row in rows] == [True, True]
    assert pd.read_parquet(path)["P"].tolist() == [1, 2]


def test_a_study_in_one_command(shell, monkeypatch, tmp_path):
    def process(job):
        step = 1e-5 * job["shape"]["ffn"] + 1e-4 * job["streams"]
        return {
            "prefill": [10 * step] * 2,
            "per_token": [step] * 2,
            "memory": int(1e9 * step),
            "resident": 6,
            "faults": 0,
        }

    machine = Hardware(name="made up", peak={"fp32": 1e11}, bandwidth=1e10, memory=1e10)
    monkeypatch.setattr(measured.measuring, "_found", process)
    monkeypatch.setattr(Hardware, "measure", lambda **_: machine)
    folder, figure = tmp_path / "study", tmp_path / "study.pdf"
    given = ("--size", "5M", "--p", "2", "--batch", "1", "--batch", "2")
    outcome = shell("cost", "study", folder, *given, "--figure", figure)
    assert outcome.code == 0, outcome.err
    assert "what P = 2 adds" in outcome.out
    assert figure.read_bytes().startswith(b"%PDF")
    assert len(pd.read_parquet(folder / "costs.parquet")) == 6
    assert json.loads((folder / "hardware.json").read_text())["name"] == "made up"


@pytest.mark.slow
def test_the_papers_numbers_in_one_command(shell, tmp_path):
    figure = tmp_path / "costs.pdf"
    outcome = shell("cost", "reproduce", "--figure", figure, "--bootstrap", "20")
    assert "22.55" in outcome.out
    assert "roofline, jetson-orin" in outcome.out
    assert figure.read_bytes().startswith(b"%PDF")
