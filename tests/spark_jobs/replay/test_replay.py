"""Events in quarantine, judged anew and counted: live numbers, tally, states; exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from kafka import KafkaProducer

from infra.sequences import lake
from spark_jobs.fence import turn
from spark_jobs.lake import TABLE
from spark_jobs.replay import commit, originals, run
from spark_jobs.replay.piece import Changes
from spark_jobs.replay.run import Report, Wish
from spark_jobs.replay.selection import OPEN, REPLAYED, STATES, Origin, Selection
from streams.patch import Patch
from streams.personal import PersonalData
from streams.tokens import Tokens
from tests.spark_jobs.replay.platform import NOON, SOURCE, Platform, contract, meal

pytestmark = pytest.mark.servers

DEAR = 6000
DAY = NOON.date()


def replay(
    platform: Platform, *, dry_run: bool = False, changes: Changes | None = None, **chosen: Any
) -> Report:
    wish = Wish(Selection(source=SOURCE, **chosen), "tester", "因为契约已改", changes, dry_run)
    return run.replay(platform.settings, wish, lambda done, of: None)


def states(platform: Platform) -> Counter[str]:
    return Counter(state for (state,) in platform.ask("select state from ops.quarantine"))


def meals(platform: Platform) -> tuple[int, int]:
    """Meals and their price, live."""
    ((count, price),) = platform.ask(
        f"select coalesce(sum(meals), 0)::int, coalesce(sum(price_fen), 0)::int from live.{SOURCE}__meals"
    )
    return count, price


def test_after_a_contract_was_corrected_its_events_count_live_and_the_ledger_shows_the_move(
    platform: Platform,
) -> None:
    platform.send([meal(1), meal(2, DEAR), meal(3, DEAR), b"{not json"])
    assert platform.tally() == {"accepted": 1, "quarantined": 3}
    platform.deploy(contract(platform.settings, dearest=8000))

    report = replay(platform)

    assert (report.selected, report.outcomes, report.still) == (3, {"accepted": 2}, 1)
    assert report.failing == {(SOURCE, "not_json", None): 1}
    assert platform.tally() == {"accepted": 3, "quarantined": 1}
    assert states(platform) == {REPLAYED: 2, OPEN: 1}
    assert meals(platform) == (3, 1200 + 2 * DEAR)
    assert platform.ask("select sum(events)::int from ops.span") == [(3,)]
    assert (
        platform.ask("select state, by, note from ops.quarantine_history")
        == [(REPLAYED, "tester", "因为契约已改")] * 2
    )
    assert platform.ask("select finished_at is not null from ops.replay") == [(True,)]


def test_a_second_replay_finds_nothing_left(platform: Platform) -> None:
    platform.send([meal(1, DEAR)])
    platform.deploy(contract(platform.settings, dearest=8000))
    replay(platform)

    again = replay(platform)

    assert (again.selected, again.replay) == (0, None)
    assert meals(platform) == (1, DEAR)


def test_a_dry_run_says_what_the_replay_then_does_and_changes_nothing(platform: Platform) -> None:
    platform.send([meal(1), meal(2, DEAR), meal(2, DEAR), b"[]"])
    platform.deploy(contract(platform.settings, dearest=8000))
    deployed = {SOURCE: contract(platform.settings, dearest=8000)}

    tried = replay(platform, dry_run=True)
    before = (
        platform.tally(),
        states(platform),
        meals(platform),
        platform.ask("select count(*) from ops.replay"),
    )
    done = replay(platform)

    assert before == ({"accepted": 1, "quarantined": 3}, {OPEN: 3}, (1, 1200), [(0,)])
    assert tried.as_json(deployed) | {"replay": 1} == done.as_json(deployed)
    assert (done.outcomes, done.still) == ({"accepted": 1, "duplicate": 1}, 1)
    (day,) = done.as_json(deployed)["days"]
    added = {
        each["measure"]: (each["added"], each["unit"])
        for each in day["measures"]
        if each["metric"] == "meals"
    }
    assert day["day"] == "2026-06-15"
    assert added["meals"] == (1, None)
    assert added["price_fen"] == (DEAR, "fen")


def test_a_dry_run_of_more_than_one_transaction_should_hold_is_tried_in_pieces_and_added_up(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one id in two pieces both would count; in one piece one of them does, as in the replay."""
    platform.send([meal(1, DEAR), b"[]", meal(2, DEAR), meal(2, DEAR), meal(3, DEAR), meal(4), meal(1, DEAR)])
    platform.deploy(contract(platform.settings, dearest=8000))
    monkeypatch.setattr(run, "TRIED_AT_ONCE", 2)

    tried = replay(platform, dry_run=True)
    within = replay(platform, dry_run=True, ids=tuple(range(1, 6)))
    before = (platform.tally(), states(platform), meals(platform))
    done = replay(platform)

    assert before == ({"accepted": 1, "quarantined": 6}, {OPEN: 6}, (1, 1200))
    assert (tried.selected, tried.pieces, within.pieces) == (6, 3, 3)
    assert (tried.outcomes, tried.still) == ({"accepted": 4, "duplicate": 1}, 1)
    assert (within.outcomes, within.still) == ({"accepted": 3, "duplicate": 1}, 1)
    assert (done.outcomes, done.still) == ({"accepted": 3, "duplicate": 2}, 1)
    assert tried.failing == done.failing == {(SOURCE, "not_an_object", None): 1}
    assert tried.effects[SOURCE, DAY].added["meals", "price_fen"] == 4 * DEAR


