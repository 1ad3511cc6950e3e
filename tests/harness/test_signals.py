"""Signals ask for a stop; alone, the second one ends the process."""

import signal

import pytest

from scalelaw.harness.signals import stop_on_signals, terminated_as_interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_asks_and_the_second_insists(number):
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        assert not stop()
        signal.raise_signal(number)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_a_request_to_end_is_an_interrupt():
    before = signal.getsignal(signal.SIGTERM)
    with terminated_as_interrupted(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_among_several_processes_no_signal_insists():
    with stop_on_signals(insist=False) as stop:
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        assert stop()
