"""What the data sets of the quarantine answer: reasons in Chinese, inert text, each event counted once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from psycopg.types.json import Jsonb

from infra.superset.assets import Chart
from infra.superset.data.quarantine import quarantined_today, reasons_today
from infra.superset.pages.quarantine import quarantine_page
from spark_jobs.replay.selection import CLOSED, OPEN, REPLAYED
from tests.infra.superset import contracts as known
from tests.infra.superset.asking import Connection, ask
from tests.infra.superset.plausible import HOSTILE, insert

pytestmark = pytest.mark.servers
EVERY = known.every()
OWN = known.own()
CONTRACT = next(iter(OWN.values()))


def test_what_a_stranger_wrote_cannot_be_markup(reader: Connection) -> None:
    rows = ask(reader, quarantined_today(EVERY))
    assert any("script" in row["excerpt"] for row in rows)
    assert not [
        row for row in rows if set("<>") & set("".join(map(str, row.values())).replace(known.TITLE, ""))
    ]
    assert HOSTILE.count("<") == rows[0]["excerpt"].count("＜")


def test_a_reason_names_field_and_fault_in_chinese(reader: Connection) -> None:
    reasons = {row["reason"] for row in ask(reader, reasons_today(OWN)) if row["source"] == "canteen_meal"}
    assert reasons == {
        "行政区划：缺失",
        "食堂编号：格式不符",
        "时间过早",
        "行政区划：取值不在约定内",
        "餐费应等于补贴加自付",
        "补贴不得超过餐费",
    }


def test_an_unknown_source_and_reason_are_shown_as_they_are(owner: Connection) -> None:
    owner.execute(
        'insert into ops.quarantine (source, topic, partition, "offset", received_at, reasons, excerpt)'
        " values ('<b>x', 'events.<b>x', 0, 1, now(), %s, '')",
        (Jsonb([{"code": "<i>new", "field": "a<b", "detail": ""}]),),
    )
    row = next(each for each in ask(owner, quarantined_today(OWN)) if each["source"] == "<b>x")
    assert (row["source__label"], row["reasons"]) == ("＜b＞x", "a＜b：＜i＞new")


def charted(connection: Connection, chart: Chart) -> int:
    """What a chart of the quarantine adds up to, as Superset asks it: filtered, then by its axis."""
    figures = {each.name: each.expression for each in chart.dataset.figures}
    metric = chart.params.get("metric") or chart.params["metrics"][0]
    asked = chart.params["adhoc_filters"]
    condition = " and ".join(f"{each['subject']} = '{each['comparator']}'" for each in asked) or "true"
    question = f"select {figures[metric]} as n from ({chart.dataset.sql}) q where {condition}"
    if "x_axis" in chart.params:
        question += f" group by {chart.params['x_axis']}"
    return sum(row["n"] for row in connection.execute(question).fetchall())


def test_an_event_with_two_reasons_is_one_event_in_every_chart_but_that_of_the_reasons(
    owner: Connection,
) -> None:
    """Beside more closed groups, all larger, than any table shows: filters come before limits."""
    owner.execute("delete from ops.quarantine")
    one, two = ({"code": code, "field": "price_fen", "detail": ""} for code in ("missing", "out_of_range"))
    reasons = [([one, two], OPEN, 3), ([one], OPEN, 2), ([two], REPLAYED, 4)]
    rows = [
        *((Jsonb(said), state, "ST302001", None) for said, state, events in reasons for _ in range(events)),
        *((Jsonb([one]), CLOSED, f"ST{number}", "330302") for number in range(600) for _ in range(4)),
    ]
    insert(
        owner,
        "ops.quarantine",
        ("source", "topic", "partition", "offset", "received_at", "reasons", "excerpt", "state", "place",
         "division"),
        [
            (CONTRACT.source, "t", 0, offset, datetime.now(UTC), said, "", state, place, division)
            for offset, (said, state, place, division) in enumerate(rows)
        ],
    )  # fmt: skip
    charts = {each.key: each for each in quarantine_page(OWN).charts}

    assert charted(owner, charts["quarantine-open"]) == 5
    assert charted(owner, charts["quarantine-sources"]) == 5
    assert charted(owner, charts["quarantine-counties"]) == 5
    assert charted(owner, charts["quarantine-reasons"]) == 3 * 2 + 2
    assert charted(owner, charts["quarantine-closed"]) == 2400
