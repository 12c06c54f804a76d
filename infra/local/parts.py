"""All parts of the local stack, collected from those who know them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infra.airflow.parts import parts as airflow_parts
from infra.local.errors import UnknownPart
from infra.local.kafka_part import kafka_part
from infra.local.part import Part
from infra.local.postgres_part import postgres_part
from infra.local.status_part import status_part
from infra.local.stream_part import gateway_part, simulator_part, stream_part
from infra.superset.parts import parts as superset_parts
from streams.settings import Settings


def all_parts(settings: Settings) -> list[Part]:
    """Every part that this installation's settings ask for; servers that are elsewhere are not among them."""
    own: list[Part] = []
    if settings.kafka_local:
        own.append(kafka_part(settings))
    if settings.postgres_local:
        own.append(postgres_part(settings))
    own += [stream_part(settings), gateway_part(settings)]
    own += [*airflow_parts(settings), *superset_parts(settings)]
    return [*own, status_part(settings), simulator_part(settings)]


def chosen(parts: Sequence[Part], names: Iterable[str]) -> list[Part]:
    """The named parts and all that they need, in the order of `parts`; no name: all that are not on demand.

    Raises UnknownPart.
    """
    by_name = {part.name: part for part in parts}
    wanted = list(names) or [part.name for part in parts if not part.on_demand]
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        raise UnknownPart(f"no part is called {', '.join(unknown)}", f"there are {', '.join(by_name)}")
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in by_name and name not in found:
            found.add(name)
            wanted += by_name[name].needs
    return [part for part in parts if part.name in found]
