"""Progress: plain lines where there is no terminal, a live display where there is one."""

import io
import json

import pytest

from scalelaw.harness.sweep.folder import make_sweep
from scalelaw.harness.sweep.watching import watcher


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def sweep(tmp_path, make):
    return make_sweep(tmp_path / "tiny", make(streams=[1, 2]))


def finish(sweep, index):
    row = {"loss": 1.25, "seconds": 3.0, "run": sweep.cells[index].id}
    (sweep.folder(sweep.cells[index]) / "row.json").write_text(json.dumps(row))


def test_a_line_when_a_cell_ends(sweep):
    stream = io.StringIO()
    shown = watcher(sweep, stream, 1)
    shown.look()
    assert stream.getvalue() == "2 cells: 0 done, 2 to do\n"
    finish(sweep, 1)
    shown.look()
    shown.look()
    shown.close()
    assert stream.getvalue().splitlines()[1:] == [f"{sweep.cells[1].id}  {sweep.cells[1].name}  done  loss 1.2500  3 s"]


def test_cells_that_ended_before_are_not_told_again(sweep):
    finish(sweep, 0)
    stream = io.StringIO()
    watcher(sweep, stream, 1).close()
    assert len(stream.getvalue().splitlines()) == 1


def test_a_summary_now_and_then(sweep, monkeypatch):
    monkeypatch.setattr("scalelaw.harness.sweep.watching.EVERY", 0.0)
    stream = io.StringIO()
    shown = watcher(sweep, stream, 1)
    shown.look()
    assert stream.getvalue().splitlines() == ["2 cells: 0 done, 2 to do"] * 2


def test_a_terminal_gets_a_display(sweep, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    shown = watcher(sweep, stream, 2)
    finish(sweep, 1)
    shown.look()
    shown.close()
    assert "2 cells: 1 done, 1 to do" in stream.getvalue()
    assert f"{sweep.cells[1].name}  done" in stream.getvalue()


def test_silence(sweep, capsys):
    shown = watcher(sweep, None, 1)
    shown.look()
    shown.say("nothing")
    shown.close()
    assert capsys.readouterr() == ("", "")
