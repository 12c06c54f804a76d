"""Errors of the installer.

InstallError
├── MachineNotReady  everything that stands in the way of a goal on this machine, said at once
└── CommandFailed    a program that the installer ran ended badly; carries the end of its output
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

LINES_SHOWN = 15


class InstallError(Exception):
    """The machine lacks something that the installer cannot provide: what, and what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.args[0]}\n  what to do: {self.remedy}"


class MachineNotReady(InstallError):
    """Several problems, each with its own remedy."""

    def __init__(self, problems: Sequence[InstallError]) -> None:
        super().__init__("this machine is not ready", "see each of them")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class CommandFailed(InstallError):
    """A program ended with an exit code other than 0; its whole output is in `log`."""

    def __init__(self, command: Sequence[str], code: int, output: str, log: Path) -> None:
        tail = "\n".join(f"    {line}" for line in output.splitlines()[-LINES_SHOWN:])
        super().__init__(
            f"`{shlex.join(command)}` ended with exit code {code}; its last lines:\n{tail}",
            f"read {log}; when it was the network, run the same command again: it goes on where it stopped",
        )
