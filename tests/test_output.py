from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from bot import output
from bot.errors import CannotWrite


@pytest.mark.parametrize("out", [None, "", "-"])
def test_nothing_and_a_dash_mean_stdout(out: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --out, and with --out -, the data goes to stdout and ends in one line end."""
    output.give("one\ntwo\n\n", output.target(out))
    assert capsys.readouterr().out == "one\ntwo\n"


def test_a_closed_stdout_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who closed it before the start (`>&-`) reads one plain sentence."""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(CannotWrite, match="stdout cannot be written: it is closed"):
        output.give("text", None)


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """The file holds the text in UTF-8, and nothing else is left in the folder."""
    file = output.target(str(tmp_path / "digest.md"))
    assert file is not None
    output.give("“×”", file)
    assert file.read_bytes() == "“×”\n".encode()
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_finished_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the earlier file is still there, whole, and no half one beside it."""
    file = tmp_path / "digest.md"
    file.write_text("yesterday's\n", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match=r"digest\.md cannot be written: No space left on device"):
        output.give("today's", file)
    assert file.read_text(encoding="utf-8") == "yesterday's\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_keeps_pointing_where_it_did(tmp_path: Path) -> None:
    """Behind a symbolic link the file is replaced, not the link."""
    (tmp_path / "real.md").write_text("old", encoding="utf-8")
    link = tmp_path / "link.md"
    link.symlink_to("real.md")
    output.give("new", output.target(str(link)))
    assert link.is_symlink()
    assert (tmp_path / "real.md").read_text(encoding="utf-8") == "new\n"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """A named pipe, or /dev/null, stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    output.give("text", output.target(str(pipe)))
    reader.join(timeout=10)
    assert read == ["text\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(("name", "why"), [("", "it is a folder"), ("no/such.md", "there is no folder")])
def test_a_target_that_cannot_be_is_told_before_the_work(tmp_path: Path, name: str, why: str) -> None:
    """A folder, or a file in a folder that is not there, is refused with a sentence that names --out."""
    with pytest.raises(CannotWrite, match=why) as caught:
        output.target(str(tmp_path / name))
    assert "--out" in str(caught.value)


def test_a_folder_without_the_right_to_write_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses to write, the sentence says so before any work is done."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(CannotWrite, match="you may not write there"):
        output.target(str(tmp_path / "digest.md"))
