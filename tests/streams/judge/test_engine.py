"""The judge as a thing that runs: other processes, threads and contracts, and a DuckDB that fails."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace

import pyarrow as pa
import pytest

from streams.contract.loader import parse_contract
from streams.judge.engine import Engine, engine
from streams.judge.errors import JudgeFailed
from streams.judge.judge import Judge
from tests.streams.judge.batches import CONTRACTS, JUDGE, PREFIX, ZOO, animal, batch, codes, encoded, event

VALUES = [encoded(event(id=str(number))) for number in range(20)] + [b"{}", b"x"]


def test_a_pickled_judge_gives_the_same_verdicts() -> None:
    again = pickle.loads(pickle.dumps(JUDGE))  # noqa: S301 (our own)
    assert again.judge(batch(VALUES)).equals(JUDGE.judge(batch(VALUES)))
    assert again.schema.equals(JUDGE.schema)


def _judge_in_child(judge: Judge, table: pa.Table, found: multiprocessing.Queue[list[bool]]) -> None:
    found.put(judge.judge(table)["accepted"].to_pylist())


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_another_process_gets_an_engine_of_its_own(method: str) -> None:
    """Spark's worker is forked from a daemon that may have judged already."""
    expected = JUDGE.judge(batch(VALUES))["accepted"].to_pylist()
    context = multiprocessing.get_context(method)
    found = context.Queue()
    child = context.Process(target=_judge_in_child, args=(JUDGE, batch(VALUES), found))
    child.start()
    assert found.get(timeout=60) == expected
    child.join(30)


def test_threads_judge_at_the_same_time() -> None:
    expected = JUDGE.judge(batch(VALUES * 50))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: JUDGE.judge(batch(VALUES * 50)), range(12)):
            assert found.equals(expected)


def test_contracts_that_change_do_not_mix_in_one_worker() -> None:
    wider = parse_contract(ZOO.text.replace("range: [0, 5000]", "range: [0, 90000]"), "zoo.yaml")
    judges = [Judge({"zoo": contract}, PREFIX) for contract in (ZOO, wider)]
    value = encoded(event(animal(amount=6000, tame=False)))
    for _ in range(3):
        assert [judge.judge(batch([value]))["accepted"].to_pylist() for judge in judges] == [[False], [True]]


def test_a_worker_that_sees_many_contracts_forgets_old_statements() -> None:
    own = Engine()
    rows = pa.table({"x": [1]})
    for number in range(600):
        found = own.run(f"select x + {number} as y from judge_rows", rows)
        assert found is not None
        assert found["y"].to_pylist() == [1 + number]
    own.close()


def _sabotaged(fast: str | None = None, slow: str | None = None) -> Judge:
    """A judge whose statements fail on the event with the id `boom`, as a defect of DuckDB's might."""
    judge = copy(JUDGE)
    plan = JUDGE._plans["events.zoo"]
    head, _, tail = plan.fast.rpartition("\nselect coalesce(")
    judge._plans = {
        "events.zoo": replace(
            plan,
            fast=f"{head}\nselect coalesce({fast} and {tail}" if fast else plan.fast,
            slow=plan.slow.replace("as _r0,", f"and {slow} as _r0,", 1) if slow else plan.slow,
        )
    }
    return judge


BOOM = "case when _id = 'boom' then 'no number'::int = 1 else true end"


def test_a_row_that_breaks_the_fast_statement_costs_no_other_row() -> None:
    values = [encoded(event(id=name)) for name in ("a", "b", "boom", "c", "d", "boom", "e")]
    found = _sabotaged(fast=BOOM).judge(batch(values)).to_pylist()
    assert found == JUDGE.judge(batch(values)).to_pylist()
    assert all(row["accepted"] for row in found)


def test_a_row_that_breaks_both_statements_is_undecidable_and_alone() -> None:
    values = [encoded(event(id=name)) for name in ("a", "boom", "c")] + [b"x"]
    found = _sabotaged(fast=BOOM, slow=BOOM).judge(batch(values)).to_pylist()
    assert [codes(row) for row in found] == [[], [("undecidable", None)], [], [("not_json", None)]]


def test_a_system_that_fails_is_no_verdict() -> None:
    judge = copy(JUDGE)
    plan = JUDGE._plans["events.zoo"]
    judge._plans = {"events.zoo": replace(plan, fast=plan.fast.replace("from judge_rows", "from gone", 1))}
    with pytest.raises(JudgeFailed, match="no verdict yet"):
        judge.judge(batch(VALUES))


def test_too_little_memory_is_no_verdict() -> None:
    own = Engine()
    own._connection.execute("set memory_limit = '20MB'")
    rows = pa.table({"x": ["y" * 1000] * 100})
    with pytest.raises(JudgeFailed, match="memory"):
        own.run("select list(x || i) as y from judge_rows, range(1000) as r(i)", rows)
    own.close()


def test_the_engine_reaches_nothing_outside() -> None:
    with pytest.raises(JudgeFailed, match=r"external access|disabled"):
        engine().run("select count(*) as n from read_text('/etc/hostname')", pa.table({"x": [1]}))


def test_a_batch_without_received_time_is_refused_whole() -> None:
    table = batch([b"{}"])
    broken = table.set_column(3, "received_at", pa.array([None], table.schema.field("received_at").type))
    with pytest.raises(pa.ArrowInvalid, match="received"):
        JUDGE.judge(broken)


def test_a_batch_in_many_chunks_is_judged_in_order() -> None:
    table = pa.concat_tables([batch([value]) for value in VALUES])
    assert JUDGE.judge(table)["accepted"].to_pylist() == JUDGE.judge(batch(VALUES))["accepted"].to_pylist()


def test_sixteen_contracts_compile_at_once() -> None:
    text = CONTRACTS["canteen_meal"].text
    many = {
        f"meal_{number}": parse_contract(text.replace("source: canteen_meal", f"source: meal_{number}"), "x")
        for number in range(16)
    }
    judge = Judge(many, PREFIX)
    topics = [f"events.meal_{number}" for number in range(16)]
    data = CONTRACTS["canteen_meal"].examples.good[0]
    values = [encoded(event(data, type=f"meal_{number}")) for number in range(16)]
    assert judge.judge(batch(values, topics))["accepted"].to_pylist() == [True] * 16
