"""The client as `pip install ./streams/client` puts it there: whole, typed, and in need of nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from streams.settings import REPOSITORY

BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
USE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from minsheng_client import Client, Event;"
    " Client('http://127.0.0.1:9', key='k').close(); print(Event.__module__)"
)


def test_the_wheel_holds_the_whole_client_and_needs_nothing(tmp_path: Path) -> None:
    """Built by the backend that pip asks for; used by a Python that sees no other package (-S)."""
    source, installed = tmp_path / "client", tmp_path / "installed"
    shutil.copytree(REPOSITORY / "streams" / "client", source)
    subprocess.run([sys.executable, "-c", BUILD, str(tmp_path)], cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(installed)
    assert (installed / "minsheng_client" / "py.typed").exists()
    modules = {path.name for path in (source / "minsheng_client").glob("*.py")}
    assert {path.name for path in (installed / "minsheng_client").glob("*.py")} == modules
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", USE, str(installed)], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("minsheng_client")
