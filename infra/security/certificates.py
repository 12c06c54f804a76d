"""The certificates of an installation, as files: made once, renewed before they expire.

`certificates/` holds `ca.pem` (to give to clients), `ca.key`, and of each server and of the administrator of
Kafka `<name>.pem` and `<name>.key`. Private keys have mode 0600. Where MINSHENG_CA_FILE names an authority of
the organisation's own, nothing is made here: its administrator puts the files there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from infra.errors import CertificateWrong
from infra.local.private_file import write_private
from infra.security.authority import (
    CLIENT,
    SERVER,
    Pair,
    Wanted,
    hosts_of,
    is_signed_by,
    new_authority,
    new_certificate,
    unique,
)
from infra.security.broker import ADMINISTRATOR, BROKER
from streams.settings import Settings

RENEW_BEFORE = timedelta(days=30)
AUTHORITY = "ca"


@dataclass(frozen=True)
class Certificate:
    """A certificate as it is there: until when, for whom; `problem`: why it cannot be used, or empty."""

    name: str
    file: Path
    expires_at: datetime | None
    hosts: tuple[str, ...]
    problem: str = ""

    def days_left(self, now: datetime) -> int:
        return (self.expires_at - now).days if self.expires_at else 0


def wanted(settings: Settings) -> tuple[Wanted, ...]:
    """The certificates that an installation has, besides the authority's."""
    hosts = unique(settings.certificate_hosts.split(","))
    return (
        Wanted(BROKER, hosts, (SERVER, CLIENT)),
        Wanted(ADMINISTRATOR, (), (CLIENT,)),
        Wanted("gateway", hosts, (SERVER,)),
        Wanted("postgres", hosts, (SERVER,)),
    )


def make_certificates(settings: Settings, now: datetime, *, renew: bool = False) -> list[str]:
    """Make what lacks, and make anew what expires within a month, is for other hosts than the settings say or
    was signed by another authority (`renew`: all of them); gives back their names.

    Raises CertificateWrong where the authority has expired or cannot be read.
    """
    if settings.ca_file is not None:
        return []
    folder = settings.certificates_dir
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    made = due(settings, now, renew=renew)
    if AUTHORITY in made:
        _write(folder, AUTHORITY, new_authority(now))
    authority = _authority(folder, now)
    for each in wanted(settings):
        if each.name in made:
            _write(folder, each.name, new_certificate(authority, each, now, settings.certificate_days))
    return made


def due(settings: Settings, now: datetime, *, renew: bool = False) -> list[str]:
    """What `make_certificates` would make. Raises CertificateWrong."""
    folder = settings.certificates_dir
    if settings.ca_file is not None:
        return []
    names = [each.name for each in wanted(settings)]
    if not (folder / f"{AUTHORITY}.pem").exists():
        return [AUTHORITY, *names]
    authority = _authority(folder, now).parsed
    return [each.name for each in wanted(settings) if renew or _is_due(folder, each, authority, now)]


def certificates(settings: Settings) -> list[Certificate]:
    """Every certificate that is there, the authority's first; what is wrong with it stands in `problem`."""
    folder = settings.certificates_dir
    authority = _looked_at(AUTHORITY, settings.authority, None)
    parsed = _parsed(settings.authority) if not authority.problem else None
    paths = {each.name: folder / f"{each.name}.pem" for each in wanted(settings)}
    if settings.gateway_tls:
        paths["gateway"] = settings.gateway_tls[0]
    return [authority, *(_looked_at(name, path, parsed) for name, path in paths.items() if path.exists())]


def certificate_in_use(settings: Settings, name: str) -> dict[str, str]:
    """For the environment of a part that answers with a certificate: when it is renewed, the part is another
    one, and `minsheng up` starts it again."""
    if not settings.is_secure:
        return {}
    try:
        number = _parsed(settings.certificates_dir / f"{name}.pem").serial_number
    except (OSError, ValueError):
        return {}
    return {"MINSHENG_PART_CERTIFICATE": f"{number:x}"}


def _authority(folder: Path, now: datetime) -> Pair:
    file = folder / f"{AUTHORITY}.pem"
    try:
        pair = _read(file)
        belongs, expires = pair.belongs_together, pair.parsed.not_valid_after_utc
    except (OSError, ValueError) as error:
        raise CertificateWrong(
            f"The authority {file} or its key cannot be read: {error}. Restore both from a backup of"
            f" {folder}, or move them away: then all is made anew, and clients need the new {file.name}."
        ) from error
    if not belongs or expires <= now:
        what = f"expired on {expires:%F}" if belongs else "does not belong to its key"
        raise CertificateWrong(
            f"The authority {file} {what}. Move {file.name} and {file.stem}.key away and call"
            " `minsheng certificates make`: clients need the new one."
        )
    return pair


def _is_due(folder: Path, each: Wanted, authority: x509.Certificate, now: datetime) -> bool:
    file = folder / f"{each.name}.pem"
    try:
        pair = _read(file)
        there = pair.parsed
        return (
            not pair.belongs_together
            or there.not_valid_after_utc - now < RENEW_BEFORE
            or hosts_of(there) != each.hosts
            or not is_signed_by(there, authority)
        )
    except (OSError, ValueError):
        return True


def _looked_at(name: str, path: Path, authority: x509.Certificate | None) -> Certificate:
    try:
        there = _parsed(path)
    except (OSError, ValueError) as error:
        return Certificate(name, path, None, (), f"cannot be read: {error}")
    foreign = authority is not None and not is_signed_by(there, authority)
    return Certificate(
        name,
        path,
        there.not_valid_after_utc,
        hosts_of(there),
        "is signed by another authority" if foreign else "",
    )


def _parsed(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _read(file: Path) -> Pair:
    return Pair(file.read_text(encoding="ascii"), file.with_suffix(".key").read_text(encoding="ascii"))


def _write(folder: Path, name: str, pair: Pair) -> None:
    write_private(folder / f"{name}.key", pair.key)
    write_private(folder / f"{name}.pem", pair.certificate)
    (folder / f"{name}.pem").chmod(0o644)
