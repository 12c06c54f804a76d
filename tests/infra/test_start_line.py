"""The first line of every part's log: version, settings, and no secret."""

from __future__ import annotations

from infra.start_line import start_line, version


def test_it_says_version_part_and_settings_that_are_set() -> None:
    line = start_line("gateway", {"MINSHENG_GATEWAY_PORT": "28081", "HOME": "/root", "KAFKA_HEAP": "1g"})
    assert line == (
        f"minsheng {version()}, gateway: KAFKA_HEAP='1g' MINSHENG_GATEWAY_PORT='28081'"
        "; every other setting has its default"
    )


def test_without_any_it_says_so() -> None:
    assert start_line("postgres", {}) == f"minsheng {version()}, postgres: every setting has its default"


def test_a_secret_is_named_and_not_shown() -> None:
    line = start_line(
        "setup", {"MINSHENG_POSTGRES_PASSWORD": "hunter2", "MINSHENG_POSTGRES_SUPERUSER_PASSWORD": "3"}
    )
    assert "MINSHENG_POSTGRES_PASSWORD=(secret)" in line
    assert "hunter2" not in line
