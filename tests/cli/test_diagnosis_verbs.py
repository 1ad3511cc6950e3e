"""The verbs diagnose, sensitivity, checklist and validate."""

import json

import pytest

PLAN = [
    "--assume",
    "E=1.8",
    "--assume",
    "A=480",
    "--assume",
    "B=2100",
    "--assume",
    "alpha=0.35",
    "--assume",
    "beta=0.37",
]


def test_diagnose_a_fit(shell, runs_csv, tmp_path) -> None:
    done = shell(
        "diagnose", runs_csv, "--law", "parscale", "--of", "multiplier at N=1B,P=8", "--figure", tmp_path / "i.png"
    )
    assert done.code == 0
    assert "Runs that move the fit most, of 24" in done.out
    assert (tmp_path / "i.png").exists()
    found = json.loads(shell("diagnose", runs_csv, "--law", "parscale", "--json").out)
    assert {"findings", "influence", "residuals", "identifiability", "condition", "run"} <= set(found)


def test_diagnose_a_saved_fit(shell, runs_csv, tmp_path) -> None:
    shell("fit", runs_csv, "--law", "parscale", "-o", tmp_path / "fit.json")
    done = shell("diagnose", tmp_path / "fit.json", "--at", "N=70B", "--at", "P=8")
    assert done.code == 0
    assert "outside of the runs" in " ".join(done.out.split())


def test_diagnose_a_plan(shell, tmp_path) -> None:
    plan = tmp_path / "plan.csv"
    plan.write_text(
        "N,D\n" + "".join(f"{n},{20 * n}\n" for n in (10**8, 3 * 10**8, 10**9, 3 * 10**9, 5 * 10**9, 10**10))
    )
    done = shell("diagnose", plan, "--law", "chinchilla", *PLAN)
    assert done.code == 0
    assert "D is 20 times N in every run" in " ".join(done.out.split())
    found = json.loads(shell("diagnose", plan, "--law", "chinchilla", *PLAN, "--json").out)
    assert found["condition"] is None
    assert set(found["run"]) == {"N", "D"}
    refused = shell("diagnose", plan, "--law", "chinchilla")
    assert refused.code == 1
    assert "E, A, B, alpha and beta of law 'chinchilla' are not given" in refused.err


def test_sensitivity(shell, runs_csv, tmp_path) -> None:
    options = ("sensitivity", runs_csv, "--law", "parscale", "--of", "k", "--only", "space", "--only", "sizes")
    done = shell(*options, "--figure", tmp_path / "t.pdf")
    assert done.code == 0
    assert "residuals of loss" in done.out
    assert (tmp_path / "t.pdf").exists()
    rows = json.loads(shell(*options, "--json").out)
    assert [row["what"] for row in rows] == ["base", "space", "sizes", "sizes", "sizes", "sizes"]


def test_sensitivity_of_a_saved_fit(shell, runs_csv, tmp_path) -> None:
    saved, rest = tmp_path / "fit.json", ("--of", "k", "--only", "space", "--json")
    shell("fit", runs_csv, "--law", "parscale", "-o", saved)
    known = json.loads(shell("sensitivity", runs_csv, "--law", "parscale", *rest).out)
    assert json.loads(shell("sensitivity", saved, *rest).out) == known
    refused = shell("sensitivity", saved, "--delta", "auto", *rest)
    assert refused.code == 2
    assert "a saved fit keeps how it was fitted" in refused.err
    assert "holds runs and no fit" in shell("sensitivity", "parscale-pile", *rest).err


@pytest.mark.parametrize("option", [("--bootstrap", "100"), ("--where", "P=1"), ("--column", "N=size")])
def test_a_saved_fit_takes_no_options_of_fitting(shell, runs_csv, tmp_path, option) -> None:
    shell("fit", runs_csv, "--law", "parscale", "-o", tmp_path / "fit.json")
    refused = shell("equivalence", tmp_path / "fit.json", "--n", "1B", "--p", "8", *option)
    assert refused.code == 2
    assert "a saved fit keeps its runs and its draws" in " ".join(refused.err.split())


def test_checklist(shell, runs_csv, tmp_path) -> None:
    done = shell("checklist", "parscale-pile", "--law", "parscale", "--tell", "optimiser=AdamW")
    assert done.code == 0
    assert "- [x] **Which optimiser?** AdamW" in done.out
    assert "The Pile" in done.out
    assert "missing: " in done.err
    shell("fit", runs_csv, "--law", "parscale", "-o", tmp_path / "fit.json")
    assert shell("checklist", tmp_path / "fit.json", "--runs", runs_csv, "--latex").out.startswith("% needs")
    assert json.loads(shell("checklist", tmp_path / "fit.json", "--json").out)["schema"] == "checklist/1"
    assert shell("checklist", "parscale-pile", "--law", "parscale", "--json", "--latex").code == 2
    assert shell("checklist", "parscale-pile", "--law", "parscale", "--tell", "luck=much").code == 1


@pytest.mark.slow
def test_validate(shell) -> None:
    done = shell("validate", "--json")
    assert done.code == 0
    assert len(json.loads(done.out)) > 30


def test_validate_exits_with_1_where_something_disagrees(shell, monkeypatch) -> None:
    from scalelaw import validate as validating

    monkeypatch.setattr(validating, "names", lambda: ("parscale-pile",))
    done = shell("validate")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) < 150
    assert next(line for line in done.out.splitlines() if "R2" in line).split()[-1] == "agrees"
    real = validating.fit
    monkeypatch.setattr(validating, "fit", lambda law, runs, **options: real(law, runs, **{**options, "delta": 1e-2}))
    done = shell("validate")
    assert done.code == 1
    assert "DISAGREES" in done.out
    assert "Something disagrees" in done.err
