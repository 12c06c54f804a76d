"""One line a step, with its seconds; a spinner while it runs where a person looks on."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.install.errors import CommandFailed

WIDTH = 34


class Report:
    """Writes the lines of the installer. `log` gets the whole output of every program that is run."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._live = sys.stderr.isatty()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A line for what happens inside: title while it runs, then its seconds."""
        started, stop = time.monotonic(), threading.Event()
        spinner = threading.Thread(target=self._spin, args=(title, started, stop), daemon=True)
        spinner.start()
        mark = "failed"
        try:
            yield
            mark = "done"
        finally:
            stop.set()
            spinner.join()
            self._line(f"  {title:<{WIDTH}} {mark:<6} {time.monotonic() - started:6.1f} s")

    def run(self, command: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> str:
        """Run a program to its end and give back its output. Raises CommandFailed on an exit code but 0."""
        result = subprocess.run(
            command, env=dict(environment), cwd=folder, stdin=subprocess.DEVNULL, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%FT%T')} {' '.join(command)}\n{result.stdout}\n")
        if result.returncode:
            raise CommandFailed(command, result.returncode, result.stdout, self.log)
        return result.stdout

    def _spin(self, title: str, started: float, stop: threading.Event) -> None:
        if not self._live:
            if not stop.wait(1):
                self._line(f"  {title:<{WIDTH}} ...")
            return
        for frame in itertools.cycle("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"):
            if stop.wait(0.1):
                return
            seconds = time.monotonic() - started
            self._write(f"\r{frame} {title:<{WIDTH}} {seconds:13.0f} s")

    def _line(self, text: str) -> None:
        self._write(f"\r{text}\033[K\n" if self._live else f"{text}\n")

    @staticmethod
    def _write(text: str) -> None:
        os.write(sys.stderr.fileno(), text.encode())
