"""A platform without Spark: records go into a lake, and through the live query's own callables and commit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from deltalake import write_deltalake

from infra.deploy import deploy
from spark_jobs.blobs import gather, unpack
from spark_jobs.cluster import Topic
from spark_jobs.live.breaking import Breaking
from spark_jobs.live.commit import Batch, Committer
from spark_jobs.live.counting import Counting
from spark_jobs.live.judging import REJECTED, ROWS, VALUES
from spark_jobs.live.plan import make_plan
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.judge.schema import INPUT
from streams.registry import deployed
from streams.settings import Settings
from streams.zone import ZONE

SOURCE = "canteen_meal"
TOPIC_ID = UUID(int=7)
NOON = datetime(2026, 6, 15, 12, tzinfo=ZONE)


def contract(settings: Settings, dearest: int = 5000) -> Contract:
    """Meals, with another upper bound of the price."""
    text = (settings.contracts_dir / f"{SOURCE}.yaml").read_text(encoding="utf-8")
    document = text.replace("price_fen:   {title: 餐费, type: fen, range: [100, 5000]}",
                            f"price_fen:   {{title: 餐费, type: fen, range: [100, {dearest}]}}")  # fmt: skip
    assert yaml.safe_load(document)["fields"]["price_fen"]["range"] == [100, dearest]
    return parse_contract(document, f"{SOURCE}.yaml")


def meal(number: int, price: int = 1200, **data: Any) -> dict[str, Any]:
    """An event that is right if its price is."""
    subsidy = min(price, max(500, price - 4000))
    return {
        "specversion": "1.0",
        "id": f"m-{number}",
        "source": "/wenzhou/canteen",
        "type": SOURCE,
        "time": (NOON + timedelta(seconds=number % 600)).isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "division": "330302",
            "canteen_id": f"ST30200{number % 3}",
            "meal": "lunch",
            "service": "dine_in",
            "elder": f"tk_{number:032x}",
            "price_fen": price,
            "subsidy_fen": subsidy,
            "paid_fen": price - subsidy,
            "channel": "card",
        }
        | data,
    }


@dataclass(repr=False)
class Platform:
    """Keeps what was sent: a record's offset is its number."""

    settings: Settings
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.topic = self.settings.topic_prefix + SOURCE
        self.deploy(contract(self.settings))

    def deploy(self, wanted: Contract) -> None:
        """Make it what is in force."""
        deploy(self.settings, [wanted])

    def send(self, values: Iterable[bytes | dict[str, Any]]) -> None:
        """Records into the lake, and through a live batch."""
        raw = [
            each if isinstance(each, bytes) else json.dumps(each, ensure_ascii=False).encode()
            for each in values
        ]
        if not raw:
            return
        first = len(self.sent)
        rows = pa.table(
            {
                "topic": [self.topic] * len(raw),
                "partition": pa.array([0] * len(raw), pa.int32()),
                "offset": range(first, first + len(raw)),
                "received_at": [self.received_at(first + number) for number in range(len(raw))],
                "value": raw,
            }
        ).cast(INPUT)
        self.sent += raw
        self._archive(rows)
        self._live(rows, first)

    def received_at(self, offset: int) -> datetime:
        """When Kafka took the record."""
        return (NOON + timedelta(hours=1, seconds=offset)).astimezone(UTC)

    def tally(self) -> Counter[str]:
        """Outcome -> events that live has booked under it, and not taken back."""
        question = "select outcome, sum(events)::int from ops.tally where query = 'live' group by 1"
        return +Counter(dict(self.ask(question)))

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.settings.postgres_dsn) as connection:
            return connection.execute(question).fetchall()

    def _archive(self, rows: pa.Table) -> None:
        days = pa.array([each.astimezone(ZONE).date() for each in rows["received_at"].to_pylist()])
        path = Path(self.settings.lake_dir) / "events"
        write_deltalake(
            str(path), rows.append_column("received_day", days), mode="append", partition_by=["received_day"]
        )

    def _live(self, rows: pa.Table, first: int) -> None:
        plan = make_plan(deployed(self.settings), self.settings.topic_prefix)
        blobs = pa.Table.from_batches(list(plan.judging(rows.combine_chunks().to_batches())))

        def of(kind: str) -> pa.Table:
            return blobs.filter(pc.equal(blobs["kind"], kind))

        small = blobs.filter(pc.invert(pc.is_in(blobs["kind"], pa.array([ROWS, REJECTED, VALUES]))))
        with psycopg.connect(self.settings.postgres_dsn, autocommit=True) as connection:
            committer = Committer(
                connection, uuid4(), lambda names: {n: Topic(n, TOPIC_ID, (0,)) for n in names}, {}
            )
            connection.execute("delete from ops.position where query = 'live'")
            committer.commit(
                Batch(
                    number=first,
                    started_at=datetime.now(UTC),
                    plan=plan,
                    judged=gather(small),
                    count=lambda excluded: gather(
                        pa.Table.from_batches(list(Counting(plan.counted, excluded)(of(ROWS).to_batches())))
                    ),
                    rejected=lambda: (table for _, table in unpack(of(REJECTED))),
                    broken=lambda broken: (
                        table
                        for batch in Breaking(
                            plan.judging, {n: t for n, (_, t) in plan.sources.items()}, broken
                        )(of(VALUES).to_batches())
                        for _, table in unpack(batch)
                    ),
                    release=lambda: None,
                )
            )
