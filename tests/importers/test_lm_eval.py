"""Scores of lm-evaluation-harness: files in its form, and one that it really wrote."""

import json

import pandas as pd
import pytest

import scalelaw as sl
from scalelaw import importers
from scalelaw.cli.app import _run
from scalelaw.errors import RunsError

RESULTS = {
    "hellaswag": {
        "alias": "hellaswag",
        "sample_len": 100,
        "acc,none": 0.4,
        "acc_stderr,none": 0.05,
        "acc_norm,none": 0.5,
        "acc_norm_stderr,none": 0.05,
    },
    "sciq": {"alias": "sciq", "acc,none": 0.7, "acc_stderr,none": "N/A"},
    "wikitext": {"bits_per_byte,none": 0.9, "bits_per_byte_stderr,none": "N/A"},
    "mmlu": {"acc,none": 0.3, "acc_stderr,none": 0.01},
    "mmlu_law": {"acc,none": 0.2, "acc_stderr,none": 0.01},
}
BETTER = {
    "hellaswag": {"acc": True, "acc_norm": True},
    "sciq": {"acc": True},
    "wikitext": {"bits_per_byte": False},
    "mmlu": {"acc": True},
    "mmlu_law": {"acc": True},
}
SCORED = ("hellaswag", "sciq", "mmlu")


def write(folder, model, *, streams=None, results=RESULTS, date=1.0, **more):
    folder.mkdir(parents=True, exist_ok=True)
    arguments = f"pretrained={model}" + (f",streams={streams},dtype=float32" if streams else "")
    document = {
        "results": results,
        "group_subtasks": {"mmlu": ["mmlu_law"]},
        "higher_is_better": BETTER,
        "n-samples": {task: {"original": 1000, "effective": 100} for task in results},
        "config": {"model": "hf", "model_args": arguments},
        "date": date,
        "model_name": model,
        **more,
    }
    path = folder / f"results_2026-11-24T10-00-0{int(date)}.json"
    path.write_text(json.dumps(document))
    return path


def runs(**columns):
    return pd.DataFrame({"run": ["a", "b"], "N": [1e6, 2e6], "P": [1, 4], "loss": [3.0, 2.5], **columns})


def test_every_metric_in_long_form(tmp_path):
    write(tmp_path / "x", "out/p4/checkpoint-9", streams=4)
    table = importers.read_lm_eval(tmp_path)
    assert table.task.tolist() == ["hellaswag", "hellaswag", "sciq", "wikitext", "mmlu", "mmlu_law"]
    assert table.P.tolist() == [4] * 6
    assert table.n.tolist() == [100] * 6
    assert table.group.tolist() == [""] * 5 + ["mmlu"]
    first = table.iloc[0]
    assert (first.model, first.metric, first["filter"], first.value, first.stderr) == (
        "out/p4/checkpoint-9",
        "acc",
        "none",
        0.4,
        0.05,
    )
    assert table.stderr.isna().tolist() == [False, False, True, True, False, False]


def test_the_latest_of_several_evaluations_and_arguments_as_a_dict(tmp_path):
    write(tmp_path, "m", date=2.0, results={"sciq": {"acc,none": 0.8}}, config={"model_args": {"streams": 2}})
    write(tmp_path, "m", date=1.0, results={"sciq": {"acc,none": 0.7}}, config={"model_args": {"streams": 2}})
    table = importers.read_lm_eval(tmp_path)
    assert table[["P", "value"]].to_numpy().tolist() == [[2, 0.8]]


def test_scores_beside_losses(tmp_path):
    write(tmp_path / "a", "models/a")
    write(tmp_path / "b", "models/b/checkpoint-100", results={**RESULTS, "sciq": {"acc,none": 0.9}})
    scores = importers.read_lm_eval(tmp_path)
    table = importers.with_scores(runs(), scores, tasks=SCORED, metrics=["acc_norm", "acc"])
    assert table[["run", "hellaswag", "sciq", "mmlu"]].to_numpy().tolist() == [["a", 50, 70, 30], ["b", 50, 90, 30]]
    assert table.score.tolist() == pytest.approx([50, 170 / 3])
    assert importers.with_scores(runs(), scores, tasks=["sciq"]).score.tolist() == [70, 90]


def test_one_run_at_several_p(tmp_path):
    for P in (1, 4):
        write(tmp_path / f"p{P}", "models/a", streams=P, results={"sciq": {"acc,none": 0.5 + P / 10}})
    table = importers.with_scores(runs(run=["a", "a"]), importers.read_lm_eval(tmp_path))
    assert table[["P", "score"]].to_numpy().tolist() == [[1, 60], [4, 90]]


