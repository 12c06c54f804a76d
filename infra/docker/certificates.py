"""`python -m infra.docker.certificates`: make and renew certificates, and give each service its own.

The authority and its key stay in a volume that no other service has. A service has a volume with its own
certificate and key, and with the authority's certificate: none can act as another.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from infra.errors import CertificateWrong
from infra.local.private_file import write_private
from infra.security.certificates import AUTHORITY, make_certificates
from infra.start_line import say
from streams.settings import Settings, settings_or_exit

ISSUED: Mapping[str, tuple[str, ...]] = {
    "admin": ("admin",),
    "clients": (),
    "gateway": ("gateway",),
    "kafka": ("kafka",),
    "postgres": ("postgres",),
}
"""Volume `certificates-<name>` -> the certificates that it has with their keys, beside the authority's."""

OPEN, PRIVATE = 0o644, 0o600
NO = 3


def give_out(made: Path, issued: Path) -> list[str]:
    """Bring every folder of `issued` up to date; gives back which were not."""
    changed = []
    for name, certificates in ISSUED.items():
        wanted = [f"{AUTHORITY}.pem", *(f"{each}{end}" for each in certificates for end in (".key", ".pem"))]
        for file in wanted:
            if _copied(made / file, issued / name / file) and name not in changed:
                changed.append(name)
    return changed


def _copied(source: Path, target: Path) -> bool:
    text = source.read_text(encoding="ascii")
    if target.exists() and target.read_text(encoding="ascii") == text:
        return False
    write_private(target, text)
    target.chmod(PRIVATE if target.suffix == ".key" else OPEN)
    return True


def make(settings: Settings, now: datetime) -> str:
    """What was made and who got something new, as a sentence. Raises CertificateWrong."""
    made = make_certificates(settings, now)
    changed = give_out(settings.certificates_dir, settings.home / "issued")
    if not made and not changed:
        return "all certificates are there, and good"
    return f"made: {', '.join(made) or 'none'}; new for: {', '.join(changed) or 'none'}"


def main() -> int:
    settings = settings_or_exit()
    say("certificates", os.environ)
    try:
        sys.stdout.write(f"{make(settings, datetime.now(UTC))}\n")
    except CertificateWrong as problem:
        sys.stderr.write(f"{problem}\n")
        return NO
    return 0


if __name__ == "__main__":
    sys.exit(main())
