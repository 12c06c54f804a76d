"""Admission and the producer: whatever comes, each event gets one verdict, and no person gets past."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from infra.deploy import deploy
from streams.admission import Admission
from streams.contract.loader import load_contract, load_contracts
from streams.contract.model import Contract
from streams.delivery import Position
from streams.judge.uniqueness import CODE
from streams.producer import EventProducer
from streams.settings import Settings
from streams.tokens import Tokens
from streams.zone import ZONE
from tests.streams.conftest import values_of

ELDER = "330302194001011232"
CONTRACTS = load_contracts(Settings().contracts_dir)
TOKENS = Tokens.of("k" * 32)
ADMISSION = Admission(CONTRACTS, "events.", TOKENS)
MEAL = CONTRACTS["canteen_meal"]


def event(contract: Contract = MEAL, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "/wenzhou/minzheng/canteen",
        "type": contract.source,
        "time": datetime.now(ZONE).isoformat(timespec="seconds"),
        "data": {**contract.examples.good[0], "elder": ELDER, **data},
    }


def test_an_admitted_event_is_a_record_with_the_place_as_its_key_and_a_token_for_the_person() -> None:
    sent = event()
    (verdict,) = ADMISSION.admit([sent])
    assert verdict.reasons == ()
    assert verdict.record is not None
    assert verdict.record.topic == "events.canteen_meal"
    assert verdict.record.key == sent["data"]["canteen_id"].encode()
    assert json.loads(verdict.record.value)["data"] == sent["data"] | {"elder": TOKENS.token(ELDER)}
    assert sent["data"]["elder"] == ELDER  # the caller's event is the caller's


def test_a_token_passes_only_where_it_is_expected() -> None:
    replayed = event(elder=TOKENS.token(ELDER))
    assert ADMISSION.admit([replayed])[0].reasons[0].code == "bad_pattern"
    (verdict,) = Admission(CONTRACTS, "events.", TOKENS, allow_tokens=True).admit([replayed])
    assert verdict.reasons == ()


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_every_example_of_a_contract_is_judged_as_it_says(contract: Contract) -> None:
    admission = Admission(CONTRACTS, "events.", TOKENS, allow_tokens=True)
    good = [{**event(contract), "data": dict(example)} for example in contract.examples.good]
    assert [verdict.reasons for verdict in admission.admit(good)] == [()] * len(good)
    for example in contract.examples.bad:
        wrong = {**event(contract), "data": dict(example.data)}
        if example.time is not None:
            wrong["time"] = example.time
        codes = {reason.code for reason in admission.admit([wrong])[0].reasons}
        if example.because.startswith(CODE):
            assert codes == set(), "nobody at the edge knows of the events before this one"
        else:
            # A raw number where a token belongs is tokenised at the edge, not refused.
            assert example.because in codes or example.because == "untokenised"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(ELDER),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(["elder", "meal", "price_fen", "", "canteen_id"]), ANYTHING), max_size=8
    )
)
def test_one_verdict_for_each_whatever_it_holds(changes: list[tuple[str, Any]]) -> None:
    events = [event(**{name: value}) if name else value for name, value in changes]
    verdicts = ADMISSION.admit(events)
    assert len(verdicts) == len(events)
    assert all(bool(verdict.record) != bool(verdict.reasons) for verdict in verdicts)
    assert not any(verdict.record and ELDER.encode() in verdict.record.value for verdict in verdicts)


@pytest.mark.servers
def test_the_producer_sends_what_is_admitted_and_says_why_not(settings: Settings) -> None:
    contract = load_contract(settings.contracts_dir / "canteen_meal.yaml")
    deploy(settings, [contract])
    with EventProducer(settings, {contract.source: contract}, name="test") as producer:
        good, wrong = producer.send(event()), producer.send(event(meal="supper"))
        assert good.position is not None
        assert isinstance(good.position.result(30), Position)
        assert wrong.position is None
        assert [reason.code for reason in wrong.verdict.reasons] == ["not_in_enum"]
        batch = producer.send_all([event(), event(elder="1"), event()])
        assert [bool(verdict.reasons) for verdict in batch.verdicts] == [False, True, False]
        assert len(batch.delivery.done.result(30)) == 2
    assert len(values_of(settings.kafka_bootstrap, settings.topic_prefix + contract.source)) == 3


PERSONAL_ATTRIBUTES = [
    {name: value.format(number)}
    for number in (ELDER, "13800138000", "6222021234567890128")
    for name, value in {
        "id": "{}",
        "source": "/x/{}",
        "subject": "{}",
        "sequence": "{}",
        "phone": "{}",
    }.items()
]


@pytest.mark.servers
def test_no_number_of_a_person_reaches_kafka_in_an_attribute(settings: Settings) -> None:
    contract = load_contract(settings.contracts_dir / "canteen_meal.yaml")
    deploy(settings, [contract])
    topic = settings.topic_prefix + contract.source
    with EventProducer(settings, {contract.source: contract}, name="test") as producer:
        sent = [event() | attribute for attribute in PERSONAL_ATTRIBUTES]
        batch = producer.send_all([*sent, event()])
        assert [
            [(reason.code, reason.field) for reason in verdict.reasons] for verdict in batch.verdicts
        ] == [
            *([("untokenised", name)] for attribute in PERSONAL_ATTRIBUTES for name in attribute),
            [],
        ]
        assert len(batch.delivery.done.result(30)) == 1
    (value,) = values_of(settings.kafka_bootstrap, topic)
    assert not any(number in value for number in (ELDER.encode(), b"13800138000", b"6222021234567890128"))
