"""Waiting for what happens in another process: look often, and fail with what was seen last."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SECONDS = 120
PAUSE_SECONDS = 0.1


def wait_for(condition: Callable[[], T], seconds: float = SECONDS) -> T:
    """Look until `condition()` is true; give back what it gave."""
    give_up = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up, f"{found!r} still after {seconds} s"
        time.sleep(PAUSE_SECONDS)
    return found


def wait_for_equal(look: Callable[[], object], expected: object, seconds: float = SECONDS) -> None:
    """Look until it is as expected; pytest shows what was seen last beside it."""
    give_up = time.monotonic() + seconds
    while (seen := look()) != expected and time.monotonic() < give_up:
        time.sleep(PAUSE_SECONDS)
    assert seen == expected


def wait_for_success(
    attempt: Callable[[], object],
    failures: type[Exception] | tuple[type[Exception], ...],
    seconds: float = SECONDS,
) -> None:
    """Call `attempt` until it raises none of `failures`; in the end the last failure is raised."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            attempt()
            return
        except failures:
            if time.monotonic() > give_up:
                raise
            time.sleep(PAUSE_SECONDS)
