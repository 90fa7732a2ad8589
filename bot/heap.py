"""How memory is kept for this program: in one place, given back when it is free, and looked through for what is lost
without anybody waiting for that."""

from __future__ import annotations

import ctypes
import gc

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""glibc's names for its settings, from its malloc.h."""

LARGE = 2**21
"""Bytes from which on a piece of memory is asked of the system by itself, and so given back by itself; less than what a
step of ranking works on, getting it anew each time takes longer than working on it."""

SEARCH_AFTER = 10_000
"""New objects, those that are gone aside, after which the youngest are searched for lost ones: Python's own 700 is a few
chats' tables, most of which are about to go by themselves."""


def keep_small() -> bool:
    """Let threads share one heap, and give back what is free at its end; to be called before threads are started.

    Left alone, glibc gives each of a dozen threads a heap of its own, in each of which the largest thing that was ever
    worked on there leaves its room behind: a hundred megabytes where ranking needs two.

    Returns:
        Whether that can be set: other C libraries have no such settings, and need none.
    """
    try:
        tune = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    wanted = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, LARGE))
    done = [tune(name, value) for name, value in wanted]
    return done == [1] * len(wanted)


def set_aside() -> None:
    """Leave what is there now, a day's papers for thousands of chats, out of further searches for lost objects: looking
    through all of it holds everybody up for a third of a second each time. Its own counts still free it. What comes later
    is searched less often than usual."""
    gc.freeze()
    gc.set_threshold(SEARCH_AFTER)
