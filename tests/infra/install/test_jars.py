"""Jars are those of the lock, byte for byte."""

from __future__ import annotations

from pathlib import Path

from infra.install.jars import LOCK, differences, found_in, read_lock


def test_a_changed_a_missing_and_a_foreign_jar_are_each_named(tmp_path: Path) -> None:
    for path, content in (("kafka/a.jar", b"a"), ("kafka/b.jar", b"b"), ("spark/c.jar", b"c")):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    locked = found_in(tmp_path)
    assert differences(locked, found_in(tmp_path)) == []
    (tmp_path / "kafka/a.jar").write_bytes(b"other")
    (tmp_path / "kafka/b.jar").unlink()
    (tmp_path / "spark/d.jar").write_bytes(b"d")
    said = differences(locked, found_in(tmp_path))
    assert [sentence.split()[0] for sentence in said] == ["kafka/b.jar", "spark/d.jar", "kafka/a.jar"]
    assert said[0].endswith("is missing")
    assert said[1].endswith("is not in the lock")
    assert locked["kafka/a.jar"] in said[2]


def test_the_lock_names_every_jar_once_with_a_sha256() -> None:
    lines = LOCK.read_text(encoding="ascii").splitlines()
    locked = read_lock("\n".join(lines))
    assert len(locked) == len(lines) > 0
    assert all(len(digest) == 64 and int(digest, 16) >= 0 for digest in locked.values())
    assert {path.split("/")[0] for path in locked} == {"kafka", "spark"}


def test_nothing_that_pyspark_brings_is_fetched_again() -> None:
    import pyspark  # noqa: PLC0415 (slow to import)

    brought = {file.name for file in (Path(pyspark.__file__).parent / "jars").glob("*.jar")}
    assert brought
    fetched = {
        path.split("/")[1]
        for path in read_lock(LOCK.read_text(encoding="ascii"))
        if path.startswith("spark/")
    }
    assert brought & fetched == set()
