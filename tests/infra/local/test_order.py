"""Parts start after those they need and stop before them."""

from __future__ import annotations

import pytest

from infra.local.bring_up import in_order
from infra.local.errors import UnknownPart
from infra.local.part import STOP_SECONDS, Part
from infra.local.parts import all_parts, chosen
from infra.local.stack import LEFTOVER_SECONDS, ROUND_SECONDS, users_then_servers
from infra.superset import parts as superset_parts
from spark_jobs import stream
from streams.gateway import __main__ as gateway_main
from streams.gateway import app as gateway_app
from streams.settings import Settings


def part(name: str, *needs: str, on_demand: bool = False) -> Part:
    return Part(name, name, ("true",), healthy=lambda: None, needs=needs, on_demand=on_demand)


PARTS = [part("d", "b", "c"), part("b", "a"), part("c", "a"), part("a"), part("e", on_demand=True)]


def names(parts: list[Part]) -> list[str]:
    return [each.name for each in parts]


def test_each_part_comes_after_those_it_needs() -> None:
    ordered = names(in_order(PARTS))
    assert all(ordered.index(need) < ordered.index(each.name) for each in PARTS for need in each.needs)


def test_a_need_that_is_elsewhere_is_met() -> None:
    assert names(in_order([part("stream", "kafka")])) == ["stream"]


def test_servers_stop_after_those_that_use_them() -> None:
    assert [names(group) for group in users_then_servers(PARTS)] == [["d", "b", "c"], ["a", "e"]]


def test_a_named_part_brings_what_it_needs() -> None:
    assert names(chosen(PARTS, ["b"])) == ["b", "a"]


def test_what_is_on_demand_starts_only_when_named() -> None:
    assert names(chosen(PARTS, [])) == ["d", "b", "c", "a"]
    assert names(chosen(PARTS, ["e"])) == ["e"]


def test_an_unknown_part_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownPart, match=r"no part is called kafak\n.*there are d, b, c, a, e"):
        chosen(PARTS, ["kafak"])


def test_the_platforms_own_parts_fit_together() -> None:
    parts = all_parts(Settings())
    assert len({each.name for each in parts}) == len(parts)
    assert {need for each in parts for need in each.needs} <= {each.name for each in parts}
    used = [port for each in parts for port in each.ports.values()]
    assert len(set(used)) == len(used)
    assert names(in_order(parts))


def test_each_program_ends_by_itself_before_it_is_killed_and_all_within_15_seconds() -> None:
    gateway_seconds = gateway_main.GRACE_SECONDS + 2 * gateway_app.STOP_SECONDS
    for own in (gateway_seconds, stream.STOP_SECONDS, superset_parts.GRACE_SECONDS):
        assert own < STOP_SECONDS
    rounds = len(users_then_servers(all_parts(Settings())))
    assert rounds * ROUND_SECONDS + LEFTOVER_SECONDS < 15


def test_servers_that_are_elsewhere_are_no_parts() -> None:
    found = names(all_parts(Settings(kafka_local=False, postgres_local=False)))
    assert "kafka" not in found
    assert "postgres" not in found
    assert "stream" in found
