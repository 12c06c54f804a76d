"""One platform for all faults of the package; a new one after a trial that failed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack

import pytest

from infra.check import FINDINGS
from tests.faults.platform import platform
from tests.faults.timing import CaughtUp
from tests.faults.trial import Trial, Unsound, seed

MEASURED: list[CaughtUp] = []


class Trials:
    """The trial of now; `stack` ends its platform."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.trial: Trial | None = None

    def current(self) -> Trial:
        if self.trial is None or not self.trial.is_sound:
            self.stack.close()
            self.trial = Trial(self.stack.enter_context(platform()))
            self.trial.measured = MEASURED
            self.trial.warm()
        return self.trial


@pytest.fixture(scope="package")
def trials() -> Iterator[Trials]:
    found = Trials()
    with found.stack:
        yield found


@pytest.fixture
def trial(trials: Trials, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """A platform that runs and is right, under load as soon as a fault is tried."""
    found = trials.current()
    yield found
    if not found.is_sound:
        print(found.platform.story())  # noqa: T201 (pytest shows it where the test fails)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note findings where `infra.check` looks for them: it tries nothing twice then."""
    report = yield
    cache = getattr(item.config, "cache", None)
    if cache is not None and call.excinfo is not None and call.excinfo.errisinstance(Unsound):
        cache.set(FINDINGS, [*cache.get(FINDINGS, []), item.nodeid])
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The seed, and the seconds until caught up of every fault."""
    if not MEASURED:
        return
    terminalreporter.section(f"faults, FAULTS_SEED={seed()}")
    for each in MEASURED:
        terminalreporter.write_line(f"{each.told:>16} at {each.rate:5.0f} events/s  {each.fault}")
