"""What transformers' Trainer leaves, read back: real runs of tiny models, and states written by hand."""

import json
from dataclasses import replace

import pytest

import scalelaw as sl
from scalelaw import importers
from scalelaw.cli.app import _run
from scalelaw.cost import Shape, forward_flops, parameters, train_flops
from scalelaw.errors import RunsError

CONFIG = {
    "model_type": "qwen2_parscale",
    "num_hidden_layers": 2,
    "hidden_size": 16,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 32,
    "vocab_size": 61,
    "tie_word_embeddings": False,
    "parscale_n": 4,
    "parscale_n_tokens": 5,
}
HISTORY = [
    {"step": 1, "loss": 4.0},
    {"step": 2, "eval_loss": 3.5},
    {"step": 3, "loss": 3.0},
    {"step": 4, "eval_loss": 2.5},
]


def write(folder, *, history=HISTORY, config=CONFIG, **state):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trainer_state.json").write_text(json.dumps({"global_step": 4, "log_history": history, **state}))
    if config:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_streams_are_counted_where_transformers_does_not(tmp_path):
    shape = Shape.from_config(CONFIG)
    N = parameters(shape, 4)
    flops = 6 * (N["N"] + N["n_head"]) * 4000
    row = importers.read_trainer(write(tmp_path / "run" / "checkpoint-4", total_flos=flops)).iloc[0]
    assert (row.P, row.N, row.N_backbone, row.D, row.step, row.run) == (4, N["N"], N["N_backbone"], 4000, 4, "run")
    assert (row.loss, row.train_loss) == (2.5, 3.0)
    terms = forward_flops(shape, 4, context=1)
    assert pytest.approx(3 * 4000 * (sum(terms.values()) - terms["attention"])) == row.C
    assert 2 * flops < row.C


@pytest.mark.parametrize("trained", ["all", "streams"])
def test_with_a_context_it_is_what_cost_says(trained, tmp_path):
    folder = write(tmp_path, num_input_tokens_seen=4000)
    row = importers.read_trainer(folder, context=64, trained=trained).iloc[0]
    assert pytest.approx(train_flops(Shape.from_config(CONFIG), 4, tokens=4000, context=64, trained=trained)) == row.C


def test_of_a_nested_set_every_P_counts_that_it_serves(tmp_path):
    folder = write(tmp_path, num_input_tokens_seen=4000, config={**CONFIG, "parscale_nested": True})
    shape = replace(Shape.from_config(CONFIG), prefix_at_one=True)
    each = [train_flops(shape, P, tokens=4000, context=64) for P in (1, 2, 4)]
    assert pytest.approx(sum(each) / 3) == importers.read_trainer(folder, context=64).iloc[0].C


def test_every_evaluation_of_the_latest_checkpoint_of_every_run(tmp_path):
    for step in (2, 4):
        write(
            tmp_path / "a" / f"checkpoint-{step}",
            global_step=step,
            history=HISTORY[:step],
            num_input_tokens_seen=9 * step,
        )
    write(tmp_path / "b", num_input_tokens_seen=40)
    table = importers.read_trainer(tmp_path, curve=True)
    assert table.run.tolist() == ["a", "a", "b", "b"]
    assert table.D.tolist() == [18, 36, 20, 40]
    assert sl.check(table).loss.tolist() == [3.5, 2.5, 3.5, 2.5]
    assert importers.read_trainer(tmp_path).run.tolist() == ["a", "b"]


def test_a_real_run_with_streams(tmp_path):
    transformers = pytest.importorskip("transformers", reason="needs the extra pretrained")
    import torch

    from scalelaw import pretrained

    config = transformers.AutoConfig.for_model(
        "llama", **{k: v for k, v in CONFIG.items() if "parscale" not in k and k != "model_type"}
    )
    rows = [{"input_ids": (ids := torch.randint(61, (8,))), "labels": ids} for _ in range(8)]
    for P, seen in ((1, "no"), (2, "no"), (2, "all")):
        model = transformers.AutoModelForCausalLM.from_config(config)
        if P > 1:
            pretrained.add_streams(model, P, 5)
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path / f"p{P}-{seen}"),
            max_steps=3,
            save_steps=3,
            eval_strategy="steps",
            eval_steps=3,
            per_device_train_batch_size=2,
            include_num_input_tokens_seen=seen,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        transformers.Trainer(model=model, args=arguments, train_dataset=rows, eval_dataset=rows).train()
    table = importers.read_trainer(tmp_path)
    assert table.P.tolist() == [1, 2, 2]
    assert table.D.tolist() == [48] * 3
    assert 1.5 < table.C[1] / table.C[0] < 2.2


@pytest.mark.parametrize(
    ("write_it", "options", "words"),
    [
        ({"history": [{"step": 1, "loss": 2.0}]}, {}, "no held-out loss; train with eval_strategy"),
        (
            {"history": [{"step": 1, "eval_a_loss": 2.0, "eval_b_loss": 2.0}]},
            {},
            "eval_a_loss and eval_b_loss; name one",
        ),
        ({}, {"loss": "eval_c"}, "logs no eval_c"),
        ({"config": None}, {}, "no config.json beside it"),
        ({"config": {"model_type": "gpt2"}}, {}, "a shape can be read from"),
        ({}, {}, "how many tokens were seen"),
        ({"config": {**CONFIG, "parscale_prefix": "reparameterised"}, "total_flos": 1e9}, {}, "how many tokens"),
        ({"history": None}, {}, "no state of a Trainer"),
        ({}, {"trained": "some"}, "all or streams"),
    ],
)
def test_what_cannot_be_read(write_it, options, words, tmp_path):
    with pytest.raises(RunsError, match=words):
        importers.read_trainer(write(tmp_path, **write_it), **options)


def test_no_run_and_torn_files(tmp_path):
    with pytest.raises(RunsError, match=r"holds no trainer_state.json"):
        importers.read_trainer(tmp_path)
    with pytest.raises(RunsError, match="no file or folder"):
        importers.read_trainer(tmp_path / "nowhere")
    (write(tmp_path) / "trainer_state.json").write_text("{")
    with pytest.raises(RunsError, match="a save was interrupted"):
        importers.read_trainer(tmp_path)


def test_the_training_loss_is_taken_if_it_is_named(tmp_path):
    assert importers.read_trainer(write(tmp_path, num_input_tokens_seen=40), loss="loss").loss.tolist() == [3.0]


def test_the_shell(tmp_path, capsys):
    write(tmp_path / "run", num_input_tokens_seen=40)
    out = tmp_path / "runs.parquet"
    assert _run(["import", "trainer", str(tmp_path / "run"), "-o", str(out), "--json"], debug=True) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)[0]["P"] == 4
    assert "1 row" in said.err
    assert sl.read(out).D.tolist() == [40]
    assert _run(["import", "trainer", str(tmp_path / "nowhere")], debug=False) == 1
