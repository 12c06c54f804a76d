"""`minsheng certificates`: TLS between the parts, users and rights in Kafka."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, DryRun, err, out, print_json
from infra.local.secrets import make_secrets
from infra.security.certificates import certificates, due, make_certificates
from infra.security.rights import ensure_rights
from streams.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Certificates of the parts, and their users and rights in Kafka."
)


@app.command("list")
@failures()
def show(as_json: AsJson = False) -> None:
    """Show every certificate: until when, for which hosts, what is wrong with it.

    Exit code 3 when one has expired or cannot be used.
    """
    now = datetime.now(UTC)
    found = certificates(Settings())
    bad = [each for each in found if each.problem or each.days_left(now) < 0]
    if as_json:
        print_json(
            [
                {
                    "name": each.name,
                    "file": str(each.file),
                    "expires_at": each.expires_at.isoformat() if each.expires_at else None,
                    "days_left": each.days_left(now),
                    "hosts": list(each.hosts),
                    "problem": each.problem,
                }
                for each in found
            ]
        )
    else:
        table = Table("name", "good until", "days", "hosts", "", box=None)
        for each in found:
            until = f"{each.expires_at:%Y-%m-%d}" if each.expires_at else ""
            days = each.days_left(now)
            said = each.problem or ("expired" if days < 0 else "")
            table.add_row(each.name, until, str(days), ", ".join(each.hosts), said)
        out.print(table)
    raise typer.Exit(exits.NO if bad else exits.OK)


@app.command()
@failures()
def make(
    renew: Annotated[bool, typer.Option("--renew", help="all of them, not only those that are due")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make the authority and the certificates that lack, and renew those that expire within a month.

    `minsheng up` does the same with MINSHENG_SECURITY=tls, and starts the parts again whose certificate is
    another one; clients need certificates/ca.pem once. Where MINSHENG_CA_FILE is set nothing is made.
    """
    settings, now = Settings(), datetime.now(UTC)
    if settings.ca_file is not None:
        err.print(
            f"MINSHENG_CA_FILE is {settings.ca_file}: certificates are made by whoever keeps that authority"
        )
    made = due(settings, now, renew=renew) if dry_run else make_certificates(settings, now, renew=renew)
    if as_json:
        print_json({"made": made})
        return
    verb = "would be made" if dry_run else "made"
    out.print(
        f"{verb} in {settings.certificates_dir}: {', '.join(made)}" if made else "all are there, and good"
    )
    if made and not dry_run:
        err.print("`minsheng up` starts the parts again that use them.")


@app.command()
@failures()
def rights(dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Give each part its user in Kafka, the password of its secret, and exactly the rights that it needs.

    `minsheng up` does the same for its own broker. A second call grants nothing. Exit code 75 when Kafka is
    away, 3 when it refuses the administrator's certificate.
    """
    settings = Settings()
    make_secrets(settings)
    changed = ensure_rights(settings, dry_run=dry_run)
    if as_json:
        print_json(asdict(changed))
        return
    out.print(f"users: {', '.join(changed.users)}")
    for verb, rights in (("granted", changed.granted), ("taken", changed.taken)):
        for right in rights:
            out.print(f"{verb}: {right.user} may {right.operation} {right.prefix}*")
    if not changed.granted and not changed.taken:
        out.print("rights are as they should be")
