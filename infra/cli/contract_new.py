"""`minsheng contract new`: a sample of a source's rows becomes a contract that is ready to be corrected."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from infra.cli import exits
from infra.cli.contract_new_report import Written, report
from infra.cli.failures import failures
from infra.cli.header_row import HeaderRow
from infra.cli.output import AsJson, DryRun, err, fail, out, print_json
from streams.authoring.draft import Wishes, draft
from streams.authoring.odcs import from_odcs, read_odcs
from streams.authoring.sample import read_sample
from streams.contract.model import FieldName, SourceName
from streams.contract.rules.fields import ENVELOPE, RESERVED
from streams.settings import Settings
from streams.zone import ZONE

STANDARD_INPUT = Path("-")
MAPPING_SUFFIX = ".mapping.yaml"
_PASTED_BYTES = 64 * 1024 * 1024
_ASKED = {
    "title": "Chinese title, as operators read it",
    "about": "what one event is, in one sentence",
    "owner": "the department that answers for it",
}


@failures()
def new(  # noqa: PLR0917 (options of a command, given by name)
    sample: Annotated[
        Path | None,
        typer.Argument(
            help="CSV (UTF-8 or GB18030), XLSX or JSON lines; -, or nothing: standard input, a paste."
        ),
    ] = None,
    source: Annotated[str, typer.Option("--source", help="Name of the source, such as parking_notice.")] = "",
    title: Annotated[str | None, typer.Option(help=f"{_ASKED['title'].capitalize()}.")] = None,
    about: Annotated[str | None, typer.Option(help=f"{_ASKED['about'].capitalize()}.")] = None,
    owner: Annotated[str | None, typer.Option(help=f"{_ASKED['owner'].capitalize()}.")] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="HEADING=FIELD: the name that a column's field is to have. Repeatable."),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(help="Heading of the column that says when it happened; DAY+CLOCK of two columns."),
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Heading of the column that names each event.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Heading of the place: one place's events stay in order.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an XLSX. Default: the first.")] = None,
    header_row: HeaderRow = None,
    odcs: Annotated[
        Path | None,
        typer.Option(
            "--from-odcs", help="Instead of a sample: a contract of the Open Data Contract Standard 3."
        ),
    ] = None,
    table: Annotated[str | None, typer.Option(help="With --from-odcs: which of its schema objects.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder of the contract. Default: the platform's contracts.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help=f"The importer's mapping, if it needs one. Default: SAMPLE{MAPPING_SUFFIX}."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; what is not said gets a placeholder.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a contract and a mapping.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Propose a contract from a sample, with the evidence for each guess as a comment beside it.

    Types are known by their form and their checksums; personal fields are marked, names and addresses left
    out. Nothing of the sample that leads to a person comes into the file. Where headings alone do not tell
    the importer how to read the file, a mapping is written beside the sample.

    Exit code 2: no contract can be made of this, or the file exists already (--force).
    """
    _refuse_name(source)
    names = _names(name or [])
    target = (folder or Settings().contracts_dir) / f"{source}.yaml"
    if odcs is not None:
        given = {"title": title, "about": about, "owner": owner}
        _from_odcs(odcs, source, given, table, target, write=not dry_run, force=force, as_json=as_json)
        return
    with _sample_file(sample) as path:
        mapping_path = mapping or _beside(sample, source)
        if not (force or dry_run):
            _refuse_overwriting(target, mapping_path)
        said = _asked(
            {"title": title, "about": about, "owner": owner}, source, path != sample, yes=yes or dry_run
        )
        with _bar(quiet=as_json) as bar:
            task = bar.add_task("reading", total=1.0)
            read = read_sample(
                path,
                sheet=sheet,
                header_row=header_row,
                progress=lambda done, _: bar.update(task, completed=done),
            )
            task = bar.add_task("looking for evidence", total=1.0)
            wishes = Wishes(source, said["title"], said["about"], said["owner"], names, time, id_, key)
            today = datetime.now(ZONE).date()
            made = draft(read, wishes, today, lambda done: bar.update(task, completed=done))
    if not dry_run:
        _write(target, made.text)
        if made.mapping is not None:
            _write(mapping_path, made.mapping)
    report(
        made,
        read,
        Written(target, mapping_path, sample if path == sample else None, sheet),
        dry_run=dry_run,
        as_json=as_json,
    )


