"""A small file system of its own, in memory, that can be filled to the last byte."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path

BLOCK = bytes(256 * 1024)


class Disk:
    """A folder that is a tmpfs where this machine lets us mount one; `refusal` says why not otherwise."""

    def __init__(self, folder: Path, size_mib: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=755", "tmpfs", str(folder)]
        try:
            mounted = subprocess.run(command, check=False, capture_output=True, text=True)
        except FileNotFoundError as error:
            self.refusal = str(error)
            return
        self.refusal = mounted.stderr.strip() if mounted.returncode else ""

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not one byte is left until the block ends."""
        ballast = self.folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(BLOCK)
            except OSError as error:
                if error.errno != ENOSPC:
                    raise
        try:
            yield
        finally:
            ballast.unlink()

    def unmount(self) -> None:
        if not self.refusal:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)
