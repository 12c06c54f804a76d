"""What a person sees while parts come up: one line each, with its seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from infra.local.part import Part

ENDED = {
    "healthy": ("✓", "green"),
    "unchanged": ("=", "green"),
    "failed": ("✗", "red"),
    "skipped": ("-", "yellow"),
}
DETAIL_WIDTH = 90


@dataclass
class Line:
    """One part's line; `ended` is None while it goes on."""

    part: Part
    started: float
    phase: str = "waiting"
    detail: str = ""
    ended: float | None = None

    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.started


class Display:
    """Follows parts on a terminal; elsewhere writes a line when a part begins and ends."""

    def __init__(self, parts: Sequence[Part], console: Console) -> None:
        self._lines = {part.name: Line(part, time.monotonic()) for part in parts}
        self._console = console
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8)

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def says(self, part: Part, phase: str, detail: str = "") -> None:
        line = self._lines[part.name]
        is_new = phase != line.phase
        if line.phase == "waiting" and is_new:
            line.started = time.monotonic()
        line.phase, line.detail = phase, detail
        if phase in ENDED:
            line.ended = time.monotonic()
        if is_new and not self._console.is_terminal:
            text = f"  {part.name:<24} {phase:<10} {line.seconds():6.1f} s  {detail[:DETAIL_WIDTH]}".rstrip()
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for line in self._lines.values():
            mark, colour = ENDED.get(line.phase, ("", ""))
            sign: RenderableType = Text(mark, colour) if mark else self._spinner
            seconds = "" if line.phase == "waiting" else f"{line.seconds():6.1f} s"
            detail = Text(line.detail[:DETAIL_WIDTH], "dim", no_wrap=True, overflow="ellipsis")
            table.add_row(sign, line.part.name, line.part.title, Text(line.phase, colour), seconds, detail)
        return table
