"""Whoever is asked gives the same verdict: the judge, the judge within Spark, and Great Expectations.

About many events of every contract, in one Spark session: one job judges them all.
"""

from __future__ import annotations

import pickle
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from expectations.answers import answers
from expectations.event_rules import asked, event_rules
from expectations.questioner import Questioner
from expectations.rule import Rule, suite
from spark_jobs.blobs import BLOBS, gather
from spark_jobs.live.judging import CLAIMS, REJECTED, Judging
from spark_jobs.rollup.fields import events, read_again
from spark_jobs.rollup.lake import rollup_session
from streams.contract.loader import load_contracts
from streams.contract.model import Contract
from streams.judge.judge import Judge
from streams.settings import REPOSITORY, Settings
from tests.contracts.corpus import DAY, batch, cases
from tests.contracts.interpreting import interpreted

pytestmark = pytest.mark.servers

CONTRACTS = load_contracts(REPOSITORY / "streams" / "contracts")
PREFIX = "events."
UNSEEN = frozenset({"wrong_type", "unknown_field"})
"""Faults of the JSON itself: Great Expectations is asked about typed columns, in which "12" is 12 and what
the contract does not know is not there."""


@dataclass(frozen=True)
class Corpus:
    """All events, source by source, and what the judge says of them in this process."""

    events: pa.Table
    judged: pa.Table

    def of(self, source: str) -> tuple[pa.Table, pa.Table]:
        mine = pc.equal(self.judged["source"], source)
        return self.events.filter(mine), self.judged.filter(mine)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    session = rollup_session(Settings(home=tmp_path_factory.mktemp("spark")), events=0)
    with interpreted(session):
        yield session


@pytest.fixture
def questioner(tmp_path: Path) -> Questioner:
    return Questioner(tmp_path, "corpus")


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(CONTRACTS, PREFIX)


@pytest.fixture(scope="module")
def corpus(judge: Judge, corpus_events: int) -> Corpus:
    parts = [
        batch(contract, [case.value for case in cases(contract, corpus_events)])
        for contract in CONTRACTS.values()
    ]
    told = pa.concat_tables(parts)
    return Corpus(told, judge.judge(told))


def test_the_judge_within_spark_says_the_same_of_every_event(
    spark: SparkSession, judge: Judge, corpus: Corpus
) -> None:
    """The live query's own way: Arrow batches of all sources, judged by workers, back as blobs."""
    numbers = {source: number for number, source in enumerate(CONTRACTS, 1)}
    judging = Judging("corpus", pickle.dumps(judge), numbers)
    frame = spark.createDataFrame(corpus.events).repartition(4)
    blobs = frame.mapInArrow(judging, BLOBS).where(f"kind in ('{REJECTED}', '{CLAIMS}')")
    found = gather(blobs.toArrow())

    here = corpus.judged
    refused = here.filter(pc.invert(here["accepted"]))
    columns = ["source", "offset", "reasons", "event_id", "division", "place", "excerpt"]
    order = [("source", "ascending"), ("offset", "ascending")]
    there = pa.concat_tables([found[REJECTED]]).select(columns).sort_by(order)
    assert there.to_pylist() == refused.select(columns).sort_by(order).to_pylist()

    accepted = here.filter(here["accepted"])
    claimed = pa.table(
        {
            "number": pa.array([numbers[source] for source in accepted["source"].to_pylist()], pa.int16()),
            "position": accepted["offset"],  # all of partition 0
            "event_day": accepted["event_day"],
            "claim_id": accepted["claim_id"],
            "content": accepted["content"],
        }
    )
    order = [("number", "ascending"), ("position", "ascending")]
    assert found[CLAIMS].select(claimed.column_names).sort_by(order).to_pylist() == claimed.to_pylist()


