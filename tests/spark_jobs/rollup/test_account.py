"""A published day beside live: each event of the difference under its cause, over a real lake and claims."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from spark_jobs.live.claim_days import ClaimDays
from spark_jobs.rollup import account
from spark_jobs.rollup.account import Account
from streams.registry import deployed as deployed_now
from streams.settings import Settings
from tests.spark_jobs.rollup.conftest import RollUp, Tell
from tests.spark_jobs.rollup.meals import DIVISIONS, SHANGHAI, SOURCE, Told, meal

pytestmark = pytest.mark.servers

DAY = date(2022, 6, 14)
NOON = datetime(2022, 6, 14, 12, tzinfo=SHANGHAI)


def event(number: int, at: datetime = NOON, *, id_: str | None = None) -> Told:
    """Every county has one of the first twelve: a rule of the day asks for that."""
    received = at + timedelta(seconds=2 + number)
    division = DIVISIONS[number % len(DIVISIONS)]
    data = {**meal(Random(number)), "division": division, "canteen_id": f"ST{division[3:]}001"}
    return Told(0, number, received, id_ or f"m-{number}", at, data)


class Live:
    """What a live query would have booked: claims, spans, minutes, quarantine."""

    def __init__(self, connection: psycopg.Connection, settings: Settings) -> None:
        self.connection = connection
        self.topic = settings.topic_prefix + SOURCE
        for table in ("ops.span", "ops.quarantine"):
            connection.execute(f"delete from {table}")

    def counts(self, records: Iterable[Told]) -> None:
        for record in records:
            day = record.event_at.astimezone(SHANGHAI).date()
            told = f"/wenzhou/canteen\x1f{record.event_id}".encode()
            claim = hashlib.md5(told).hexdigest()  # noqa: S324 (the judge's)
            ClaimDays(self.connection).ensure([day])
            self.connection.execute(
                "insert into ops.claim (event_day, source, id, content, position)"
                " select %s, number, %s, 0, %s from ops.contract where source = %s",
                (day, claim, record.offset, SOURCE),
            )
            self.connection.execute(
                "insert into ops.span values (%s, %s, %s, 1) on conflict (source, event_day, received_day)"
                " do update set events = span.events + 1",
                (SOURCE, day, record.received_at.astimezone(SHANGHAI).date()),
            )
            data = record.data or {}
            self.connection.execute(
                f"insert into live.{SOURCE}__meals as l"
                " (minute, division, meal, meals, price_fen, subsidy_fen) values (%s, %s, %s, 1, %s, %s)"
                " on conflict (minute, division, meal) do update set"
                " meals = l.meals + 1, price_fen = l.price_fen + excluded.price_fen,"
                " subsidy_fen = l.subsidy_fen + excluded.subsidy_fen",
                (
                    record.event_at, data["division"], data["meal"], data["price_fen"], data["subsidy_fen"],
                ),
            )  # fmt: skip

    def quarantines(self, record: Told, code: str) -> None:
        self.connection.execute(
            'insert into ops.quarantine (source, topic, partition, "offset", received_at, event_time,'
            " reasons, excerpt) values (%s, %s, 0, %s, %s, %s, %s, '')",
            (
                SOURCE, self.topic, record.offset, record.received_at, record.event_at,
                json.dumps([{"code": code, "field": "", "detail": ""}]),
            ),
        )  # fmt: skip

    def account(self, settings: Settings) -> Account:
        return account.read(self.connection, deployed_now(settings).contracts[SOURCE], DAY)


def test_the_difference_to_live_is_told_event_by_event_and_in_fen(
    deployed: Settings, tell: Tell, roll_up: RollUp
) -> None:
    same = [event(number) for number in range(12)]
    strict = event(12)  # live had it in quarantine by a stricter contract
    eve = event(13, NOON - timedelta(hours=13))
    used_again = event(14, id_="m-13")  # its id was used the day before: live knows ids by day
    faulty = replace(event(15), good=False)
    faulty = replace(faulty, data={**(faulty.data or {}), "price_fen": -5})  # live took it, by a laxer one
    tell([*same, strict, eve, used_again, faulty])
    after = event(16)  # arrives when the rollup has read the lake
    with psycopg.connect(deployed.postgres_dsn, autocommit=True) as connection:
        live = Live(connection, deployed)
        live.counts([*same, eve, used_again, faulty, after])
        live.quarantines(strict, "out_of_range")

        report = roll_up(DAY)

        assert (report.outcome, report.revision) == ("published", 1)
        found = live.account(deployed)
        assert found.live.events == 15
        assert found.published is not None
        assert found.published.accepted == 13
        assert {row.cause: row.events for row in found.rows} == {
            "late": -1, "conflict": -1, "contract": 0,
        }  # fmt: skip
        for field in ("price_fen", "subsidy_fen"):
            final = sum((each.data or {})[field] for each in (*same, strict))
            assert found.live.sums[field] + sum(row.sums[field] for row in found.rows) == final
        again = next(row for row in found.rows if row.cause == "conflict")
        assert again.sums["price_fen"] == -(used_again.data or {})["price_fen"]
        assert again.examples == (used_again.offset,)

        late = event(17)
        live.counts([late])
        said = CliRunner().invoke(app, ["day", SOURCE, DAY.isoformat(), "--json"])
        answer = json.loads(said.stdout)
        assert (said.exit_code, answer["explained"]) == (0, True)
        assert {row["cause"]: row["events"] for row in answer["rows"]}["late"] == -2
        assert 16 + sum(row["events"] for row in answer["rows"]) == answer["published"]["accepted"] == 13

        connection.execute("update mart.publication set live_events = live_events - 1")
        connection.execute(
            "insert into mart.difference values (%s, %s, 1, 'unexplained', -1, '{}', '[]')", [SOURCE, DAY]
        )
        connection.execute("update ops.contract set retired_at = now() where source = %s", [SOURCE])
        said = CliRunner().invoke(app, ["day", SOURCE, DAY.isoformat()])
        assert said.exit_code == 3, "published days outlive their source"
        for part in ("实时", "没有找到原因", "日终第 1 版"):
            assert part in said.stdout
