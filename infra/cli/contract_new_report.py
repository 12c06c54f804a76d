"""What `minsheng contract new` says when it is done: to people, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from infra.cli.output import err, out, print_json
from streams.authoring.draft import Draft, of_sums
from streams.authoring.sample import Sample


@dataclass(frozen=True)
class Written:
    """Where the contract and the mapping stand, or would; `sample`: None where it came by standard input.

    `sheet`: of a workbook, where one was named.
    """

    contract: Path
    mapping: Path
    sample: Path | None
    sheet: str | None = None


def report(made: Draft, read: Sample, written: Written, *, dry_run: bool, as_json: bool) -> None:
    """Say what was proposed for each column, and what comes next; in a dry run print the files instead."""
    if as_json:
        _print_json(made, read, written, dry_run=dry_run)
    elif dry_run:
        typer.echo(made.text)
        if made.mapping is not None:
            typer.echo(made.mapping)
        err.print("Nothing was written (--dry-run).")
    else:
        _print_fields(made)
        if read.header_row > 1:
            out.print(f"The headings stand on line {read.header_row}; what is above them is no row.")
        _print_next(made, written)


def _print_json(made: Draft, read: Sample, written: Written, *, dry_run: bool) -> None:
    chosen = made.chosen
    print_json({
        "contract": str(written.contract),
        "mapping": str(written.mapping) if made.mapping else None,
        "dry_run": dry_run,
        "rows": read.rows.num_rows,
        "fields": {
            g.name: {"heading": g.heading, "type": g.spec.type, "evidence": list(g.evidence)}
            for g in chosen.fields
        } | {
            each.name: {"heading": each.heading, "type": "list", "evidence": list(each.evidence)}
            for each in chosen.lists
        },
        "header_row": read.header_row,
        "time": chosen.time.heading if chosen.time else None,
        "clock": chosen.clock,
        "id": chosen.id.heading if chosen.id else None,
        "sums": list(made.sums),
        "left_out": {each.heading: each.why for each in made.left_out},
        **({"text": made.text, "mapping_text": made.mapping} if dry_run else {}),
    })  # fmt: skip


def _print_fields(made: Draft) -> None:
    table = Table("heading", "becomes", "type", "evidence", box=None)
    for part, guess in (("(time)", made.chosen.time), ("(id)", made.chosen.id)):
        if guess is not None:
            clock = f" + {made.chosen.clock}" if made.chosen.clock and part == "(time)" else ""
            _add(table, guess.heading + clock, part, guess.spec.type, *guess.evidence[:1])
    for guess in made.chosen.fields:
        notes = [guess.spec.type, "personal" * bool(guess.spec.pii), "optional" * guess.spec.optional]
        _add(table, guess.heading, guess.name, ", ".join(filter(None, notes)), *guess.evidence[:1])
    for each in made.chosen.lists:
        _add(table, each.heading, each.name, "list" + ", optional" * each.is_optional, *each.evidence[:1])
        for guess in each.fields:
            _add(table, guess.heading, guess.name, guess.spec.type, *guess.evidence[:1])
    for left in made.left_out:
        _add(table, left.heading, "-", "left out", left.why)
    out.print(table)
    if made.sums:
        err.print(of_sums(made.sums), markup=False, style="yellow", soft_wrap=True)
    if made.chosen.time is None:
        err.print(
            "No column says when it happened: importing needs one. Name it by --time, or add it."
            " The hours, the volume and the silence under expect are placeholders.",
            style="yellow",
        )


def _add(table: Table, *cells: str) -> None:
    """A row of texts; a heading of a file may look like markup."""
    table.add_row(*map(escape, cells))


def _print_next(made: Draft, written: Written) -> None:
    lines = [f"wrote {written.contract}"]
    told = ""
    if made.mapping is not None:
        lines.append(f"wrote {written.mapping}")
        told = f" --mapping {written.mapping}"
    sheet = f" --sheet {written.sheet}" if written.sheet else ""
    events = f" --events {written.sample}{sheet}{told}" if written.sample else ""
    lines += [
        "Read it and correct it. Then:",
        f"  minsheng contract check {written.contract}",
        f"  minsheng contract try {written.contract}{events}",
    ]
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
