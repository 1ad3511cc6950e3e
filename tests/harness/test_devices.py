"""Which device is chosen, on machines with as many of each as is told."""

import pytest
import torch

from scalelaw.errors import HarnessError
from scalelaw.harness import devices


@pytest.fixture
def machine(monkeypatch):
    """A machine with so many CUDA devices, and with or without Apple's."""

    def make(cuda=0, mps=False, **environment):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        for name in ("LOCAL_RANK", "SCALELAW_JOB"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return make


@pytest.mark.parametrize(
    ("has", "asked", "chosen"),
    [
        ({}, "auto", "cpu"),
        ({"mps": True}, "auto", "mps"),
        ({"cuda": 2, "mps": True}, "auto", "cuda:0"),
        ({"cuda": 2}, "cuda", "cuda:0"),
        ({"cuda": 2, "LOCAL_RANK": "1"}, "cuda", "cuda:1"),
        ({"cuda": 2, "LOCAL_RANK": "1"}, "auto", "cuda:1"),
        ({"cuda": 2, "LOCAL_RANK": "1"}, "cuda:0", "cuda:0"),
        ({"cuda": 2}, "cuda:1", "cuda:1"),
        ({"cuda": 2, "SCALELAW_JOB": "3"}, "auto", "cuda:1"),
        ({"cuda": 2, "SCALELAW_JOB": "3", "LOCAL_RANK": "0"}, "cuda", "cuda:0"),
        ({"cuda": 2, "SCALELAW_JOB": "3"}, "cuda:0", "cuda:0"),
        ({"SCALELAW_JOB": "3"}, "auto", "cpu"),
        ({"cuda": 2}, "cpu", "cpu"),
    ],
)
def test_the_device_asked_for_or_the_best_there_is(has, asked, chosen, machine):
    machine(**has)
    assert devices.choose(asked) == torch.device(chosen)


@pytest.mark.parametrize(
    ("has", "asked", "message"),
    [
        ({}, "warp", "device 'warp' is not known; choose auto, cpu, cuda, cuda:1 or mps"),
        ({}, "cuda:99", "device cuda:99 is not available on this machine; choose auto, or cpu"),
        ({"cuda": 1}, "cuda:1", "device cuda:1 is not available on this machine; choose auto, or cuda, cpu"),
        ({"cuda": 2}, "cuda:2", "choose auto, or cuda:0 to cuda:1, cpu"),
        ({"cuda": 2, "LOCAL_RANK": "2"}, "cuda", "device cuda:2 is not available"),
        ({"cuda": 2}, "mps", "device mps is not available"),
        ({"mps": True}, "mps:1", "device mps:1 is not available on this machine; choose auto, or mps, cpu"),
        ({}, "meta", "device meta is not available"),
    ],
)
def test_a_device_that_is_not_there_is_named_beside_those_that_are(has, asked, message, machine):
    machine(**has)
    with pytest.raises(HarnessError, match=message):
        devices.choose(asked)


def test_determinism_is_asked_for_on_cuda_and_not_only_as_a_warning(monkeypatch):
    """With a warning only, the backward passes of fused attention keep their unordered sums."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        devices.be_deterministic(torch.device("cuda"))
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
