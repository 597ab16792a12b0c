"""What the documents say is true: queries run, the dictionary is the contracts', nothing of this machine is in the tree."""

from __future__ import annotations

import re
import subprocess

import pytest

from pipelines.declarations.files import ROOT
from pipelines.declarations.modes import modes
from pipelines.publishing import dictionary

README = (ROOT / "README.md").read_text(encoding="utf-8")
METHOD = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "method").glob("*.md")}


def queries(text: str) -> list[str]:
    return re.findall(r"```sql\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("query", [q for text in (README, *METHOD.values()) for q in queries(text)])
def test_the_queries_of_the_documents_run_and_answer(query, versions):
    assert versions.execute(query).fetchall()


def test_the_readme_has_five_queries():
    assert len(queries(README)) == 5


def test_links_between_the_method_s_documents_lead_somewhere():
    for name, text in METHOD.items():
        for target in re.findall(r"\]\(([\w./-]+\.md)\)", text):
            assert (ROOT / "docs" / "method" / target).exists(), (name, target)


@pytest.mark.parametrize("path", dictionary.documents(), ids=lambda path: path.stem)
def test_made_documents_are_current(path):
    assert path.read_text(encoding="utf-8") == dictionary.documents()[path](), "run `make dictionary`"


def test_every_criterion_is_documented_with_its_argument_and_citation():
    text = " ".join(dictionary.criteria_text().split())
    for mode in modes().values():
        for criterion in mode.criteria:
            for words in (
                criterion.label,
                criterion.argument,
                criterion.citation,
                f"`{criterion.criterion_id}`",
            ):
                assert " ".join(words.split()) in text


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
