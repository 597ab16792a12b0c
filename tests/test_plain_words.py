"""The code and its messages use the words of CONTRIBUTING.md and no words of Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pipelines.declarations.files import ROOT

NOT_OUR_WORDS = {"said", "told", "words", "held"}
NAME_FIELDS = ("id", "attr", "arg", "name")
# Syntax of regular expressions, and names that mean something in Python only.
NOT_FOR_USERS = re.compile(
    r"\\[dwsSDWb]|\(\?P|\(\?[:!=]|\[[a-zA-Z0]-[a-zA-Z9]|\b(None|dict|NoneType|KeyError|TypeError)\b"
)


@cache
def trees() -> dict[Path, ast.Module]:
    paths = sorted((ROOT / "pipelines").rglob("*.py"))
    return {path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        for field in NAME_FIELDS:
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield getattr(node, "lineno", 0), name


def messages(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts in `raise` statements, in calls of `fail`, and in variables called `message`."""
    for node in ast.walk(tree):
        is_message = (
            isinstance(node, ast.Raise)
            or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "fail")
            or (isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "message" for t in node.targets))
        )
        if is_message:
            yield from (
                (n.lineno, n.value)
                for n in ast.walk(node)
                if isinstance(n, ast.Constant) and isinstance(n.value, str)
            )


def interpolated(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Source of all expressions inside the f-strings of `raise` statements."""
    for node in (n for n in ast.walk(tree) if isinstance(n, ast.Raise)):
        for part in ast.walk(node):
            if isinstance(part, ast.FormattedValue):
                yield part.lineno, ast.unparse(part.value)


def listed(found: list[tuple[Path, int, str]]) -> str:
    return "\n".join(f"{path}:{line}: {text}" for path, line, text in found)


def test_names_are_words_of_the_list():
    found = [
        (p, at, n) for p, tree in trees().items() for at, n in names(tree) if n.strip("_") in NOT_OUR_WORDS
    ]
    assert not found, listed(found)


def test_messages_have_no_regular_expression_and_no_word_of_python():
    found = [(p, at, t) for p, tree in trees().items() for at, t in messages(tree) if NOT_FOR_USERS.search(t)]
    assert not found, listed(found)


def test_messages_show_no_declared_pattern_and_no_type_of_python():
    found = [
        (p, at, code)
        for p, tree in trees().items()
        for at, code in interpolated(tree)
        if re.search(r"pattern|type\(|__name__", code) and not p.is_relative_to("pipelines/declarations")
    ]
    assert not found, listed(found)


@pytest.mark.parametrize(
    "text", [r"expected \d{4}", "expected (?P<year>x)", "expected [a-z]+", "found None", "a KeyError"]
)
def test_the_search_finds_what_it_looks_for(text):
    assert [t for _, t in messages(ast.parse(f"raise ValueError({text!r})")) if NOT_FOR_USERS.search(t)] == [
        text
    ]
