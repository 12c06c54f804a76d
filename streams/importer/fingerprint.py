"""What a file is known by, whatever it is called: a hash of its bytes under the token key."""

from __future__ import annotations

import hashlib
from pathlib import Path

from streams.tokens import Tokens


def fingerprint(path: Path, sheet: str | None, tokens: Tokens) -> str:
    """32 hex for the content of a file, and of a workbook for one of its sheets. Raises OSError.

    Under the key, as ids of rows are: a plain hash could be tried out against a guessed file.
    """
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").digest()
    return tokens.fingerprint(content + (sheet or "").encode())
