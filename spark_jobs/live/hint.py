"""Which ids may have been claimed before: a hint that steers rows, never a verdict."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


class Hint:
    """Two generations of a Bloom filter over the first 64 bits of ids.

    A filter forgets the older generation once the younger holds `capacity` ids: between one and two
    capacities are remembered, in two bytes a slot at most. Wrong either way is harmless, only slower.
    Pages of memory that no id has touched are never resident: a quiet city pays nothing for the capacity.
    """

    def __init__(self, capacity: int = 8_000_000, slots_log2: int = 26) -> None:
        self._capacity = capacity
        self._bits = slots_log2
        self._young = self._empty()
        self._old = self._empty()
        self._held = 0

    def may_know(self, ids: Hashes) -> NDArray[np.bool_]:
        """True for every id that was added lately, and for few others (under 5 % at full capacity)."""
        first, second = self._slots(ids)
        young = self._young[first] & self._young[second]
        return (young | (self._old[first] & self._old[second])).astype(np.bool_)

    def add(self, ids: Hashes) -> None:
        if self._held + len(ids) > self._capacity:
            self._old, self._young, self._held = self._young, self._empty(), 0
        for slots in self._slots(ids):
            self._young[slots] = 1
        self._held += len(ids)

    def _empty(self) -> NDArray[np.uint8]:
        return np.zeros(1 << self._bits, np.uint8)

    def _slots(self, ids: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        mask = np.uint64((1 << self._bits) - 1)
        return (ids & mask).astype(np.int64), ((ids >> np.uint64(32)) & mask).astype(np.int64)
