"""API keys: who may send, and events of which sources.

A key is `mk_` and 43 characters of base64url: 256 random bits. Such a secret needs no slow hash; the file
keeps its SHA-256 and can show it to nobody. The file is mode 0600, and is read again when it changes. Beside
it the installation has a key of its own, the secret `gateway_api_key`, for its canary and its demonstration.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from streams.errors import KeysUnreadable

FILE_NAME = "gateway_keys.json"
OWN_KEY = "gateway_api_key"
KEY_PREFIX = "mk_"
ALL_SOURCES = "*"
RECHECK_SECONDS = 1.0


@dataclass(frozen=True)
class ApiKey:
    """A sender's key as the file has it. `sources`: names of contracts, or `*`."""

    name: str
    sha256: str
    sources: tuple[str, ...]
    created_at: str

    def allows(self, source: str) -> bool:
        """Whether this key may send events of that source."""
        return ALL_SOURCES in self.sources or source in self.sources


class Keys:
    """The keys of an installation, by its folder of secrets. Safe to call from several threads."""

    def __init__(self, secrets_dir: Path) -> None:
        self._paths = (secrets_dir / FILE_NAME, secrets_dir / OWN_KEY)
        self._lock = threading.Lock()
        self._keys: tuple[ApiKey, ...] = ()
        self._seen: list[tuple[int, int, int] | None] = []
        self._next_look = 0.0

    def find(self, presented: str) -> ApiKey | None:
        """The key that was presented, or None. Every key is compared, each in constant time.

        Raises KeysUnreadable.
        """
        digest = _digest(presented)
        found = None
        for key in self._current():
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def _current(self) -> tuple[ApiKey, ...]:
        with self._lock:
            if time.monotonic() >= self._next_look:
                seen = [_stamp(path) for path in self._paths]
                if seen != self._seen:
                    file, own = self._paths
                    self._keys, self._seen = (*read_keys(file), *_own_key(own)), seen
                self._next_look = time.monotonic() + RECHECK_SECONDS
            return self._keys


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """The keys of the file; none if there is no file. Raises KeysUnreadable."""
    text = _private_text(path)
    if text is None:
        return ()
    try:
        return tuple(ApiKey(**{**key, "sources": tuple(key["sources"])}) for key in json.loads(text)["keys"])
    except (ValueError, KeyError, TypeError) as error:
        raise KeysUnreadable(
            f"{path} is not a file of keys ({error}). Restore it from a backup, or remove it and add keys"
            " anew with `minsheng gateway key add`."
        ) from error


def add_key(path: Path, name: str, sources: Iterable[str]) -> str:
    """Add a key for a sender and give it back: it cannot be read from the file later.

    Raises KeysUnreadable; ValueError if the name is taken.
    """
    keys = read_keys(path)
    if any(key.name == name for key in keys):
        raise ValueError(f"There is a key named {name} already. Revoke it first, or take another name.")
    presented = KEY_PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    _write(path, (*keys, ApiKey(name, _digest(presented), tuple(sources), now)))
    return presented


def revoke_key(path: Path, name: str) -> None:
    """Remove a sender's key; a running gateway refuses it within a second.

    Raises KeysUnreadable; ValueError if there is none of that name.
    """
    keys = read_keys(path)
    left = tuple(key for key in keys if key.name != name)
    if len(left) == len(keys):
        raise ValueError(f"There is no key named {name}. See `minsheng gateway key list`.")
    _write(path, left)


def _own_key(path: Path) -> tuple[ApiKey, ...]:
    text = _private_text(path)
    return () if not text else (ApiKey("installation", _digest(text.strip()), (ALL_SOURCES,), ""),)


def _private_text(path: Path) -> str | None:
    """The text of a file that nobody else can read; None if there is no file. Raises KeysUnreadable."""
    try:
        mode, folder = path.stat().st_mode, path.parent.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KeysUnreadable(f"{path} cannot be read ({error}). Give it to the gateway's user.") from error
    # Secrets of containers are mounted one by one, readable for all, into a folder that nobody else can pass.
    if stat.S_IMODE(mode) & 0o077 and stat.S_IMODE(folder) & 0o011:
        raise KeysUnreadable(f"{path} is readable by others. Do `chmod 600 {path}`.")
    return text


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _write(path: Path, keys: tuple[ApiKey, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A reader sees the old file or the new one, never half of it; mkstemp makes it mode 0600.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"keys": [asdict(key) for key in keys]}, file, ensure_ascii=False, indent=1)
    Path(temporary).replace(path)


def _digest(presented: str) -> str:
    return hashlib.sha256(presented.encode("utf-8", "surrogatepass")).hexdigest()
