"""The state of every part, as shown by `minsheng status` and by the status page."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import psutil

from infra.local.control import Control, ProcessState
from infra.local.errors import NotHealthy, SupervisorLost
from infra.local.part import Part
from streams.zone import ZONE

State = Literal["healthy", "unhealthy", "starting", "failing", "stopped"]
# What operators read.
TITLES: dict[State, str] = {
    "healthy": "正常",
    "unhealthy": "异常",
    "starting": "启动中",
    "failing": "反复失败",
    "stopped": "已停止",
}


@dataclass(frozen=True)
class PartStatus:
    """One part now. `since` is when its process started or ended; `memory_bytes` counts its children too."""

    name: str
    title: str
    state: State
    since: datetime | None
    pid: int | None
    memory_bytes: int | None
    says: str

    def as_json(self) -> dict[str, object]:
        """The same with times as RFC 3339 text."""
        return {**asdict(self), "since": self.since.isoformat() if self.since else None}


def memory_of(pid: int) -> int | None:
    """Bytes of memory of a process and its children; pages that several share are divided among them."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return None
    return sum(_memory(member) for member in family)


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # ended meanwhile


def status_of(part: Part, process: ProcessState | None) -> PartStatus:
    """Ask a part how it does, unless its process says it all."""
    complaint = ""
    if process is None or not (process.is_kept or process.since):
        return PartStatus(part.name, part.title, "stopped", None, None, None, "")
    state: State
    if process.state in ("BACKOFF", "FATAL"):
        state, complaint = "failing", process.description
    elif not process.is_alive:
        state = "stopped"
    else:
        try:
            part.healthy()
            state = "healthy"
        except NotHealthy as problem:
            state, complaint = ("starting" if process.state == "STARTING" else "unhealthy"), str(problem)
    return PartStatus(
        part.name,
        part.title,
        state,
        datetime.fromtimestamp(process.since, ZONE) if process.since else None,
        process.pid or None,
        memory_of(process.pid) if process.pid else None,
        complaint,
    )


def statuses(control: Control, parts: Sequence[Part]) -> list[PartStatus]:
    """All parts, asked side by side; takes as long as the slowest answer, at most some seconds."""
    try:
        processes = control.states()
    except SupervisorLost:
        processes = {}
    with ThreadPoolExecutor(max_workers=len(parts) or 1) as pool:
        return list(pool.map(lambda part: status_of(part, processes.get(part.name)), parts))
