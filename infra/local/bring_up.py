"""Bringing parts up in the order of their needs, each only when those it needs really work."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Protocol

from infra.local.control import Control
from infra.local.errors import Cancelled, NeedFailed, NotHealthy, PartFailed
from infra.local.part import Part

POLL_SECONDS = 0.3
LINES_SHOWN = 15
# A process that ended by itself as often as this within one start is not going to get better.
ENDINGS = 4


class Watch(Protocol):
    """Whoever looks on while parts come up; called from several threads."""

    def says(self, part: Part, phase: str, detail: str = "") -> None:
        """A part enters a phase: waiting, preparing, starting, healthy, unchanged, failed or skipped."""


def in_order(parts: Sequence[Part]) -> list[Part]:
    """Parts such that each comes after those it needs. Needs that are not among them are met elsewhere."""
    by_name = {part.name: part for part in parts}
    graph = {part.name: [need for need in part.needs if need in by_name] for part in parts}
    return [by_name[name] for name in TopologicalSorter(graph).static_order()]


class BringUp:
    """One call of `minsheng up` over some parts."""

    def __init__(self, control: Control, logs: Path, watch: Watch) -> None:
        self._control, self._logs, self._watch = control, logs, watch
        self._cancelled = threading.Event()

    def run(self, parts: Sequence[Part]) -> None:
        """Return when every part is healthy. Raises PartFailed for the first that is not, after all ended."""
        ordered = in_order(parts)
        futures: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max_workers=len(ordered) or 1) as pool:
            for part in ordered:
                needs = [futures[need] for need in part.needs if need in futures]
                futures[part.name] = pool.submit(self._one, part, needs)
            try:
                pending = set(futures.values())
                while pending:
                    _, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                self._cancelled.set()
                raise
        failures = [error for future in futures.values() if (error := future.exception()) is not None]
        for error in sorted(failures, key=lambda error: isinstance(error, NeedFailed)):
            raise error

    def _one(self, part: Part, needs: Sequence[Future[None]]) -> None:
        self._watch.says(part, "waiting")
        if any(need.exception() is not None for need in needs):
            self._watch.says(part, "skipped")
            raise NeedFailed(part.name)
        try:
            changed = self._make_healthy(part)
            _carried_out(part, part.afterwards, "is healthy, but what comes then failed")
        except Exception as error:
            self._watch.says(
                part, "failed", str(error).splitlines()[0] if str(error) else type(error).__name__
            )
            raise
        self._watch.says(part, "healthy" if changed else "unchanged")

    def _make_healthy(self, part: Part) -> bool:
        """Whether something had to be done for it."""
        if self._control.states()[part.name].is_alive:
            # asked at once, not after a start: what runs and works is left alone
            if _complaint(part) is None:
                return False
        else:
            self._watch.says(part, "preparing")
            _carried_out(part, part.prepare, "cannot be prepared")
            self._control.start_part(part.name)
        self._wait_until_healthy(part)
        return True

    def _wait_until_healthy(self, part: Part) -> None:
        log = self._logs / f"{part.name}.log"
        begun = time.monotonic()
        give_up = begun + part.start_seconds
        complaint: str | None = "not asked yet"
        endings = set()
        while time.monotonic() < give_up:
            if self._cancelled.is_set():
                raise Cancelled
            state = self._control.states()[part.name]
            if state.state == "BACKOFF":
                endings.add(state.since)
            if state.state == "FATAL" or len(endings) >= ENDINGS:
                complaint = f"it does not stay up: {state.description}"
                break
            complaint = _complaint(part) if state.is_alive else f"{state.state}: {state.description}"
            if complaint is None:
                return
            self._watch.says(part, "starting", complaint)
            time.sleep(POLL_SECONDS)
        lines = "\n".join(f"    {line}" for line in last_lines(log, LINES_SHOWN))
        raise PartFailed(
            f"{part.name} is not healthy after {time.monotonic() - begun:.0f} s: {complaint}\n"
            f"  the end of {log}:\n{lines}",
            f"`minsheng logs {part.name}` for more, `minsheng doctor` for usual causes; then the same again",
        )


def _carried_out(part: Part, action: Callable[[], None], otherwise: str) -> None:
    """Do what a part asks for; whatever goes wrong there is that part's failure."""
    try:
        action()
    except Exception as error:
        said = str(error)
        if isinstance(error, subprocess.CalledProcessError):
            output = f"{error.stdout or ''}{error.stderr or ''}"
            said = "\n".join([said, *(f"    {line}" for line in output.splitlines()[-LINES_SHOWN:])])
        raise PartFailed(
            f"{part.name} {otherwise}: {type(error).__name__} {said}",
            "`minsheng doctor` for usual causes; then the same again",
        ) from error


def _complaint(part: Part) -> str | None:
    try:
        part.healthy()
    except NotHealthy as problem:
        return str(problem) or "not healthy"
    return None


def last_lines(file: Path, count: int) -> list[str]:
    """The last lines of a log, read from its end; none when there is no such file."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - count * 400))
            return log.read().decode("utf-8", "replace").splitlines()[-count:]
    except FileNotFoundError:
        return []
