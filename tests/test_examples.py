"""The examples in docstrings hold: every module of the program that has one is run as a doctest."""

import doctest
import importlib
import pathlib

import pytest

import pipelines

ROOT = pathlib.Path(pipelines.__file__).parent
MODULES = sorted(
    ".".join(["pipelines", *path.relative_to(ROOT).with_suffix("").parts])
    for path in ROOT.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed
