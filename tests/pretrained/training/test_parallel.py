"""Two processes give what one gives, to rounding: replicated (DDP) and sharded (FSDP2), gloo on the CPU."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from scalelaw.pretrained.training import train

pytestmark = pytest.mark.slow
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
BOTH = pytest.mark.parametrize("options", [(), ("--shard",)], ids=["replicated", "sharded"])


def command(plan, folder, *options):
    recipe, settings = plan.recipe, plan.settings
    return [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "scalelaw"),
        *("pretrained", "train", plan.model, "--data", plan.data, "--tokens", str(plan.tokens), "-o", str(folder)),
        *("--streams", str(settings.streams), "--prefix-tokens", str(settings.prefix_tokens), "--init", plan.init),
        *("--batch", str(recipe.batch), "--context", str(recipe.context)),
        *(() if plan.trainable == "streams" else ("--rate", str(recipe.rate))),
        *("--stream-rate", str(recipe.stream_rate), "--held-out", str(plan.held_out), "--prefix", settings.prefix),
        *("--trainable", plan.trainable, "--share", str(plan.share), "--device", "cpu", "--json", *options),
        *(("--nested",) if settings.nested else ()),
        *(("--repeat",) if plan.repeat else ()),
    ]


def run(plan, folder, *options):
    return subprocess.run(
        command(plan, folder, *options), env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False
    )


# each costs twenty seconds, so not every kind both ways
@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"trainable": "streams"}, ["--shard"]),
        ({"trainable": "all", "share": 0.5}, []),
        ({"trainable": "all", "share": 0.5, "init": "near-identity"}, ["--shard"]),
        ({"trainable": "lora", "settings": {"prefix": "reparameterised"}}, []),
        ({"streams": 4, "settings": {"nested": True}}, ["--shard"]),
    ],
    ids=["streams-sharded", "two stages", "two stages-sharded", "lora", "nested-sharded"],
)
def test_two_processes_give_the_loss_of_one(changes, options, make_plan, tmp_path):
    plan = make_plan(**{"init": "random", **changes})
    done = run(plan, tmp_path / "two", *options)
    assert done.returncode == 0, done.stderr
    together = json.loads(done.stdout)
    alone = train(plan, tmp_path / "one", device="cpu")
    for one, two in zip(alone, together, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], abs=1e-4)
        assert two["train_loss"] == pytest.approx(one["train_loss"], abs=1e-4)
        assert two["C"] == one["C"]


@BOTH
def test_two_processes_stop_as_one_and_go_on(options, make_plan, tmp_path):
    plan = make_plan(steps=1500, init="random", repeat=True)
    said, folder = tmp_path / "said.txt", tmp_path / "run"
    with said.open("wb") as file:
        started = subprocess.Popen(command(plan, folder, *options), env=ENVIRONMENT, stdout=file, stderr=file)
        while b"stage parallel, step" not in said.read_bytes() and started.poll() is None:
            time.sleep(0.05)
        started.send_signal(signal.SIGINT)
        started.wait(timeout=200)
    assert said.read_text().count("goes on from there") == 1, said.read_text()
    assert not (folder / "rows.json").exists()
    (state,) = folder.rglob("checkpoint-*/trainer_state.json")
    assert 0 < json.loads(state.read_text())["global_step"] < 1500
    done = run(plan, folder, *options)
    assert done.returncode == 0, done.stderr
    (found,), (alone,) = json.loads(done.stdout), train(plan, tmp_path / "one", device="cpu")
    assert found["step"] == 1500
    assert found["loss"] == pytest.approx(alone["loss"], abs=2e-3)  # rounding, over as many steps
