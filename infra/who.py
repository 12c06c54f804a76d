"""Who is at work, for histories."""

from __future__ import annotations

import os
import pwd


def who() -> str:
    """The account that this process runs under, and the one that it was entered from by sudo.

    By the operating system's number: USER and LOGNAME are whatever their owner sets.
    """
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    entered_from = os.environ.get("SUDO_USER", "") if os.getuid() == 0 else ""
    return f"{name} ({entered_from})" if entered_from else name
