"""A process that is started again when it ends, as the supervisor of the local stack does it."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from infra.local.supervisor import SETTLED_SECONDS

STOP_SECONDS = 15
"""Every part ends within these when it is asked to (a promise)."""


class Supervised:
    """Runs `command` until `stop`. One that ended sooner than SETTLED_SECONDS is started again 1, 2, 3... s
    later, any other one at once, as supervisor does. `ended`: the status of each process that has ended.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        stop: int = signal.SIGTERM,
    ) -> None:
        self.name, self.log_file = name, log
        self._command, self._environment, self._stop = list(command), dict(environment), stop
        self._may_run, self._wanted = threading.Event(), True
        self._may_run.set()
        self.ended: list[int] = []
        self._process = self._launch()
        self._thread = threading.Thread(target=self._supervise, name=f"supervisor of {name}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def log_since(self, size: int) -> str:
        """What was logged after the file had `size` bytes."""
        return self.log_file.read_bytes()[size:].decode(errors="replace")

    def kill(self) -> None:
        """kill -9 of the process alone: what it has started finds out by itself."""
        self._process.kill()

    def kill_all(self) -> None:
        """kill -9 of the process and of everything that it has started, as if the machine had lost them."""
        for process in self._family():
            _send(process, signal.SIGKILL)

    def kill_child(self, is_it: Callable[[list[str]], bool]) -> int:
        """kill -9 of one of its descendants, the youngest whose command line is it; gives back its pid."""
        for process in reversed(self._family()[1:]):
            if is_it(_command_line(process)):
                _send(process, signal.SIGKILL)
                return int(process.pid)
        raise AssertionError(f"{self.name} has no such child")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """SIGSTOP to all of it, SIGCONT afterwards: a machine that hangs and comes back."""
        family = self._family()
        for process in family:
            _send(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in family:
                _send(process, signal.SIGCONT)

    @contextmanager
    def down(self) -> Iterator[None]:
        """kill -9 of all of it, and no new start before the block ends."""
        self._may_run.clear()
        try:
            self.kill_all()
            yield
        finally:
            self._may_run.set()

    def terminate(self) -> float:
        """Ask the process to end and wait until it has; the seconds that took. It is started again."""
        process, begun = self._process, time.monotonic()
        process.send_signal(self._stop)
        process.wait(STOP_SECONDS)
        return time.monotonic() - begun

    def stop(self) -> None:
        """Ask it to end, and kill what is left."""
        self._wanted = False
        self._may_run.set()
        family = self._family()
        self._process.send_signal(self._stop)
        psutil.wait_procs(family, timeout=STOP_SECONDS)
        for process in family:
            _send(process, signal.SIGKILL)
        self._thread.join()

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                self._command, cwd="/", env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def _supervise(self) -> None:
        failures = 0
        while True:
            begun = time.monotonic()
            status = self._process.wait()
            self.ended.append(status)
            failures = failures + 1 if time.monotonic() - begun < SETTLED_SECONDS else 0
            give_up = time.monotonic() + failures
            while self._wanted and time.monotonic() < give_up:
                time.sleep(0.05)
            self._may_run.wait()
            if not self._wanted:
                return
            self._process = self._launch()

    def _family(self) -> list[psutil.Process]:
        try:
            own = psutil.Process(self._process.pid)
            return [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