@pytest.mark.parametrize(
    ("made", "options", "words"),
    [
        (runs(), {}, "'hellaswag' has acc and acc_norm; name one"),
        (runs(), {"tasks": ["arc"]}, "no results are of task 'arc'"),
        (runs(), {"tasks": ["wikitext"]}, "no metric that is better when higher"),
        (runs(), {"tasks": ["sciq"], "metrics": ["f1"]}, "has no f1"),
        (runs().drop(columns="run"), {"tasks": ["sciq"]}, "no column run"),
        (runs(run=["b", "c"]), {"tasks": ["sciq"]}, "no run is called 'models/a'"),
        (runs(run=["a", "a"]), {"tasks": ["sciq"]}, "has 2 rows"),
    ],
)
def test_what_cannot_be_joined(made, options, words, tmp_path):
    write(tmp_path, "models/a")
    with pytest.raises(RunsError, match=words):
        importers.with_scores(made, importers.read_lm_eval(tmp_path), **options)


def test_a_run_that_lacks_a_task_and_one_evaluated_under_two_names(tmp_path):
    write(tmp_path / "a", "models/a")
    write(tmp_path / "b", "models/b", results={"sciq": {"acc,none": 0.9}})
    scores = importers.read_lm_eval(tmp_path)
    with pytest.raises(RunsError, match="run 'b' has no result of 'mmlu'"):
        importers.with_scores(runs(), scores, tasks=["sciq", "mmlu"])
    write(tmp_path / "c", "other/a")
    with pytest.raises(RunsError, match="two results of 'sciq' are of run 'a'"):
        importers.with_scores(runs(), importers.read_lm_eval(tmp_path), tasks=["sciq"])


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(RunsError, match="no file or folder"):
        importers.read_lm_eval(tmp_path / "nowhere")
    with pytest.raises(RunsError, match="holds no results_"):
        importers.read_lm_eval(tmp_path)
    path = tmp_path / "results_1.json"
    for text, words in (("{", "interrupted"), ("[]", "no result of lm"), ('{"results": {}}', "results of no task")):
        path.write_text(text)
        with pytest.raises(RunsError, match=words):
            importers.read_lm_eval(tmp_path)


def test_the_shell(tmp_path, capsys):
    write(tmp_path / "x", "models/a")
    sl.write(runs(), tmp_path / "runs.csv")
    assert _run(["import", "lm-eval", str(tmp_path / "x")], debug=True) == 0
    assert "hellaswag" in capsys.readouterr().out
    out = tmp_path / "scored.parquet"
    options = ["--runs", str(tmp_path / "runs.csv"), "--task", "sciq", "-o", str(out)]
    assert _run(["import", "lm-eval", str(tmp_path / "x"), *options], debug=True) == 0
    assert sl.read(out).score.tolist() == [70]
    assert _run(["import", "lm-eval", str(tmp_path / "x"), "-o", str(out)], debug=False) == 2


TASK = """
task: letters
dataset_path: json
dataset_kwargs:
  data_files: {data}
test_split: train
output_type: multiple_choice
doc_to_text: text
doc_to_choice: ["a", "b"]
doc_to_target: label
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of packages that are not ours
def test_a_file_that_lm_eval_wrote(tmp_path, monkeypatch):
    lm_eval = pytest.importorskip("lm_eval", reason="needs the extra evaluation")
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    data = tmp_path / "letters.json"
    data.write_text("\n".join(json.dumps({"text": text, "label": i % 2}) for i, text in enumerate(["cat", "dog"])))
    (tmp_path / "letters.yaml").write_text(TASK.format(data=data))
    tracker = EvaluationTracker(output_path=str(tmp_path / "out"))
    result = lm_eval.simple_evaluate(
        model="dummy",
        model_args="pretrained=models/a,streams=4",
        tasks=["letters"],
        task_manager=TaskManager(include_path=str(tmp_path)),
        bootstrap_iters=0,
        evaluation_tracker=tracker,
    )
    result.pop("samples", None)
    tracker.save_results_aggregated(result)
    (row,) = importers.read_lm_eval(tmp_path / "out").to_dict("records")
    assert (row["model"], row["P"], row["task"], row["metric"], row["n"]) == ("models/a", 4, "letters", "acc", 2)
    assert row["value"] == result["results"]["letters"]["acc,none"]
    assert importers.with_scores(runs(P=[4, 4]), importers.read_lm_eval(tmp_path / "out")).run.tolist() == ["a"]