def _from_odcs(
    path: Path,
    source: str,
    said: Mapping[str, str | None],
    table: str | None,
    target: Path,
    *,
    write: bool,
    force: bool,
    as_json: bool,
) -> None:
    if write and not force:
        _refuse_overwriting(target)
    carried = from_odcs(read_odcs(path), path.name, source, said, table)
    if write:
        _write(target, carried.text)
    if as_json:
        lost = [{"where": each.where, "why": each.why} for each in carried.lost]
        print_json(
            {"contract": str(target), "dry_run": not write, "not_carried_over": lost, "text": carried.text}
        )
        return
    if not write:
        typer.echo(carried.text)
    for each in carried.lost:
        err.print(f"not carried over: {each.where}: {each.why}", markup=False, style="yellow", soft_wrap=True)
    out.print(
        f"wrote {target}" if write else "Nothing was written (--dry-run).", markup=False, soft_wrap=True
    )


def _refuse_name(source: str) -> None:
    if not source:
        fail(
            "--source is missing: name the source, in lower case, such as --source parking_notice.",
            exits.USAGE,
        )
    try:
        TypeAdapter(SourceName).validate_python(source)
    except ValidationError:
        fail(
            f"--source {source}: 2 to 30 characters: lower case letters, digits and single underscores.",
            exits.USAGE,
        )


def _names(options: list[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for option in options:
        heading, _, field = option.rpartition("=")
        try:
            names[heading.strip()] = TypeAdapter(FieldName).validate_python(field.strip())
        except ValidationError:
            fail(f"--name {option}: write it as --name HEADING=field_name, in lower case.", exits.USAGE)
        if names[heading.strip()] in RESERVED | ENVELOPE:
            what = (
                "an attribute of every event" if field.strip() in ENVELOPE else "a name of the platform's own"
            )
            fail(f"--name {option}: {field.strip()} is {what}. Give the field another name.", exits.USAGE)
    return names


@contextmanager
def _sample_file(sample: Path | None) -> Iterator[Path]:
    """The sample as a file: a paste is kept in one, readable by its owner only, as long as it is needed."""
    if sample is not None and sample != STANDARD_INPUT:
        if not sample.is_file():
            fail(f"{sample} is no file.", exits.USAGE)
        yield sample
        return
    if sys.stdin.isatty():
        err.print("Paste rows, the headings first; end with Ctrl-D on a line of its own.")
    content = sys.stdin.buffer.read(_PASTED_BYTES + 1)
    if len(content) > _PASTED_BYTES:
        fail(f"More than {_PASTED_BYTES // 2**20} MiB on standard input. Write it to a file.", exits.USAGE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard-input"
        path.write_bytes(content)
        yield path


def _asked(said: Mapping[str, str | None], source: str, is_piped: bool, *, yes: bool) -> dict[str, str]:
    """Title, about and owner: as given, as answered, or placeholders."""
    placeholders = {"title": source, "about": f"{source}：每发生一次产生一条事件（待补充）", "owner": "待定"}
    missing = [key for key, value in said.items() if not value]
    if missing and not yes and (is_piped or not sys.stdin.isatty()):
        options = " ".join(f"--{key} ..." for key in missing)
        fail(f"Nobody can be asked here: say {options}, or --yes for placeholders.", exits.USAGE)
    answers = {key: value for key, value in said.items() if value}
    for key in missing:
        answers[key] = (
            placeholders[key] if yes else typer.prompt(f"{key} ({_ASKED[key]})", placeholders[key], err=True)
        )
    return {key: " ".join(answer.split()) for key, answer in answers.items()}


def _beside(sample: Path | None, source: str) -> Path:
    if sample is None or sample == STANDARD_INPUT:
        return Path(f"{source}{MAPPING_SUFFIX}")
    return sample.with_name(sample.name + MAPPING_SUFFIX)


def _refuse_overwriting(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            fail(f"{path} exists already. --force overwrites it, --dry-run only prints.", exits.USAGE)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _bar(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, disable=quiet)
