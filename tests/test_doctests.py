"""The examples in docstrings give what they show."""

from __future__ import annotations

import doctest
import importlib

import pytest

from pipelines.declarations.files import ROOT

WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "pipelines").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_give_what_they_show(module):
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted and not found.failed
