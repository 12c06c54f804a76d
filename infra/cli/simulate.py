"""`minsheng simulate`: the city of the contracts, one day at any pace or without end."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, DryRun, err, fail, print_json
from infra.cli.simulation_report import progress, report
from streams.contract.loader import load_contracts
from streams.registry import Registry, deployed
from streams.settings import Settings
from streams.simulator.answer import expected
from streams.simulator.choosing import Cities, chosen, refuse_unacceptable
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from streams.simulator.endless import Endless
from streams.simulator.gateway_way import GatewayWay
from streams.simulator.kafka_way import KafkaWay
from streams.simulator.plan import USUAL, Rates
from streams.simulator.playing import play
from streams.simulator.position import Position, position_file
from streams.simulator.schedule import DAY_US, midnight
from streams.version import in_one_line
from streams.zone import ZONE

app = typer.Typer(
    no_args_is_help=True,
    help="The simulated city: events of every deployed contract, the same for the same seed and day.",
)


class Via(StrEnum):
    """Ways into the platform."""

    KAFKA = "kafka"
    GATEWAY = "gateway"


class Stragglers(StrEnum):
    """What of a day is sent: late events and resends come after the day is over."""

    WITH = "with"
    WITHOUT = "without"
    ONLY = "only"


Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day that is over; yesterday by default.")
]
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="A source; all deployed ones by default.")
]
Seed = Annotated[int, typer.Option(min=0, help="Another seed is another city with other events.")]
Scale = Annotated[float, typer.Option(min=0.0001, help="Times the volume that the contracts expect.")]
Share = {"min": 0.0, "max": 1.0}
Late = Annotated[float, typer.Option(**Share, help="Share of events that come minutes to two days late.")]
Duplicate = Annotated[float, typer.Option(**Share, help="Share of events that are sent twice.")]
Conflict = Annotated[float, typer.Option(**Share, help="Share of ids that come again with other content.")]
Faulty = Annotated[float, typer.Option(**Share, help="Share of events with a fault.")]
ViaOption = Annotated[Via, typer.Option(help="Straight to Kafka, or over HTTP.")]
Which = Annotated[
    Stragglers, typer.Option(help="What comes after the day is over: with it, without it, or only that.")
]


@app.command()
@failures()
def day(
    *,
    day: Day = None,
    speed: Annotated[
        float | None, typer.Option(min=0.01, help="Simulated seconds a second: 288 plays a day in 5 minutes.")
    ] = None,
    as_fast_as_possible: Annotated[
        bool, typer.Option("--as-fast-as-possible", help="Do not wait between events; the default.")
    ] = False,
    sources: Sources = None,
    seed: Seed = 1,
    scale: Scale = 1.0,
    late: Late = USUAL.late,
    duplicate: Duplicate = USUAL.duplicate,
    conflict: Conflict = USUAL.conflict,
    faulty: Faulty = USUAL.faulty,
    stragglers: Which = Stragglers.WITH,
    via: ViaOption = Via.KAFKA,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send a day of the city. What the platform must make of it is printed at the end.

    Sending the same day again sends the same events: the platform counts each once. Ctrl-C stops cleanly.
    """
    if speed is not None and as_fast_as_possible:
        fail("--speed and --as-fast-as-possible exclude each other.", exits.USAGE)
    settings = Settings()
    on = _day(day)
    contracts = chosen(deployed(settings).contracts, sources)
    refuse_unacceptable(on, contracts, datetime.now(ZONE))
    rates = Rates(late, duplicate, conflict, faulty)
    days = [SimulatedDay(City(contract, seed), on, scale, rates, via.value) for contract in contracts]
    begin, end = _span(on, stragglers)
    seconds = None
    if not dry_run:
        stop, way = _stopped_by_signals(), _way(via, settings)
        with progress(days, begin, end) as on_sent:
            tally = play(days, way, speed=speed, begin=begin, end=end, stop=stop, on_sent=on_sent)
        way.close()
        if stop.is_set():
            fail(f"Stopped after {tally.total} events; the same command sends the rest.", exits.INTERRUPTED)
        seconds = tally.seconds
    report([expected(one, begin, end) for one in days], on, seed, seconds, as_json=as_json)


@app.command()
@failures()
def expect(
    *,
    day: Day = None,
    sources: Sources = None,
    seed: Seed = 1,
    scale: Scale = 1.0,
    late: Late = USUAL.late,
    duplicate: Duplicate = USUAL.duplicate,
    conflict: Conflict = USUAL.conflict,
    faulty: Faulty = USUAL.faulty,
    stragglers: Which = Stragglers.WITH,
    via: ViaOption = Via.KAFKA,
    as_json: AsJson = False,
) -> None:
    """Say what the platform must make of a day of the contract files, without sending it; needs no server."""
    on = _day(day)
    contracts = chosen(load_contracts(Settings().contracts_dir), sources)
    rates = Rates(late, duplicate, conflict, faulty)
    days = [SimulatedDay(City(contract, seed), on, scale, rates, via.value) for contract in contracts]
    report([expected(one, *_span(on, stragglers)) for one in days], on, seed, None, as_json=as_json)


@app.command()
@failures()
def run(
    *,
    sources: Sources = None,
    seed: Seed = 1,
    scale: Scale = 1.0,
    late: Late = USUAL.late,
    duplicate: Duplicate = USUAL.duplicate,
    conflict: Conflict = USUAL.conflict,
    faulty: Faulty = USUAL.faulty,
    via: ViaOption = Via.KAFKA,
    as_json: AsJson = False,
) -> None:
    """Live the city's life at the pace of the clock, without end; SIGTERM or Ctrl-C stops cleanly.

    Begins with today's first event, in a hurry until it has caught up; goes on where it stopped after a
    restart within a day. Contracts that are deployed meanwhile join in.
    """
    settings = Settings()
    err.print(in_one_line(settings, "simulator"), soft_wrap=True, markup=False)
    position = Position(position_file(settings), seed, scale)
    with position.held(), closing(Registry(settings.postgres_dsn)) as registry:
        way = _way(via, settings)
        endless = Endless(
            cities=Cities(registry, sources, seed),
            way=way,
            position=position,
            way_name=via.value,
            scale=scale,
            rates=Rates(late, duplicate, conflict, faulty),
        )
        tally = endless.run(_stopped_by_signals())
        way.close()
    sent = {source: counts.total() for source, counts in tally.sent.items()}
    if as_json:
        print_json({"seed": seed, "sent": sent})
    else:
        listed = ", ".join(f"{count:,} {source}" for source, count in sent.items())
        err.print(f"stopped; sent {listed or 'nothing'}")


def _day(day: datetime | None) -> date:
    return (day or datetime.now(ZONE) - timedelta(days=1)).date()


def _way(via: Via, settings: Settings) -> KafkaWay | GatewayWay:
    return KafkaWay(settings) if via == Via.KAFKA else GatewayWay(settings)


def _span(day: date, stragglers: Stragglers) -> tuple[int | None, int | None]:
    over = midnight(day) + DAY_US
    return (
        over if stragglers == Stragglers.ONLY else None,
        over if stragglers == Stragglers.WITHOUT else None,
    )


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
