"""What a run cost: CPU seconds and memory of a tree of processes, and the machine that it ran on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import threading
from collections import defaultdict
from types import TracebackType

import psutil

PACKAGES = ("pyspark", "duckdb", "pyarrow", "psycopg", "confluent-kafka")
SAMPLE_SECONDS = 0.5


class Meter:
    """Samples this process and all below it while a block runs."""

    def __init__(self) -> None:
        self._cpu: dict[tuple[int, str], float] = {}
        self._begun: dict[tuple[int, str], float] = {}
        self._kinds: dict[int, str] = {}  # a process that ends has no command line any more
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_gib = 0.0

    def __enter__(self) -> Meter:
        self._begun = self._sample()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def cpu_seconds(self) -> dict[str, float]:
        """By kind of process: driver (the benchmark itself), stream, jvm, worker, kafka, postgres."""
        total: defaultdict[str, float] = defaultdict(float)
        for key, seconds in self._cpu.items():
            total[key[1]] += seconds - self._begun.get(key, 0.0)
        return {kind: round(seconds, 1) for kind, seconds in sorted(total.items())}

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self._cpu.update(self._sample())
        self._cpu.update(self._sample())

    def _sample(self) -> dict[tuple[int, str], float]:
        own = psutil.Process()
        found, resident = {}, 0
        for process in [own, *own.children(recursive=True)]:
            try:
                times = process.cpu_times()
                kind = self._kinds.setdefault(process.pid, _kind(process, own))
                found[process.pid, kind] = times.user + times.system
                resident += process.memory_info().rss
            except psutil.Error:
                continue
        self.peak_gib = max(self.peak_gib, resident / 2**30)
        return found


def _kind(process: psutil.Process, own: psutil.Process) -> str:
    if process == own:
        return "driver"
    line = " ".join(process.cmdline())
    kinds = {
        "kafka.Kafka": "kafka",
        "live.watching": "watching",
        "postgres": "postgres",
        "pyspark.daemon": "worker",
        "spark_jobs.stream": "stream",
        "java": "jvm",
    }
    return next((kind for mark, kind in kinds.items() if mark in line), "other")


def machine() -> dict[str, str]:
    """Cores, memory, and the versions that matter."""
    memory = psutil.virtual_memory().total / 2**30
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {
        "cores": str(os.cpu_count()),
        "memory_gib": f"{memory:.0f}",
        "python": platform.python_version(),
    } | versions
