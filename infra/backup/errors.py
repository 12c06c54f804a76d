"""Why a backup was not made or not restored. What was there before is as it was.

BackupError
├── BackupRefused     asked for what must not be: the answer is no, and why
├── BackupUnusable    the backup is incomplete, changed, or of a version that this one cannot read
└── BackupFailed      a program failed half-way; the message has its last words
"""

from __future__ import annotations

from infra.errors import InfraError


class BackupError(InfraError):
    """The text says what, where and what to do."""


class BackupRefused(BackupError):
    """It would overwrite something, or something runs that must not."""


class BackupUnusable(BackupError):
    """The backup cannot be restored by this version, or not at all."""


class BackupFailed(BackupError):
    """PostgreSQL's own program failed."""
