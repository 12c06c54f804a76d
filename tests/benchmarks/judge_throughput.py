"""How many events a second one core judges: `python -m tests.benchmarks.judge_throughput`.

Events of every contract in the repository, compact CloudEvents as the gateway sends them; broken ones are
broken as their contract's counter-examples are. Each figure is the median of rounds in which all cases take
turns. A run whose counts differ from what was made is void.
"""

from __future__ import annotations

import platform
import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from streams.contract.loader import load_contracts, parse_contract
from streams.contract.model import Contract
from streams.judge.judge import Judge
from streams.judge.schema import INPUT
from streams.settings import Settings
from streams.strict_json import dumps

ROUNDS = 5
ROWS = 50_000
RECEIVED = datetime(2026, 9, 1, 12, tzinfo=UTC)
BROKEN_SHARE = 0.02
PREFIX = "events."
ACCEPTED = {"too_old", "too_new", "bad_time", "unique"}
"""Examples whose fault is not in their data, or not in one event alone."""


def main() -> None:
    contracts = load_contracts(Settings().contracts_dir)
    judge = Judge(contracts, PREFIX)
    cases = {source: (judge, *events(contract, ROWS, 0.0)) for source, contract in contracts.items()}
    cases["all sources, one batch"] = (judge, *mixed(contracts, 0.0))
    cases["all sources, 2 % broken"] = (judge, *mixed(contracts, BROKEN_SHARE))
    cases["everything broken"] = (judge, *mixed(contracts, 1.0, ROWS // 10))
    many = sixteen(contracts)
    cases["16 contracts, one batch"] = (Judge(many, PREFIX), *mixed(many, 0.0))
    say(f"{platform.machine()}, Python {platform.python_version()}, DuckDB {duckdb.__version__}")
    say(f"{'case':26} {'bytes':>6} {'events/s':>10} {'spread':>19} {'per CPU-second':>15}")
    for name, (rates, cpu, size) in measured(cases).items():
        rate, spread = statistics.median(rates), f"{min(rates):,.0f}-{max(rates):,.0f}"
        say(f"{name:26} {size:6.0f} {rate:10,.0f} {spread:>19} {statistics.median(cpu):15,.0f}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def measured(
    cases: dict[str, tuple[Judge, pa.Table, int]],
) -> dict[str, tuple[list[float], list[float], float]]:
    """Case -> events a second and a CPU second by round, mean bytes. Exits where a count differs."""
    results: dict[str, tuple[list[float], list[float], float]] = {
        name: ([], [], table["value"].nbytes / table.num_rows) for name, (_, table, _) in cases.items()
    }
    for turn in range(ROUNDS + 1):
        for name, (judge, table, right) in cases.items():
            wall, cpu = time.perf_counter(), time.process_time()
            found = judge.judge(table)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            accepted = sum(found["accepted"].to_pylist())
            if (found.num_rows, accepted) != (table.num_rows, right):
                raise SystemExit(f"void: {name}: {accepted} of {found.num_rows} accepted, not {right}")
            if turn:  # the first is to get warm
                results[name][0].append(table.num_rows / wall)
                results[name][1].append(table.num_rows / cpu)
    return results


def mixed(contracts: dict[str, Contract], broken: float, rows: int = ROWS) -> tuple[pa.Table, int]:
    """Events of all contracts in turn, and how many of them are right."""
    parts = [events(contract, rows // len(contracts), broken) for contract in contracts.values()]
    table = pa.concat_tables([part for part, _ in parts])
    order = list(range(table.num_rows))
    random.Random(7).shuffle(order)
    return table.take(order).combine_chunks(), sum(right for _, right in parts)


def events(contract: Contract, count: int, broken: float) -> tuple[pa.Table, int]:
    """A table of events as the judge gets them, and how many of them are right."""
    rng = random.Random(contract.source)
    faults = [bad for bad in contract.examples.bad if bad.because.partition(":")[0] not in ACCEPTED]
    values: list[bytes] = []
    right = 0
    for index in range(count):
        if rng.random() < broken:
            data: dict[str, Any] = rng.choice(faults).data
        else:
            right += 1
            data = dict(rng.choice(contract.examples.good))
            data.update(
                {name: f"tk_{rng.getrandbits(128):032x}" for name in contract.personal if name in data}
            )
        values.append(
            dumps(
                {
                    "specversion": "1.0",
                    "id": f"{rng.getrandbits(128):032x}",
                    "source": f"/wenzhou/{contract.source}",
                    "type": contract.source,
                    "time": (RECEIVED - timedelta(milliseconds=20 * index)).isoformat(
                        timespec="milliseconds"
                    ),
                    "datacontenttype": "application/json",
                    "data": data,
                }
            )
        )
    columns = {
        "topic": [PREFIX + contract.source] * count,
        "partition": [0] * count,
        "offset": range(count),
        "received_at": [RECEIVED] * count,
        "value": values,
    }
    return pa.table(columns, schema=INPUT), right


def sixteen(contracts: dict[str, Contract]) -> dict[str, Contract]:
    """The repository's contracts again and again, under other names."""
    texts = [contract.text for contract in contracts.values()]
    found: dict[str, Contract] = {}
    for number in range(16):
        old = list(contracts)[number % len(texts)]
        text = texts[number % len(texts)].replace(f"source: {old}", f"source: source_{number}", 1)
        found[f"source_{number}"] = parse_contract(text, old)
    return found


if __name__ == "__main__":
    main()
