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
BOTH = pytest.mark.parametrize("options", [(), ("--shard",)], ids=["replicated", "sharded"])


def command(plan, folder, *options):
    recipe, settings = plan.recipe, plan.settings
    return [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "scalelaw"),
        *("pretrained", "train", plan.model, "--data", plan.data, "--tokens", str(plan.tokens), "-o", str(folder)),
        *("--streams", str(settings.streams), "--prefix-tokens", str(settings.prefix_tokens), "--init", plan.init),
        *("--batch", str(recipe.batch), "--context", str(recipe.context), "--rate", str(recipe.rate)),
        *("--stream-rate", str(recipe.stream_rate), "--held-out", str(plan.held_out), "--prefix", settings.prefix),
        *("--trainable", plan.trainable, "--share", str(plan.share), "--device", "cpu", "--json", *options),
        *(("--nested",) if settings.nested else ()),
    ]


def run(plan, folder, *options):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command(plan, folder, *options), env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"trainable": "streams"},
        {"trainable": "all", "share": 0.5},
        {"trainable": "lora", "settings": {"prefix": "reparameterised"}},
        {"streams": 4, "settings": {"nested": True}},
    ],
    ids=["streams", "two stages", "lora", "nested"],
)
def test_two_processes_give_the_loss_of_one(options, changes, make_plan, tmp_path):
    plan = make_plan(init="random", **changes)
    done = run(plan, tmp_path / "two", *options)
    assert done.returncode == 0, done.stderr
    together = json.loads(done.stdout)
    alone = train(plan, tmp_path / "one", device="cpu")
    for one, two in zip(alone, together, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], abs=2e-3)
        assert two["train_loss"] == pytest.approx(one["train_loss"], abs=2e-3)
        assert two["C"] == one["C"]


@BOTH
def test_two_processes_stop_as_one_and_go_on(options, make_plan, tmp_path):
    plan = make_plan(steps=400, init="random")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = subprocess.Popen(
        command(plan, tmp_path, *options), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said = b""
    while b"step" not in said and started.poll() is None:
        said += started.stderr.readline()
    time.sleep(0.2)
    started.send_signal(signal.SIGINT)
    _, rest = started.communicate(timeout=200)
    assert rest.count(b"goes on from there") == 1, rest.decode()
    assert not (tmp_path / "rows.json").exists()
    done = run(plan, tmp_path, *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["step"] == 400
