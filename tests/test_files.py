"""Files are written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from scalelaw.errors import ScalelawError
from scalelaw.files import write_atomically


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that is there already."""
    path = tmp_path / "fit.json"
    path.write_text("old")
    return path


@pytest.mark.parametrize("data", [b"new", "new", lambda file: file.write(b"new")])
def test_contents_take_the_place_of_the_older_file(old, data):
    assert write_atomically(old, data) == old
    assert old.read_text() == "new"
    assert list(old.parent.iterdir()) == [old]


def test_text_is_utf8(tmp_path):
    assert write_atomically(tmp_path / "a", "α ± β").read_bytes() == "α ± β".encode()


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_an_interrupted_maker_leaves_the_older_file_and_nothing_else(old, error):
    def make(file):
        file.write(b"half")
        raise error

    with pytest.raises(type(error)):
        write_atomically(old, make)
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError()])
def test_an_interruption_while_writing_leaves_the_older_file_and_nothing_else(old, monkeypatch, step, error):
    def crash(*args, **kwargs):
        raise error

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), crash)
    with pytest.raises(type(error)):
        write_atomically(old, b"new")
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_full_disk_is_one_sentence(old, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ScalelawError, match=r"cannot write .*fit\.json: No space left on device; choose another place"):
        write_atomically(old, b"new")
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_folder_that_does_not_exist(tmp_path):
    made = []
    with pytest.raises(ScalelawError, match=r"the folder .*nowhere does not exist; make it first"):
        write_atomically(tmp_path / "nowhere" / "a.json", lambda file: made.append(file))
    assert made == []


def test_a_folder_that_is_a_file(old):
    with pytest.raises(ScalelawError, match=r"fit\.json is not a folder"):
        write_atomically(old / "a.json", b"")


def test_a_path_that_is_a_folder(tmp_path):
    with pytest.raises(ScalelawError, match="it is a folder; name a file in it"):
        write_atomically(tmp_path, b"")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ScalelawError, match="cannot write"):
        write_atomically(tmp_path / "a", b"")
    tmp_path.chmod(0o700)


def test_permissions_of_the_older_file_stay(old):
    old.chmod(0o640)
    write_atomically(old, b"new")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_symbolic_link_is_followed(old, tmp_path):
    link = tmp_path / "latest.json"
    link.symlink_to(old)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert old.read_text() == "new"


def test_a_device_is_written_to_directly():
    write_atomically(os.devnull, b"gone")
    assert Path(os.devnull).exists()
    assert not Path(os.devnull).is_file()
