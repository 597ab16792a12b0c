"""What the documents say is true: queries run, the dictionary is the contracts', nothing of this machine is in the tree."""

from __future__ import annotations

import re
import subprocess

import pytest

from pipelines import dictionary
from pipelines.contracts import ROOT
from pipelines.metrics import clusters, mode_fit

README = (ROOT / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("query", QUERIES)
def test_the_readme_queries_run_and_answer(query, warehouse):
    assert warehouse.execute(query).fetchall()


def test_the_readme_has_five_queries():
    assert len(QUERIES) == 5


def test_the_readme_states_the_back_test_as_it_is(warehouse):
    words = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight")
    count = (
        "select count(*) from mart.mode_backtest join reference.methodology using (methodology_version) "
        "where is_default and time_period = '2024' and basis = ? and verdict = 'first'"
    )
    by_fit, by_comparative = (
        warehouse.execute(count, [basis]).fetchall()[0][0] for basis in ("fit", "comparative_fit")
    )
    text = " ".join(README.split())
    assert f"first for {words[by_fit]} by fit and for {words[by_comparative]} by comparative fit" in text


def test_the_dictionary_is_that_of_the_contracts():
    assert dictionary.PATH.read_text(encoding="utf-8") == dictionary.text(), "run `make dictionary`"


def test_every_reason_code_is_documented():
    text = (ROOT / "docs" / "method" / "README.md").read_text(encoding="utf-8")
    assert not [code for code in mode_fit.REASONS if f"`{code}`" not in text]
    assert all(words for words in clusters.REASON_CODES.values())


def test_nothing_of_this_machine_or_of_a_package_index_is_in_the_tree():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    pattern = f"{ROOT.parent}/|https?://[^ ]*(/simple|\\.whl)"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ".", ":!tests/test_docs.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
