"""What was probably meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'title'?`, or nothing where no known word is near."""
    near = get_close_matches(word, list(known), 1, 0.6)
    return f"Did you mean '{near[0]}'?" if near else ""


def one_of(known: Iterable[str]) -> str:
    """`one of a, b, c`; a long list is cut."""
    words = list(known)
    shown = ", ".join(words[:_SHOWN])
    return f"one of {shown}" + (f" ... ({len(words)} in all)" if len(words) > _SHOWN else "")


_SHOWN = 20
