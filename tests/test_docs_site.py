"""The documentation builds as pages, and no page asks anything of another host."""

import re
import subprocess
import sys

import pytest

from pipelines.declarations.files import ROOT

pytestmark = pytest.mark.slow
LOADED = re.compile(r'<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]+"')


def test_every_page_builds_without_a_warning_and_loads_nothing_from_outside(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert {page.name for page in pages} >= {"architecture.html", "dictionary.html", "operations.html"}
    loaded = {page.name: LOADED.findall(page.read_text(encoding="utf-8")) for page in pages}
    assert not {name: found for name, found in loaded.items() if found}
