"""What kind of machine this is: system, Python, memory, disk. Facts only; `preflight` judges them."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

GIB = 1024**3
REPOSITORY = Path(__file__).resolve().parents[2]


def os_release(text: str) -> dict[str, str]:
    """The fields of an os-release(5) file."""
    pairs = re.findall(r"""^([A-Z0-9_]+)=["']?(.*?)["']?$""", text, re.MULTILINE)
    return dict(pairs)


def meminfo(text: str) -> dict[str, int]:
    """The fields of /proc/meminfo in bytes."""
    return {name: int(kib) * 1024 for name, kib in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


@dataclass(frozen=True)
class Machine:
    """A machine as far as the installer cares; sizes in bytes."""

    system: str
    is_debian: bool
    python: tuple[int, int]
    memory_total: int
    memory_available: int
    disk_free: int
    is_root: bool
    has_sudo: bool


def _memory_limit() -> int | None:
    """The memory limit of the control group that this process lives in, where there is one."""
    file = Path("/sys/fs/cgroup/memory.max")
    text = file.read_text(encoding="ascii").strip() if file.is_file() else "max"
    return None if text == "max" else int(text)


def this_machine(folder: Path = REPOSITORY) -> Machine:
    """The machine that this process runs on; disk as seen from `folder`."""
    release_file, memory_file = Path("/etc/os-release"), Path("/proc/meminfo")
    release = os_release(release_file.read_text(encoding="utf-8")) if release_file.is_file() else {}
    memory = meminfo(memory_file.read_text(encoding="ascii")) if memory_file.is_file() else {}
    total, available = memory.get("MemTotal", 0), memory.get("MemAvailable", 0)
    limit = _memory_limit() or total
    while not folder.exists():
        folder = folder.parent
    return Machine(
        system=release.get("PRETTY_NAME", sys.platform),
        is_debian=release.get("ID") == "debian",  # relatives name their packages otherwise
        python=sys.version_info[:2],
        memory_total=min(total, limit),
        memory_available=min(available, limit),
        disk_free=shutil.disk_usage(folder).free,
        is_root=os.geteuid() == 0,
        has_sudo=shutil.which("sudo") is not None,
    )
