"""What threads have worked on leaves no memory behind in heaps of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from bot.heap import keep_small
if sys.argv[1] == "small" and not keep_small():
    sys.exit(3)
def work():
    for _ in range(50):
        [bytearray(900) for _ in range(200)]
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def heaps(how: str) -> int:
    """How many heaps a program has after eight threads have worked in it."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=False)  # noqa: S603 - this file's own program
    if done.returncode == 3:
        pytest.skip("this C library has no such settings")
    assert done.returncode == 0, done.stderr
    return done.stdout.count("<heap nr=")


def test_threads_share_one_heap() -> None:
    """Left alone each would have its own."""
    assert heaps("small") == 1
    assert heaps("alone") > 1


def test_what_is_set_aside_is_not_searched_and_is_freed_all_the_same() -> None:
    """In a program of its own: objects leave the searches, and go when the last that names them goes."""
    program = """
import gc, weakref
from bot.heap import set_aside
class Paper: pass
kept = [Paper() for _ in range(1000)]
last = weakref.ref(kept[-1])
searched = len(gc.get_objects())
set_aside()
assert len(gc.get_objects()) < searched - 1000
assert gc.get_threshold()[0] > 1000
del kept
assert last() is None
"""
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - this file's own program
