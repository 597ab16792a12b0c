"""Every parity case holds; every file of the cases is covered or explained; the fixtures are true copies."""

import re

import numpy as np
import pytest

import tests.parity.families  # noqa: F401  (registers the cases)
from tests.parity import registry

needs_shared = pytest.mark.skipif(
    not registry.SHARED.is_dir(), reason="the reference cases are not beside the project"
)


@pytest.mark.parametrize("one", registry.CASES, ids=lambda one: one.name)
def test_parity(one):
    try:
        outcome = registry.run(one)
    except registry.CaseMissing as missing:
        pytest.skip(f"{missing} is neither beside the project nor a fixture")
    assert outcome.held, f"{outcome.verdict}; largest difference {outcome.difference:.3g}"


@pytest.mark.parametrize(
    "one", [one for one in registry.CASES if one.decimals is not None], ids=lambda one: one.name
)
def test_rounding_is_admitted_only_where_the_cases_say_so(one):
    by_name = re.search(r"round(\d)", one.file)
    assert (by_name and int(by_name[1]) == one.decimals) or "rounded" in (one.function.__doc__ or "")


@needs_shared
def test_every_file_is_covered_or_explained():
    assert [file for file, why in registry.files_not_covered() if why is None] == []


@needs_shared
def test_fixtures_are_copies_of_the_cases():
    for fixture in registry.FIXTURES.rglob("*.csv"):
        original = registry.SHARED / fixture.relative_to(registry.FIXTURES)
        assert fixture.read_bytes() == original.read_bytes(), fixture.name


def test_cases_of_every_family_run_without_the_shared_folder(monkeypatch):
    monkeypatch.setattr(registry, "SHARED", registry.FIXTURES / "nowhere")
    ran = set()
    for one in registry.CASES:
        if (registry.FIXTURES / one.folder / one.file).is_file():
            registry.run(one)  # a fixture whose input is not one raises CaseMissing
            ran.add(one.folder)
    assert ran == {one.folder for one in registry.CASES}


def _case(figures, **declared):
    declared = {"peer_wrong": None, "decimals": None, "draws": None} | declared
    return registry.Case("m", "f", "x", lambda: figures, **declared)


@pytest.mark.parametrize(
    ("figures", "declared", "held"),
    [
        (([1.0, np.nan], [1.0, np.nan]), {}, True),
        (([1.0], [1.0 + 1e-8]), {}, False),
        (([1.0, 0.0], [1.0, np.nan]), {}, False),
        (([np.inf], [-np.inf]), {}, False),
        (([1.0], [1.0, 1.0]), {}, False),
        (([1.234], [1.23]), {"decimals": 2}, True),
        (([1.236], [1.23]), {"decimals": 2}, False),
        (([0.05], [0.06]), {"draws": 999}, True),
        (([0.05], [0.26]), {"draws": 999}, False),
        (([1.0], [2.0], [1.0]), {"peer_wrong": "doubles"}, True),
        (([1.0], [1.0], [1.0]), {"peer_wrong": "doubles"}, False),
        (([1.0], [2.0], [3.0]), {"peer_wrong": "doubles"}, False),
    ],
)
def test_a_comparison_holds_only_as_declared(figures, declared, held):
    assert registry.run(_case(figures, **declared)).held is held
