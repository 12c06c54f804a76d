"""What the ways into the platform raise when the *system* is wrong. A wrong *event* is a verdict, a value.

StreamsError                 says what happened, where, and what to do next
├── KafkaAway                Kafka did not acknowledge: the same events may be sent again
│   └── KafkaRefused         ... and will not until somebody mends a certificate, a password or a right
├── SettingRefused           a MINSHENG_ variable has a value that it cannot have
├── SecretMissing            this installation has no such secret; a FileNotFoundError, too
├── JudgeFailed              the judge's own engine failed (streams.judge.errors)
├── KeysUnreadable           the file of API keys is missing, broken, or readable by others
├── PatchWrong               a patch of quarantined events cannot be read, or does not fit the contract
└── ImportRefused            a whole file cannot be imported; nothing of it was sent
    ├── FileUnreadable       not a file of a known format, or in no known encoding
    ├── HeadingsUnknown      its headings do not lead to the contract's fields
    ├── MappingWrong         `--map` or the mapping file names what does not exist
    └── ReportUnwritable     the report of refused lines cannot be written where it should be

The loader's `ContractError` stands in streams/contract: it is about a file of ours, not about what comes in.
"""

from __future__ import annotations


class StreamsError(Exception):
    """`str(error)` is one sentence on what happened and where, and one on what to do next."""


class KafkaAway(StreamsError):
    """Kafka did not acknowledge in time, or cannot be reached."""


class KafkaRefused(KafkaAway):
    """Kafka is there and is not trusted, or does not trust us: trying again changes nothing."""


class SettingRefused(StreamsError):
    """A setting has a value that it cannot have: nothing was started."""


class SecretMissing(StreamsError, FileNotFoundError):
    """A file of `secrets_dir` is not there: nothing was installed, or not here."""


class KeysUnreadable(StreamsError):
    """The gateway has no usable file of API keys."""


class PatchWrong(StreamsError):
    """A patch file cannot be read, or asks for what the contract does not have."""


class ImportRefused(StreamsError):
    """The file as a whole cannot be imported."""


class FileUnreadable(ImportRefused):
    """The file's format or encoding is none that the importer reads."""


class HeadingsUnknown(ImportRefused):
    """The file lacks a column that the contract requires, or two columns claim one field."""


class MappingWrong(ImportRefused):
    """The mapping of headings to fields is itself wrong."""


class ReportUnwritable(ImportRefused):
    """There is no place for the report of refused lines: nothing of the file was sent."""
