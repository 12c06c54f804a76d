"""Alerts stand exactly as long as what they say is so, and one of a kind for a source."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from expectations.alerts import read_open, settle, standing
from expectations.answers import Answer
from expectations.cases import Cases
from expectations.known import Beat, Failed, Known, Platform, Residue
from expectations.record import record
from infra.deploy import deploy
from streams.settings import Settings
from tests.core_sources import as_written

CONTRACTS = as_written()
CANTEEN = CONTRACTS["canteen_meal"]
NOON = datetime(2022, 6, 14, 4, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=30)


def texts(known: Known, now: datetime = NOON) -> dict[str, str]:
    return {alert.code: alert.message for alert in standing([known], now)}


def test_a_source_in_order_has_no_alert() -> None:
    assert texts(Known(CANTEEN, LONG_AGO, NOON - timedelta(minutes=9))) == {}


def test_silence_says_who_since_when_and_what_to_do() -> None:
    said = texts(Known(CANTEEN, LONG_AGO, NOON - timedelta(minutes=30)))["silent"]
    for part in (CANTEEN.title, "2022-06-14 11:30", "10 分钟", CANTEEN.owner, "minsheng status"):
        assert part in said


def test_silence_tells_whether_nothing_came_or_nothing_that_is_right() -> None:
    heard = NOON - timedelta(minutes=30)
    assert "没有收到任何新事件" in texts(Known(CANTEEN, LONG_AGO, heard))["silent"]
    said = texts(Known(CANTEEN, LONG_AGO, heard, quarantined=42, refused=7))["silent"]
    for part in (
        "收到的 42 条全部在隔离区",
        "minsheng quarantine list --source canteen_meal",
        "7 条被网关或导入拒收",
    ):
        assert part in said
    assert "没有收到" not in said


def test_a_source_deployed_just_now_is_not_silent_and_one_that_never_sends_is() -> None:
    deployed = NOON - timedelta(minutes=5)
    assert texts(Known(CANTEEN, deployed)) == {}
    assert texts(Known(CANTEEN, deployed, LONG_AGO)) == {}
    assert set(texts(Known(CANTEEN, deployed), NOON + timedelta(minutes=5))) == {"silent"}


def test_failed_rules_are_named_and_many_days_are_counted() -> None:
    failed = Failed(NOON, ("甲", "乙", "丙", "丁"))
    days = {date(2022, 6, day): Failed(NOON, ("甲",)) for day in (9, 10, 11, 12)}
    found = texts(Known(CANTEEN, LONG_AGO, NOON, failed, days))
    assert "甲、乙、丙等 4 项" in found["live_failed"]
    assert "2022-06-12、2022-06-11、2022-06-10等 4 项" in found["day_failed"]


def test_books_that_do_not_balance_are_said_with_the_newest_day_and_what_to_type() -> None:
    days = {date(2022, 6, 9): Residue(1, 0, 0), date(2022, 6, 12): Residue(0, -2, 3)}
    known = Known(CANTEEN, LONG_AGO, NOON, residues=days, unexplained={date(2022, 6, 12): -4})
    found = texts(known)
    assert set(found) == {"ledger_open", "day_unexplained"}
    for part in (CANTEEN.title, "差额 0（归档 -2，上游 3）", "minsheng ledger --day 2022-06-12"):
        assert part in found["ledger_open"]
    assert "相差 -4 条" in found["day_unexplained"]
    assert "minsheng day canteen_meal 2022-06-12" in found["day_unexplained"]


def test_books_of_a_source_that_is_deployed_no_more_are_said_too() -> None:
    platform = Platform(residues={"of_old": {date(2022, 6, 12): Residue(2, 0, 0)}})
    (alert,) = standing([], NOON, platform)
    assert (alert.code, alert.source) == ("ledger_open", "of_old")
    assert "of_old 2022-06-12：对账差额 2" in alert.message


@pytest.mark.parametrize(
    ("late", "stuck", "said"),
    [(10, None, None), (179, 20, None), (180, None, "12:00"), (5, 200, "11:59"), (5, None, None)],
)
def test_a_query_that_stands_still_is_said_and_nobody_is_called_silent_meanwhile(
    late: int, stuck: int | None, said: str | None
) -> None:
    now = NOON + timedelta(minutes=3)
    since = None if stuck is None else now - timedelta(seconds=stuck)
    beats = [Beat("live", now - timedelta(seconds=late), 77, since), Beat("archive", now, 5, None)]
    silent = Known(CANTEEN, LONG_AGO, NOON - timedelta(hours=1))
    alerts = {each.code: each for each in standing([silent], now, Platform(beats))}
    if said is None:
        assert set(alerts) == {"silent"}
        return
    assert set(alerts) == {"stream_stalled"}
    assert alerts["stream_stalled"].source is None
    assert f"实时计算自 2022-06-14 {said} 起没有进展，已知 77 条未处理。" in alerts["stream_stalled"].message
    assert "归档" not in alerts["stream_stalled"].message


def test_cases_are_counted_not_told_one_by_one() -> None:
    overdue = Cases(overdue=17, overdue_since=NOON - timedelta(hours=30))
    found = texts(Known(CANTEEN, LONG_AGO, NOON, cases=overdue))
    assert set(found) == {"cases_overdue"}
    assert "17 件办件" in found["cases_overdue"]
    assert "超期 30 小时" in found["cases_overdue"]
    found = texts(Known(CANTEEN, LONG_AGO, NOON, cases=Cases(illegal=3)))
    assert set(found) == {"cases_illegal"}
    assert "3 个不合流程的环节" in found["cases_illegal"]


def answer(*, success: bool) -> Answer:
    return Answer("canteen_meal.day", "rule", "餐费相符", "critical", success, "")


@pytest.mark.servers
def test_an_alert_is_raised_once_and_cleared_when_it_is_over(settings: Settings) -> None:
    deploy(settings, CONTRACTS.values())
    day = date(2022, 6, 13)
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        connection.execute("update ops.contract set deployed_at = %s", (LONG_AGO,))
        connection.execute(
            "insert into ops.freshness (source, last_received_at, last_committed_at)"
            " select source, %s, now() from ops.contract",
            (NOON - timedelta(minutes=1),),
        )
        connection.execute("insert into ops.alert (code, message) values ('by_another', '磁盘将满')")

        def raised(now: datetime) -> set[tuple[str, str | None, datetime]]:
            settle(connection, CONTRACTS, now, settings.topic_prefix)
            found = read_open(connection)
            return {(each.code, each.source, each.raised_at) for each in found if each.source}

        assert raised(NOON) == set()
        late = NOON + timedelta(minutes=10)
        silent = ("silent", "canteen_meal", late)
        assert raised(late) == {silent}
        assert raised(late + timedelta(seconds=1)) == {silent}
        for moment, state in ((late, "待核实"), (late, "已重放"), (NOON - timedelta(minutes=2), "待核实")):
            connection.execute(
                'insert into ops.quarantine (source, topic, partition, "offset", received_at, reasons,'
                " excerpt, state)"
                " select 'canteen_meal', 't', 0, count(*), %s, '[]', '', %s from ops.quarantine",
                (moment, state),
            )
        refusal = "insert into ops.refusal values ('gateway', 'canteen_meal', %s, 'missing', 3)"
        connection.execute(refusal, (day + timedelta(days=1),))
        assert raised(late + timedelta(seconds=1)) == {silent}
        (message,) = [each.message for each in read_open(connection) if each.code == "silent"]
        assert "收到的 1 条全部在隔离区；今天另有 3 条被网关或导入拒收" in message

        record(connection, "day", "canteen_meal", day, [answer(success=False)])
        record(connection, "day", "canteen_meal", day - timedelta(days=1), [answer(success=True)])
        failed = ("day_failed", "canteen_meal", late + timedelta(seconds=2))
        assert raised(late + timedelta(seconds=2)) == {silent, failed}
        assert [each.code for each in read_open(connection) if "餐费相符" in each.message] == ["day_failed"]

        record(connection, "day", "canteen_meal", day, [answer(success=True)])
        connection.execute("update ops.freshness set last_received_at = %s", (late,))
        assert raised(late + timedelta(seconds=3)) == set()
        connection.execute(
            "insert into ops.heartbeat (query, run, started_at, beat_at, behind)"
            " values ('live', gen_random_uuid(), %s, %s, 0)",
            (LONG_AGO, NOON),
        )
        for _ in range(2):
            settle(connection, CONTRACTS, late + timedelta(seconds=4), settings.topic_prefix)
            assert [(each.code, each.source) for each in read_open(connection)] == [
                ("by_another", None),
                ("stream_stalled", None),
            ]
        connection.execute("update ops.heartbeat set beat_at = %s", (late,))
        settle(connection, CONTRACTS, late + timedelta(seconds=5), settings.topic_prefix)
        kept = connection.execute("select code, cleared_at is null from ops.alert order by id").fetchall()
    assert kept == [("by_another", True), ("silent", False), ("day_failed", False), ("stream_stalled", False)]
