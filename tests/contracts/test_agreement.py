"""Whoever is asked gives the same verdict: the judge's two ways and the gateway, about many events."""

from __future__ import annotations

from streams.admission import Admission
from streams.contract.model import Contract
from streams.judge import verdicts
from streams.judge.judge import Judge
from streams.judge.plan import compile_contract
from tests.contracts.corpus import EVENTS, RECEIVED, TOKENS, batch, cases


def test_the_gateway_and_both_ways_of_the_judge_agree_on_every_event(contract: Contract) -> None:
    """Verdicts of all events, and of accepted ones every value that is counted, however they are read.

    The slow way is usually taken for what the fast one cannot pass; here it reads everything.
    """
    corpus = list(cases(contract))
    events = batch(contract, [case.value for case in corpus])
    judge = Judge({contract.source: contract}, "events.")
    judged = judge.judge(events)
    accepted = judged["accepted"].combine_chunks()
    codes = {reason["code"] for listed in judged["reasons"].to_pylist() for reason in listed or ()}
    assert 0.2 < sum(accepted.to_pylist()) / EVENTS < 0.8, "the corpus says something"
    assert codes >= {"missing", "wrong_type", "not_in_enum", *(f"check:{name}" for name in contract.checks)}

    plan = compile_contract(contract)
    slow = verdicts._slow(plan, events["received_at"].combine_chunks(), events["value"].combine_chunks())
    assert slow["accepted"].equals(accepted)
    for name in ("event_id", "division", "place", "event_day", "minute", *plan.slots.values()):
        said = judged[name].combine_chunks().filter(accepted)
        assert slow[name].cast(said.type).filter(accepted).equals(said), name

    admission = Admission({contract.source: contract}, "events.", TOKENS)
    admitted = admission.admit([case.event for case in corpus], RECEIVED)
    # A personal number in the clear is replaced at the edge, and refused in the log.
    raw = [
        {reason["code"] for reason in listed or ()} == {"untokenised"}
        for listed in judged["reasons"].to_pylist()
    ]
    both = zip(admitted, accepted.to_pylist(), raw, strict=True)
    differing = [
        n for n, (edge, log, clear) in enumerate(both) if (edge.record is not None) != log and not clear
    ]
    assert differing == []
