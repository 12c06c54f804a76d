"""Events that say they were made under another version of the contract are judged, and counted as such."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from infra.deploy import deploy
from infra.deployment.history import told
from spark_jobs.live import results
from spark_jobs.live.judging import CLAIMS, REFUSED, VERSIONS, parts
from streams.contract.loader import parse_contract
from streams.judge.judge import Judge
from streams.settings import Settings
from tests.streams.contract.seeded import SOUND
from tests.streams.judge.batches import batch

FIRST = parse_contract(SOUND, "kiosk_sale.yaml")
SECOND = parse_contract(SOUND.replace("per_day: 500", "per_day: 900"), "kiosk_sale.yaml")


def sale(number: int, version: str | None, **changes: Any) -> bytes:
    """An event of the second version's source that says it was made under `version`."""
    said = {} if version is None else {"dataschema": f"kiosk_sale/{version}"}
    return json.dumps(
        {
            "specversion": "1.0", "id": str(number), "source": "/kiosk", "type": "kiosk_sale", **said,
            "time": "2026-09-01T19:30:00+08:00", "data": {**SECOND.examples.good[0], **changes},
        }
    ).encode()  # fmt: skip


def judged() -> dict[str, pa.Table]:
    judge = Judge({"kiosk_sale": SECOND}, "events.")
    values = [
        sale(1, None), sale(2, SECOND.version), sale(3, FIRST.version), sale(4, FIRST.version),
        sale(5, FIRST.version, price_fen=0), sale(6, "0" * 12),
    ]  # fmt: skip
    rows = batch(values, "events.kiosk_sale")
    verdicts = judge.judge(rows).append_column("value", rows["value"])
    return dict(parts(verdicts, judge, {"kiosk_sale": 7}, {}))


def test_they_are_counted_whether_they_are_right_or_not_beside_what_they_are() -> None:
    found = judged()
    versions = found[VERSIONS].select(["version", "events"]).to_pylist()
    assert {row["version"]: row["events"] for row in versions} == {"0" * 12: 1, FIRST.version: 3}
    assert (found[CLAIMS].num_rows, found[REFUSED]["events"].to_pylist()) == (5, [1])


@pytest.mark.servers
def test_the_history_of_a_source_says_how_many_and_no_sender_can_make_it_longer(settings: Settings) -> None:
    for contract in (FIRST, SECOND):
        deploy(settings, [contract])
    with psycopg.connect(settings.postgres_dsn) as connection:
        for _ in range(2):
            results.add_versions(connection, judged()[VERSIONS])
        kept = connection.execute("select version, events from ops.made_under order by events").fetchall()
    assert kept == [("unknown", 2), (FIRST.version, 6)]
    assert [event.elsewhere for event in told(settings, "kiosk_sale")] == [6, 0]