def test_what_was_replayed_is_never_taken_again(platform: Platform) -> None:
    platform.send([meal(1, DEAR), meal(2, DEAR), b"[]"])
    platform.deploy(contract(platform.settings, dearest=8000))
    replay(platform, ids=(1,))

    tried = replay(platform, dry_run=True, states=STATES)
    done = replay(platform, states=STATES)
    again = replay(platform, states=STATES)

    assert (tried.selected, tried.outcomes) == (2, {"accepted": 1})
    assert (done.selected, done.outcomes, done.still) == (2, {"accepted": 1}, 1)
    assert (again.selected, again.outcomes, again.still) == (1, {}, 1)
    assert meals(platform) == (2, 2 * DEAR)


def test_what_the_sender_corrected_meanwhile_is_a_conflict_and_the_correction_stands(
    platform: Platform,
) -> None:
    platform.send([meal(1, DEAR)])
    platform.send([meal(1, 1500)])
    platform.deploy(contract(platform.settings, dearest=8000))

    report = replay(platform)

    assert report.outcomes == {"conflict": 1}
    assert platform.tally() == {"accepted": 1, "conflict": 1}
    assert meals(platform) == (1, 1500)
    assert platform.ask("select first_position, second_position from ops.conflict") == [(1, 0)]


def test_selected_by_reason_place_and_number(platform: Platform) -> None:
    platform.send([meal(0, DEAR), meal(1, DEAR), meal(2, DEAR), meal(3, 1200, meal="supper")])
    platform.deploy(contract(platform.settings, dearest=8000))
    ((last,),) = platform.ask("select max(id) from ops.quarantine where place = 'ST302002'")

    assert replay(platform, reason="not_in_enum").outcomes == {}
    assert replay(platform, place="ST302001").outcomes == {"accepted": 1}
    assert replay(platform, ids=(last,)).outcomes == {"accepted": 1}
    assert states(platform) == {REPLAYED: 2, OPEN: 2}


def test_a_patched_event_counts_with_its_patched_value_which_is_kept(platform: Platform) -> None:
    platform.send([meal(1, meal="supper"), meal(2, meal="brunch")])
    patch = Patch(source=SOURCE, why="晚餐写成了 supper", replace={"meal": {"supper": "dinner"}})

    report = replay(platform, changes=Changes(patch, None))

    assert (report.outcomes, report.still) == ({"accepted": 1}, 1)
    assert platform.ask(f"select distinct meal from live.{SOURCE}__meals") == [("dinner",)]
    assert platform.ask('select "offset", value like \'%"meal":"dinner"%\' from ops.patch') == [(0, True)]


def test_a_raw_number_is_tokenised_at_the_edge_and_stored_nowhere(platform: Platform) -> None:
    number = "330302194001011232"
    platform.send([meal(1, elder=number), meal(2, elder="330302194001011233")])
    tokens = Tokens(b"k" * 32)
    patch = Patch(source=SOURCE, why="食堂直接发来了身份证号", tokenise=("elder",))

    report = replay(platform, changes=Changes(patch, PersonalData(tokens, allow_tokens=True)))

    assert report.outcomes == {"accepted": 1}
    assert report.failing == {(SOURCE, "bad_checksum", "elder"): 1}
    ((value,),) = platform.ask("select value from ops.patch")
    assert tokens.token(number).encode() in value
    assert number.encode() not in value