# pandas warns of groups in a pattern, which it does not mean to extract here.
@pytest.mark.filterwarnings("ignore:This pattern is interpreted as a regular expression:UserWarning")
@pytest.mark.parametrize("source", CONTRACTS)
def test_great_expectations_finds_what_the_judge_finds(
    spark: SparkSession, questioner: Questioner, corpus: Corpus, source: str
) -> None:
    """Every accepted event passes every rule; of every other one a rule about the field that the judge names
    fails, unless the fault is one of JSON, which typed columns do not show."""
    contract = CONTRACTS[source]
    told, judged = corpus.of(source)
    failed = failing(questioner, contract, parsed(spark, contract, told["value"].to_pylist()))
    said = judged["reasons"].to_pylist()
    assert {number for number, reasons in enumerate(said) if reasons is None and failed[number]} == set()

    unseen: Counter[str] = Counter()
    missed = []
    for number, reasons in enumerate(said):
        wanted = wanted_of(reasons or ())
        if any(not any(code.startswith(prefixes) for code in failed[number]) for prefixes in wanted):
            missed.append((wanted, failed[number], told["value"][number].as_py().decode()))
        if reasons and not wanted:
            unseen.update({reason["code"] for reason in reasons})
    assert missed[:3] == []
    assert unseen.total() < len(said) / 3, "most faults are asked about twice"


def wanted_of(reasons: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """For each complaint of the judge, how the codes of the rules begin one of which must fail.

    A check is asked for only where nothing else is wrong: of a field with a fault the two engines may have
    read different values.
    """
    fields = [
        prefixes_of(str(reason["code"]), str(reason["field"]))
        for reason in reasons
        if reason["code"] not in UNSEEN and ":" not in reason["code"]
    ]
    are_checks = all(":" in reason["code"] for reason in reasons)
    return [(str(reason["code"]),) for reason in reasons] if are_checks else fields


def prefixes_of(code: str, field: str) -> tuple[str, ...]:
    """How the codes of rules about a field begin; an object is asked about by its fields."""
    outer, bracket, inner = field.partition("[")
    if bracket:
        return (f"{outer}[].{inner.partition('__')[2]}.",)
    return (f"{field}__count.",) if code == "too_many" else (f"{field}.", f"{field}__")


def parsed(spark: SparkSession, contract: Contract, values: Sequence[bytes]) -> pd.DataFrame:
    """The events as Great Expectations is asked about them, read from JSON by Spark; in their order."""
    rows = pa.table(
        {
            "_value": pa.array([value.decode() for value in values], pa.string()),
            "_claim": pa.array([number.to_bytes(16, "big") for number in range(len(values))], pa.binary()),
        }
    )
    seen = asked(events(read_again(spark.createDataFrame(rows), contract), contract), contract)
    wanted = {str(each.expectation.column) for each in rules_of(contract)}  # type: ignore[attr-defined]
    table = seen.select("_claim", *sorted(wanted)).toArrow().sort_by("_claim")
    assert table.num_rows == len(values)
    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get)


def rules_of(contract: Contract) -> Iterator[Rule]:
    """The rules about one event alone, as pandas takes them: Python writes the end of a text as \\Z."""
    for each in event_rules(contract, DAY):
        if each.code.startswith(("unique:", "time.")):
            continue
        expectation = copy(each.expectation)
        if isinstance(expectation, gxe.ExpectColumnValuesToMatchRegex):
            expectation.regex = str(expectation.regex).replace(r"\z", r"\Z")
        yield Rule(each.code, each.title, expectation)


def failing(questioner: Questioner, contract: Contract, rows: pd.DataFrame) -> dict[int, set[str]]:
    """Number of the event -> codes of the rules that it breaks."""
    context = questioner.context
    asset = context.data_sources.add_pandas(f"{contract.source}.pandas").add_dataframe_asset("events")
    asking = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": rows})
    answer = asking.validate(suite(f"{contract.source}.corpus", rules_of(contract)), result_format="COMPLETE")
    list(answers(answer))  # raises where an expectation raised
    found: defaultdict[int, set[str]] = defaultdict(set)
    for result in answer.results:
        config = result.expectation_config
        assert config is not None
        for number in result.result.get("unexpected_index_list") or ():
            found[int(number)].add(str(config.meta["code"]))
    return found
