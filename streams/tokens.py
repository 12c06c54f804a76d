"""Personal values become tokens at the edge; Kafka, Spark and PostgreSQL never see the value itself.

A token is `tk_` and 32 lowercase hex: the first 128 bits of HMAC-SHA-256 under a key that only the edge
holds. The same person has the same token in every source, so people can be counted and followed across
departments; without the key a token cannot be tried against a list of known numbers.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256

TOKEN_PREFIX = "tk_"  # noqa: S105 (not a password)
TOKEN_PATTERN = "tk_[0-9a-f]{32}"  # noqa: S105 (not a password)
"""The whole text of a token."""
_MINIMUM_KEY_BYTES = 16
_TOKEN = re.compile(TOKEN_PATTERN)


def normalise(value: str) -> str:
    """One spelling for one person: full-width as half-width, no blanks, upper-case (the check letter X)."""
    return "".join(unicodedata.normalize("NFKC", value).split()).upper()


def is_token(text: str) -> bool:
    """Whether the text has the form of a token; whose it is, or whether anybody's, it does not say."""
    return _TOKEN.fullmatch(text) is not None


@dataclass(frozen=True, repr=False)
class Tokens:
    """Tokens under one key. Another key gives other tokens: it must outlive every source's history."""

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) < _MINIMUM_KEY_BYTES:
            raise ValueError(
                f"The token key has {len(self.key)} bytes, at least {_MINIMUM_KEY_BYTES} are needed:"
                " restore the secret `tokens` of this installation from its backup, or make it anew."
            )

    @classmethod
    def of(cls, secret: str) -> Tokens:
        """Tokens under the installation's secret `tokens`."""
        return cls(secret.encode())

    def token(self, value: str) -> str:
        """The token of a personal value, in whatever spelling it comes."""
        return TOKEN_PREFIX + hmac.digest(self.key, normalise(value).encode(), sha256).hex()[:32]

    def fingerprint(self, content: bytes) -> str:
        """32 hex for bytes that may hold personal values; it cannot be tried out without the key."""
        return hmac.digest(self.key, b"\x00fingerprint\x00" + content, sha256).hex()[:32]
