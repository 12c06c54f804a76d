"""A backfill is published whole or not at all, is seen before, and can be taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from infra.cli.review_tables import print_changes
from infra.deploy import deploy
from infra.who import who
from spark_jobs.rollup import publish, review
from spark_jobs.rollup.errors import AlreadyRunning, ReviewRefused
from spark_jobs.rollup.ledger import Connection
from spark_jobs.rollup.measures import Change, changes, measures, summed
from spark_jobs.rollup.review import ReviewedDay
from streams.settings import Settings
from tests.spark_jobs.rollup.test_publish import CONTRACT, DAY
from tests.spark_jobs.rollup.test_publish import day as meals_of_day

NEXT = DAY + timedelta(days=1)
FORGED = {"LOGNAME": "somebody-else"}
RUN: dict[str, Any] = {"span": {DAY.isoformat(): 9}, "seconds": 1.5, "answers": [{"success": True}]}


def test_only_what_changes_is_a_change_and_only_what_adds_up_is_added_up() -> None:
    old = {"events": 5, "meals.meals": 5, "meals.price_fen": 100, "meals.elders": 3, "channels.meals": 5}
    found = changes(CONTRACT, DAY, old, {**old, "meals.price_fen": 90, "meals.elders": 2})
    assert [(each.measure, each.published, each.staged, each.adds_up) for each in found] == [
        ("meals.price_fen", 100, 90, True), ("meals.elders", 3, 2, False),
    ]  # fmt: skip
    first = [each for each in changes(CONTRACT, DAY, {}, old) if each.measure == "events"]
    assert [(each.published, each.staged) for each in first] == [(None, 5)]
    rows = [Change("a", DAY, "m", "甲", 1, 3, True), Change("a", NEXT, "m", "甲", None, 4, True)]
    assert summed([*rows, Change("a", DAY, "d", "乙", 1, 2, False)]) == [("a", "甲", 2, 1, 7)]


def test_where_only_what_does_not_add_up_changes_its_days_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    days = [DAY + timedelta(days=number) for number in range(23)]
    staged_days = [ReviewedDay(CONTRACT.source, day, "staged", 1, 2, "", None) for day in days]
    found = [Change(CONTRACT.source, day, "meals.elders", "用餐老人", 1_500, 1_480, False) for day in days]
    print_changes(found, {CONTRACT.source: CONTRACT}, staged_days)
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if "用餐老人" in line]
    assert [row[0] for row in rows] == [day.isoformat() for day in days[:20]]
    assert {tuple(row[-3:]) for row in rows} == {("1,500", "1,480", "-20")}
    assert "另有 3 行" in lines[-1]
    print_changes([], {}, staged_days)
    assert "within a day" in capsys.readouterr().out
    print_changes([], {}, [replace(staged_days[0], outcome="unchanged")])
    assert "Nothing would change" in capsys.readouterr().out


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    deploy(settings, [CONTRACT])
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as open_connection:
        yield open_connection


def published(connection: Connection, meals: int, day: date = DAY) -> None:
    with connection.transaction():
        publish.publish(connection, replace(meals_of_day(meals), day=day))


def staged(connection: Connection, *days: tuple[date, int], finish: bool = True) -> int:
    number = review.begin(connection, "tester", days[0][0], days[-1][0], [CONTRACT.source])
    for day, meals in days:
        with connection.transaction():
            review.stage(connection, number, replace(meals_of_day(meals), day=day), RUN)
    if finish:
        review.finish(connection, number)
    return number


def seen(connection: Connection) -> dict[date, tuple[int, int]]:
    rows = connection.execute(f"select event_day, revision, meals from mart.{CONTRACT.source}__meals")
    return {day: (revision, meals) for day, revision, meals in rows}


@pytest.mark.servers
def test_readers_see_nothing_of_it_before_it_is_published_and_all_of_it_then(connection: Connection) -> None:
    published(connection, 2)
    number = staged(connection, (DAY, 5), (NEXT, 7))
    assert seen(connection) == {DAY: (1, 2)}
    shown = CliRunner().invoke(app, ["rollup", "reviews", "show", str(number), "--json"])
    assert {
        (each["day"], each["published"], each["staged"])
        for each in json.loads(shown.stdout)["changes"]
        if each["measure"] == "events"
    } == {(DAY.isoformat(), 2, 5), (NEXT.isoformat(), None, 7)}
    assert "+10" in CliRunner().invoke(app, ["rollup", "reviews", "show", str(number)]).stdout
    assert CliRunner().invoke(app, ["rollup", "publish", str(number)], env=FORGED).exit_code == 0
    assert [each.decided_by for each in review.reviews(connection, 9)] == [who()]
    assert seen(connection) == {DAY: (2, 5), NEXT: (1, 7)}
    noted = connection.execute(
        "select event_day, outcome, revision, span from ops.rollup order by 1"
    ).fetchall()
    assert noted == [(DAY, "published", 2, RUN["span"]), (NEXT, "published", 1, RUN["span"])]
    assert measures(connection, CONTRACT, DAY, 2)["meals.meals"] == 5
    again = CliRunner().invoke(app, ["rollup", "publish", str(number)])
    assert (again.exit_code, "is published, not ready" in again.stderr) == (3, True)


@pytest.mark.servers
def test_what_was_published_is_taken_back_unless_later_revisions_stand(connection: Connection) -> None:
    published(connection, 2)
    span = {DAY.isoformat(): 2}
    publish.note_run(connection, meals_of_day(2), "published", revision=1, span=span, seconds=0.5)
    runs = "select * from ops.rollup order by event_day"
    before = connection.execute(runs).fetchall()
    number = staged(connection, (DAY, 5), (NEXT, 7))
    review.publish_review(connection, number, "tester")
    assert len(connection.execute(runs).fetchall()) == 2
    assert CliRunner().invoke(app, ["rollup", "takeback", str(number)]).exit_code == 0
    assert seen(connection) == {DAY: (1, 2)}
    assert connection.execute(runs).fetchall() == before, "what is due is what was due"
    assert connection.execute("select count(*) from ops.validation").fetchone() == (0,)
    assert [each.state for each in review.reviews(connection, 9)] == ["taken_back"]
    later = staged(connection, (DAY, 6), (NEXT, 8))
    review.publish_review(connection, later, "tester")
    published(connection, 9, NEXT)
    with pytest.raises(ReviewRefused, match=f"{NEXT} was published otherwise"):
        review.take_back(connection, later, "tester")
    assert seen(connection) == {DAY: (3, 6), NEXT: (3, 9)}


@pytest.mark.servers
def test_a_dry_run_ends_as_the_real_one_would_and_changes_nothing(connection: Connection) -> None:
    published(connection, 2)
    number = staged(connection, (DAY, 5), (NEXT, 7))
    publishing, taking = (["rollup", name, str(number), "--dry-run"] for name in ("publish", "takeback"))
    told = CliRunner().invoke(app, publishing)
    assert (told.exit_code, "2 days would be published. Nothing was changed" in told.stdout) == (0, True)
    assert f"{DAY} {CONTRACT.source}: revision 1 -> revision 2" in told.stdout
    assert f"{NEXT} {CONTRACT.source}: unpublished -> revision 1" in told.stdout
    assert CliRunner().invoke(app, taking).exit_code == 3, "it is not published"
    assert (seen(connection), review.reviews(connection, 9)[0].state) == ({DAY: (1, 2)}, "ready")

    review.publish_review(connection, number, "tester")
    told = CliRunner().invoke(app, [*taking, "--json"])
    assert json.loads(told.stdout) == {
        "review": number,
        "dry_run": True,
        "days": [
            {"source": CONTRACT.source, "day": DAY.isoformat(), "from": 2, "to": 1},
            {"source": CONTRACT.source, "day": NEXT.isoformat(), "from": 1, "to": None},
        ],
    }
    assert seen(connection) == {DAY: (2, 5), NEXT: (1, 7)}
    assert review.reviews(connection, 9)[0].state == "published"
    assert CliRunner().invoke(app, ["rollup", "takeback", str(number)], env=FORGED).exit_code == 0
    assert (seen(connection), review.reviews(connection, 9)[0].decided_by) == ({DAY: (1, 2)}, who())


@pytest.mark.servers
def test_one_day_that_changed_meanwhile_keeps_all_of_them_from_being_published(
    connection: Connection,
) -> None:
    number = staged(connection, (DAY, 5), (NEXT, 7))
    published(connection, 3, NEXT)
    with pytest.raises(ReviewRefused, match="Build these days again"):
        review.publish_review(connection, number, "tester")
    assert seen(connection) == {NEXT: (2, 3)}


@pytest.mark.servers
def test_a_day_that_is_being_rolled_up_keeps_it_from_being_published(
    connection: Connection, settings: Settings
) -> None:
    number = staged(connection, (DAY, 5))
    with (
        psycopg.connect(settings.postgres_dsn, autocommit=True) as other,
        publish.alone(other, CONTRACT.source, DAY),
        pytest.raises(AlreadyRunning),
    ):
        review.publish_review(connection, number, "tester")
    assert seen(connection) == {}


@pytest.mark.servers
def test_a_backfill_that_was_killed_can_never_be_published(connection: Connection) -> None:
    number = staged(connection, (DAY, 5), finish=False)
    with pytest.raises(ReviewRefused, match="is building, not ready"):
        review.publish_review(connection, number, "tester")
    assert seen(connection) == {}


@pytest.mark.servers
def test_days_that_could_not_be_built_are_left_out_only_if_one_says_so(connection: Connection) -> None:
    number = staged(connection, (DAY, 5))
    refused = review.ReviewedDay(CONTRACT.source, NEXT, "refused", None, None, "未通过", None)
    review.note(connection, number, refused)
    result = CliRunner().invoke(app, ["rollup", "publish", str(number)])
    assert (result.exit_code, "--partial" in result.stderr) == (3, True)
    assert CliRunner().invoke(app, ["rollup", "publish", str(number), "--partial"]).exit_code == 0
    assert seen(connection) == {DAY: (1, 5)}
