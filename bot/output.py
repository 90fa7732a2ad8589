"""Where the command line's data goes: to stdout, or to a file that is written whole or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bot.errors import CannotWrite


def target(out: str | None) -> Path | None:
    """The file that `--out` names, None for stdout; asked before the work begins.

    Raises:
        CannotWrite: there is no such folder, or nothing can be written there.
    """
    if out in (None, "", "-"):
        return None
    file = Path(out).resolve()
    if file.is_dir():
        raise CannotWrite(str(file), "it is a folder")
    if not file.parent.is_dir():
        raise CannotWrite(str(file), f"there is no folder {file.parent}")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise CannotWrite(str(file), "you may not write there")
    return file


def give(text: str, file: Path | None) -> None:
    """Writes `text`, ending in one line end, to `file` or, where that is None, to stdout.

    Raises:
        CannotWrite: the disk is full, or the folder has gone meanwhile, an earlier file stays as it was; stdout is closed.
        BrokenPipeError: whoever read stdout has gone.
    """
    text = text.rstrip("\n") + "\n"
    if file is None:
        _print(text)
        return
    try:
        if file.exists() and not file.is_file():  # a pipe or a device is written to, not replaced
            file.write_text(text, encoding="utf-8")
        else:
            _replace(file, text)
    except OSError as error:
        raise CannotWrite(str(file), error.strerror or type(error).__name__) from error


def _print(text: str) -> None:
    if sys.stdout is None:  # Python's way to say that it was closed before the start
        raise CannotWrite("stdout", "it is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in its buffer would be tried, and complained of, once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CannotWrite("stdout", error.strerror or type(error).__name__) from error


def _replace(file: Path, text: str) -> None:
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
