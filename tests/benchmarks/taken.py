"""What every part of a running local stack takes over some time: memory (PSS) and cores."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import psutil

from infra.local.control import Control
from streams.settings import Settings

CPU_SECONDS = 2
MEMORY_EVERY = 5
"""Adding up the pages of a large process is work for the kernel: only every so many samples."""
SUPERVISOR = "supervisor"


class PartEnded(Exception):
    """A part was started again while it was measured: the figures are void."""


@dataclass
class Taken:
    """What each part took, filled while `measured` runs. memory: MiB, sampled. cpu: seconds."""

    seconds: float = 0.0
    memory: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def figures(self) -> dict[str, Any]:
        """Medians and peaks. The peak of the total is that of one moment, not the sum of the parts' peaks."""
        totals = [sum(each) for each in zip(*self.memory.values(), strict=True)]
        return {
            "seconds": round(self.seconds),
            "parts": {name: self._figures(each, self.cpu[name]) for name, each in self.memory.items()},
            "total": self._figures(totals, sum(self.cpu.values())),
        }

    def _figures(self, memory: list[float], cpu: float) -> dict[str, float]:
        return {
            "pss_mib": round(median(memory)),
            "peak_mib": round(max(memory)),
            "cores": round(cpu / self.seconds, 2),
        }


@contextmanager
def measured(settings: Settings) -> Iterator[Taken]:
    """Sample every running part, and their supervisor, while the block runs. Raises PartEnded after it."""
    taken, stop, pids = Taken(), threading.Event(), _pids(settings)
    thread = threading.Thread(target=_sample, args=(pids, taken, stop))
    begun = time.monotonic()
    thread.start()
    try:
        yield taken
    finally:
        stop.set()
        thread.join()
        taken.seconds = time.monotonic() - begun
    if _pids(settings) != pids:
        raise PartEnded(f"parts were {pids}, they are {_pids(settings)}")


def _sample(pids: Mapping[str, int], taken: Taken, stop: threading.Event) -> None:
    before = {name: _cpu(family) for name, family in _families(pids).items()}
    number, is_last = 0, False
    while not is_last:
        families = _families(pids)
        for name, family in families.items():
            now = _cpu(family)
            # It falls when a process ends that its parent does not wait for, as the JVM of a rollup.
            taken.cpu[name] += max(0.0, now - before[name])
            before[name] = now
            if number % MEMORY_EVERY == 0:
                taken.memory[name].append(sum(map(_pss, family)) / 2**20)
        number += 1
        is_last = stop.is_set()
        stop.wait(CPU_SECONDS)


def _pids(settings: Settings) -> dict[str, int]:
    alive = {name: state.pid for name, state in Control(settings).states().items() if state.is_alive}
    return {**alive, SUPERVISOR: psutil.Process(next(iter(alive.values()))).ppid()}


def _families(pids: Mapping[str, int]) -> dict[str, list[psutil.Process]]:
    """Each part's process with all below it; the supervisor alone."""
    children: defaultdict[int, list[psutil.Process]] = defaultdict(list)
    for process in psutil.process_iter(["ppid"]):
        children[process.info["ppid"]].append(process)
    families = {}
    for name, pid in pids.items():
        family = [psutil.Process(pid)]
        if name != SUPERVISOR:
            for member in family:  # grows as it goes
                family.extend(children[member.pid])
        families[name] = family
    return families


def _cpu(family: Iterable[psutil.Process]) -> float:
    """CPU seconds so far. A process that ended and was waited for is in its parent's share for children."""
    total = 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0  # ended meanwhile
