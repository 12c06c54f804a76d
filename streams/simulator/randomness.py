"""Chance that can be repeated: every use of it has a name, and its numbers depend on seed and name alone."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


def stream(seed: int, *purpose: object) -> np.random.Generator:
    """A generator of random numbers for one purpose.

    Purposes do not disturb each other: a field that is added to a contract leaves the values of all other
    fields as they were. PCG64 gives the same numbers on every platform; numpy is pinned because what its
    distributions make of them may change with a release.
    """
    name = "\x1f".join(map(str, (seed, *purpose)))
    return np.random.Generator(
        np.random.PCG64(int.from_bytes(blake2b(name.encode(), digest_size=16).digest()))
    )
