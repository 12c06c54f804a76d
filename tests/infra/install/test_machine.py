"""Facts of a machine are read from the texts that Linux gives."""

from __future__ import annotations

from pathlib import Path

from infra.install.machine import meminfo, os_release, this_machine


def test_os_release_with_and_without_quotes() -> None:
    text = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID='12'\n# ID=other\n"
    assert os_release(text) == {
        "PRETTY_NAME": "Debian GNU/Linux 12 (bookworm)",
        "ID": "debian",
        "VERSION_ID": "12",
    }


def test_meminfo_is_in_bytes() -> None:
    text = "MemTotal:       24567890 kB\nMemAvailable:   1024 kB\nHugePages_Total:       0\n"
    assert meminfo(text) == {"MemTotal": 24567890 * 1024, "MemAvailable": 1024**2}


def test_this_machine_has_memory_and_disk_even_where_the_folder_is_still_to_be_made(tmp_path: Path) -> None:
    machine = this_machine(tmp_path / "not" / "there" / "yet")
    assert machine.memory_total >= machine.memory_available > 0
    assert machine.disk_free > 0
