"""What is written is read back as it was meant."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.authoring.writing import scalar, written
from streams.contract import strict_yaml

TEXTS = st.text(max_size=40).filter(lambda text: text.isprintable() or "\t" not in text)
VALUES = st.recursive(
    st.booleans() | st.integers(-(10**12), 10**12) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(lambda t: t != "<<"), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["title", "fields", "examples", "expect"]), VALUES, min_size=1))
def test_a_document_is_read_back_as_it_was_written(document: dict[str, Any]) -> None:
    read = strict_yaml.read(written(document, {}), "a.yaml").root
    assert strict_yaml.as_json(read) == document


def test_what_yaml_or_json_would_read_as_something_else_is_quoted() -> None:
    for text in (
        "330302",
        "18:30",
        "no",
        "null",
        "1e3",
        "- a",
        "a: b",
        "a #b",
        "",
        " ",
        "{a",
        "'",
        "-",
        "*a",
        "&a",
        "!a",
    ):
        assert strict_yaml.as_json(strict_yaml.read(f"a: {scalar(text)}", "a.yaml").root) == {"a": text}
    assert scalar("行政区划") == "行政区划"


def test_a_comment_cannot_become_yaml() -> None:
    text = written(
        {"title": "a"}, {("title",): ("left out: a\nsource: evil\x07\x85b",)}, ("first\nsecond: x",)
    )
    assert strict_yaml.as_json(strict_yaml.read(text, "a.yaml").root) == {"title": "a"}
