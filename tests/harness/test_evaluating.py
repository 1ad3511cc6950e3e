"""Held-out loss: against a direct computation, and its standard error against leaving documents out."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from scalelaw.cost import Shape
from scalelaw.errors import HarnessError
from scalelaw.harness import Model, Streams, evaluate

MODEL = Model(Shape.scaled(width=16, layers=1, vocabulary=32, prefix_tokens=2), Streams(count=2))
CONTEXT = 8


def corpus(sizes, seed=0):
    rng = np.random.default_rng(seed)
    # a document of its own alphabet: losses of one are alike, as they are in text
    parts = [rng.integers(low := rng.integers(0, 24), low + 8, size=size) for size in sizes]
    starts = np.cumsum([0, *sizes])[:-1]
    return SimpleNamespace(
        held_out=np.concatenate(parts).astype(np.uint8), held_out_starts=starts, held_out_bytes=2 * sum(sizes)
    )


def losses(tokens, model=MODEL, **options):
    """Of each token but the first, one window after another."""
    found = []
    for start in range(0, len(tokens) - CONTEXT, CONTEXT):
        window = torch.from_numpy(tokens[start : start + CONTEXT + 1].astype(np.int64))
        with torch.no_grad():
            chances = model(window[None, :-1], **options)[0].log_softmax(-1)
        found += [-chances[i, window[i + 1]].item() for i in range(CONTEXT)]
    return np.array(found)


@pytest.mark.parametrize("guidance", [None, 1.3])
@pytest.mark.parametrize("batch", [1, 4, 100])
def test_loss_and_bits_are_those_of_all_tokens(guidance, batch):
    given = corpus([33, 50, 17, 61])
    options = {} if guidance is None else {"guidance": guidance}
    expected = losses(given.held_out, **options)
    found = evaluate(MODEL, given, context=CONTEXT, batch=batch, guidance=guidance)
    assert found.tokens == len(expected) == 160
    assert found.loss == pytest.approx(expected.mean(), abs=1e-5)
    assert found.bpb == pytest.approx(expected.mean() / math.log(2) / 2, abs=1e-5)  # two bytes a token


def test_the_error_is_that_of_leaving_documents_out():
    sizes = [40 + 7 * (i % 5) for i in range(30)]
    given = corpus(sizes, seed=1)
    each = losses(given.held_out)
    documents = np.searchsorted(given.held_out_starts, np.arange(1, len(each) + 1), side="right") - 1
    jackknife = np.array([each[documents != d].mean() for d in range(30)])
    expected = math.sqrt(29 / 30 * np.sum((jackknife - jackknife.mean()) ** 2))
    found = evaluate(MODEL, given, context=CONTEXT)
    assert found.loss_se == pytest.approx(expected, rel=0.05)
    assert found.loss_se > 1.2 * each.std() / math.sqrt(len(each))  # tokens of a document are alike


def test_the_error_holds_over_corpora():
    """Losses of many corpora of documents vary by what one of them says it will."""
    found = [evaluate(MODEL, corpus([48] * 20, seed=seed), context=CONTEXT, batch=200) for seed in range(300)]
    spread = np.std([each.loss for each in found], ddof=1)
    assert np.mean([each.loss_se for each in found]) == pytest.approx(spread, rel=0.15)  # known to 4 %


def test_one_document_has_no_error():
    assert math.isnan(evaluate(MODEL, corpus([100]), context=CONTEXT).loss_se)


@pytest.mark.parametrize("windows", [1, 3, 19, 20, 1000])
def test_some_windows_are_spread_over_all(windows):
    given = corpus([33, 50, 17, 61])
    found = evaluate(MODEL, given, context=CONTEXT, windows=windows)
    assert found.tokens == CONTEXT * min(windows, 20)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"context": 500}, "145 held-out tokens hold no window of 500"), ({"guidance": math.nan}, "guidance is nan")],
)
def test_bad_settings(options, said):
    with pytest.raises(HarnessError, match=said):
        evaluate(MODEL, corpus([100, 45]), **{"context": CONTEXT} | options)


def test_losses_leave_the_device_before_they_are_doubled(monkeypatch):
    """As Apple's GPUs have no fp64: what a tensor is on before it is doubled shows in the order of the calls."""
    called = []
    for name in ("cpu", "double"):
        of_torch = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda self, name=name, f=of_torch: (called.append(name), f(self))[1])
    evaluate(MODEL, corpus([40, 40]), context=CONTEXT)
    assert called.index("cpu") < called.index("double")


def test_the_model_is_left_as_it_was():
    MODEL.train()
    evaluate(MODEL, corpus([40, 40]), context=CONTEXT)
    assert MODEL.training
    assert all(value.grad is None for value in MODEL.parameters())