def test_a_contract_that_is_deployed_while_a_piece_is_judged_judges_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wider contract is taken back after the judge passed the events, and before they are counted."""
    platform.send([meal(1, DEAR)])
    narrow, wide = contract(platform.settings), contract(platform.settings, dearest=8000)
    platform.deploy(wide)
    really = commit.move

    def late(connection: psycopg.Connection, *rest: Any) -> Any:
        monkeypatch.setattr(commit, "move", really)
        with psycopg.connect(platform.settings.postgres_dsn) as other:
            other.execute("update ops.contract set version = %s, text = %s", (narrow.version, narrow.text))
        return really(connection, *rest)

    monkeypatch.setattr(commit, "move", late)

    report = replay(platform)

    assert (report.outcomes, report.still) == ({}, 1)
    assert meals(platform) == (0, 0)


def test_it_waits_for_a_live_batch_and_nothing_of_a_hanging_replay_stays(platform: Platform) -> None:
    platform.send([meal(1, DEAR)])
    platform.deploy(contract(platform.settings, dearest=8000))
    with psycopg.connect(platform.settings.postgres_dsn) as batch:
        turn(batch)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            _impatient(platform)
    assert meals(platform) == (0, 0)
    assert replay(platform).outcomes == {"accepted": 1}


def _impatient(platform: Platform) -> None:
    wish = Wish(Selection(source=SOURCE), "tester", "x")
    original = run.connect
    try:
        run.connect = lambda settings: _with_timeout(original(settings))
        run.replay(platform.settings, wish, lambda done, of: None)
    finally:
        run.connect = original


def _with_timeout(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute("set lock_timeout = '200ms'")
    return connection


def test_killed_in_the_middle_and_run_again_nothing_counts_twice(platform: Platform) -> None:
    platform.send([meal(number, DEAR) for number in range(600)])
    platform.deploy(contract(platform.settings, dearest=8000))
    program = (
        "from spark_jobs.replay import run; from streams.settings import Settings;"
        "from spark_jobs.replay.selection import Selection; run.AT_ONCE = 20;"
        f"wish = run.Wish(Selection(source='{SOURCE}'), 'killed', 'x');"
        "run.replay(Settings(), wish, lambda done, of: print(done, flush=True))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=os.environ)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    half = meals(platform)[0]
    assert 0 < half < 600

    report = replay(platform)

    assert report.outcomes["accepted"] == 600 - half or states(platform)[REPLAYED] == 600
    assert meals(platform) == (600, 600 * DEAR)
    assert platform.tally() == {"accepted": 600}
    assert len(platform.ask("select from ops.replayed")) == 600


def test_two_replays_at_once_share_the_work(platform: Platform) -> None:
    platform.send([meal(number, DEAR) for number in range(40)])
    platform.deploy(contract(platform.settings, dearest=8000))
    first = Wish(Selection(source=SOURCE), "one", "x")
    reports = []

    def meanwhile(done: int, of: int) -> None:
        if not reports:
            reports.append(None)
            reports.append(run.replay(platform.settings, replace(first, by="two"), lambda done, of: None))

    run.AT_ONCE, before = 10, run.AT_ONCE
    try:
        reports.append(run.replay(platform.settings, first, meanwhile))
    finally:
        run.AT_ONCE = before

    assert [each.outcomes for each in reports if each] == [{"accepted": 30}, {"accepted": 10}]
    assert meals(platform) == (40, 40 * DEAR)


def test_while_the_lake_is_made_originals_come_from_kafka(platform: Platform) -> None:
    """Its log has a folder and no version yet; the first step of the archive may have been killed there."""
    path = platform.settings.lake_dir / TABLE
    (path / "_delta_log").mkdir(parents=True)
    wanted = Origin(platform.topic, 0, 0, platform.received_at(0))
    assert originals.from_lake(path, [wanted]) == {}
    assert list(lake(path, DAY, DAY)) == []
    producer = KafkaProducer(bootstrap_servers=platform.settings.kafka_bootstrap)
    sent = producer.send(platform.topic, b"original", partition=0).get(30)
    producer.close()
    received_at = datetime.fromtimestamp(sent.timestamp / 1000, UTC)
    wanted = Origin(platform.topic, 0, sent.offset, received_at)
    assert originals.originals(platform.settings, [wanted]) == {wanted: b"original"}
