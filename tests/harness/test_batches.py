"""Which tokens each step sees."""

import numpy as np
import pytest

from scalelaw.errors import HarnessError
from scalelaw.harness.batches import batch, check_enough, windows_a_pass

TOKENS = np.arange(1000, dtype=np.uint16)  # a token tells its place


def taken(steps, *, seed=0, size=4, context=10):
    return [batch(TOKENS, step=step, batch=size, context=context, seed=seed) for step in steps]


def test_targets_are_the_tokens_that_follow():
    for inputs, targets in taken(range(60)):
        assert inputs.shape == targets.shape == (4, 10)
        assert inputs.dtype == targets.dtype == np.int64
        assert (targets == inputs + 1).all()


@pytest.mark.parametrize("size", [1, 4, 7])
def test_a_pass_sees_every_window_once(size):
    windows = windows_a_pass(1000, 10)
    starts = np.concatenate([inputs[:, 0] for inputs, _ in taken(range(-(-windows // size)), size=size)])[:windows]
    assert len(set(starts)) == windows == 99
    assert len(set(starts % 10)) == 1  # one offset a pass


def test_the_next_pass_has_another_order():
    starts = np.concatenate([inputs[:, 0] for inputs, _ in taken(range(198), size=1)])
    assert list(starts[:99]) != list(starts[99:])
    assert len(set(starts[99:])) == 99


def test_a_step_does_not_depend_on_those_before_it():
    forwards = taken(range(60))
    backwards = taken(reversed(range(60)))[::-1]
    assert all((a[0] == b[0]).all() for a, b in zip(forwards, backwards, strict=True))


def test_seeds_differ():
    assert any((a[0] != b[0]).any() for a, b in zip(taken(range(3)), taken(range(3), seed=1), strict=True))


@pytest.mark.parametrize(
    ("tokens", "steps", "repeat", "message"),
    [
        (1000, 25, False, "has 1,000 training tokens and the run takes 1,000: .* --repeat"),
        (15, 1, True, "has 15 training tokens, less than two contexts of 10"),
        (1000, 24, False, None),
        (1000, 9999, True, None),
    ],
)
def test_a_corpus_that_is_too_short_is_refused(tokens, steps, repeat, message):
    def check():
        check_enough(tokens, steps=steps, batch=4, context=10, repeat=repeat, corpus="tiny")

    if message is None:
        check()
    else:
        with pytest.raises(HarnessError, match=message):
            check()
