"""A wrong declaration: the message names file and key, what was found and what was expected, in plain words."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declarations import files
from pipelines.declarations.columns import Column
from pipelines.declarations.files import ROOT, DeclarationError
from pipelines.declarations.modes import Criterion, Methodology, Mode, methodologies, modes
from pipelines.declarations.sources import Source
from pipelines.declarations.tables import Table

MODELS = (Source, Table, Mode, Methodology, Criterion, Column)
SOURCE = yaml.safe_load((ROOT / "sources" / "baci" / "source.yml").read_text(encoding="utf-8"))
# Words of the program that reads declarations, and signs of a regular expression.
FOREIGN = re.compile(r"Input should|pydantic|validation error|NoneType|Traceback|\^\[|\+\$|type=")
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"encoding": []}, "encoding: found [], expected at least 1"),
        ({"encoding": ["utf-9"]}, "encoding, item 1: found 'utf-9', expected the name of an encoding"),
        ({"signature": [[]]}, "signature, item 1"),
        ({"layout": "px_axis"}, 'layout: found "px_axis", expected wide_panel, nbs_export'),
        ({"priority": 0}, "priority: found 0, expected at least 1"),
        ({"source_id": "A b"}, 'source_id: found "A b", expected small letters, digits and underscores only'),
        ({"publisher": None}, "publisher: found nothing, expected text"),
        ({"layuot": "px"}, 'layuot: found "px", expected only keys that are known here'),
    ],
)
def test_a_wrong_source_is_told_by_file_key_found_and_expected(tmp_path, monkeypatch, fields, message):
    monkeypatch.setattr(files, "ROOT", tmp_path)
    path = tmp_path / "source.yml"
    path.write_text(yaml.safe_dump({**SOURCE, **fields}), encoding="utf-8")
    with pytest.raises(DeclarationError) as error:
        files.load(path, Source)
    assert f"source.yml: {message}" in str(error.value) and not FOREIGN.search(str(error.value))


@pytest.mark.parametrize(
    ("model", "field"),
    [(Mode, "criteria"), (Criterion, "membership"), (Column, "values"), (Source, "encoding")],
)
def test_a_list_that_may_not_be_empty_is_not(model, field):
    with pytest.raises(DeclarationError, match=rf"x\.yml: {field}: found \[\], expected at least 1"):
        files.checked("x.yml", model, {field: []})


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n", "1: a\n", "a: [b\n", "a: b: c\n"])
def test_a_file_that_states_no_keys_is_told_so(tmp_path, monkeypatch, text):
    monkeypatch.setattr(files, "ROOT", tmp_path)
    (tmp_path / "source.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"^source\.yml.*found .*expected keys with values$"):
        files.load(tmp_path / "source.yml", Source)


@pytest.mark.parametrize("model", MODELS)
@given(st.data())
def test_whatever_stands_in_a_declaration_is_told_in_plain_words(model, data):
    names = st.sampled_from(sorted(model.model_fields))
    fields = data.draw(st.dictionaries(names, JUNK, max_size=4))
    try:
        files.checked("x.yml", model, fields)
    except DeclarationError as error:
        told = str(error).replace(str(fields), "")
        assert told.startswith("x.yml: ") and not FOREIGN.search(told)


def test_a_changed_criterion_is_judged_like_a_declared_one():
    mode = modes()["b2c_import"]
    changed = {"b2c_import": {mode.criteria[-1].criterion_id: {"weight": -1}}}
    version = methodologies()["2.0"].model_copy(update={"changed": changed})
    with pytest.raises(
        DeclarationError, match=r"2\.0\.yml, changed, b2c_import.*weight: found -1, expected more than 0"
    ):
        version.criteria(mode)
