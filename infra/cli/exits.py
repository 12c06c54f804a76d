"""What the exit code of a command means; the same for all of them.

Whoever supervises goes by it: what is away is tried again, an answer of no is not (dags/minsheng.py).
"""

from __future__ import annotations

OK = 0
FAILURE = 1
USAGE = 2  # also what the parser of options ends with
NO = 3
AWAY = 75  # EX_TEMPFAIL of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT

MEANINGS = {
    OK: "done, or: the answer is yes",
    FAILURE: "it failed; the message says why",
    USAGE: "what the command line asks for does not exist or cannot be",
    NO: "the answer is no: refused, not sound, not balanced, not healthy",
    AWAY: "something that it needs is away, busy or not ready: try again later",
    INTERRUPTED: "stopped by Ctrl-C or SIGTERM",
}

EPILOG = f"Exit codes: {'; '.join(f'{code} {meaning}' for code, meaning in MEANINGS.items())}."
