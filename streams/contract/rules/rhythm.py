"""Rules for `expect`: hours and shares that silence detection and simulator can work with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from streams.contract.model import Contract
from streams.contract.rules.complaint import Complaint, about

WHOLE, TOLERANCE = 100, 0.5
SHORTEST_SILENCE = timedelta(minutes=1)


def complaints(contract: Contract) -> Iterator[Complaint]:
    expect = contract.expect
    if not expect.open:
        yield about(("expect", "open"), "never open", "weekdays and hours", "Write {mon-sun: '00:00-24:00'}.")
    total = sum(expect.by_hour.values())
    if abs(total - WHOLE) > TOLERANCE:
        yield about(("expect", "by_hour"), f"shares add up to {total:g}", "100 percent")
    for hour in expect.by_hour:
        if expect.open and not any(_open(hour, *span) for span in expect.open.values()):
            what = f"events at {hour:02d}:00, when it is closed on every day"
            yield about(("expect", "by_hour", str(hour)), what, "an hour within expect.open")
    if expect.silent_after < SHORTEST_SILENCE:
        yield about(("expect", "silent_after"), f"{expect.silent_after}", "1m or more")
    # A lower bound too: what is refused as too new at once would be refused on every late clock.
    for key in ("past", "future"):
        if getattr(contract.accept, key) < SHORTEST_SILENCE:
            yield about(("accept", key), f"{getattr(contract.accept, key)}", "1m or more")


def _open(hour: int, opening: str, closing: str) -> bool:
    return f"{hour:02d}:59" >= opening and f"{hour:02d}:00" < closing
