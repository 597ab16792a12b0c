"""The benchmarks keep working: generated files land with every line where it must be, families add up. Nothing is timed."""

from __future__ import annotations

import pytest

from benchmarks import ingest, samples
from pipelines.declarations.sources import sources
from pipelines.readers import detect as readers


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ingest.TARGETS)
@pytest.mark.parametrize("large_bytes", [1, readers.LARGE_BYTES], ids=["large", "small"])
def test_the_generated_file_lands_whole(tmp_path, monkeypatch, encoding, large_bytes):
    """As a large file and as a small one."""
    monkeypatch.setattr(readers, "LARGE_BYTES", large_bytes)
    truth = ingest.generate(tmp_path, 20_000, encoding)
    assert ingest.land(tmp_path)["loaded"] == 1
    assert ingest.check(tmp_path, truth, encoding) == []
    assert {code for _, _, code in truth.held} == {"wrong_field_count", "unterminated_quote", "month_missing"}


def test_what_is_lost_is_seen(tmp_path):
    truth = ingest.generate(tmp_path, 1000, "utf-8")
    ingest.land(tmp_path)
    truth.physical += 1
    truth.held.pop()
    assert len(ingest.check(tmp_path, truth, "utf-8")) == 3


@pytest.mark.slow
def test_one_more_month_is_one_file_more(tmp_path):
    for month, loaded in ((1, 1), (2, 1), (2, 0)):
        ingest.generate(tmp_path, 200, "utf-8", f"generated_2024_{month:02d}_import.csv", month)
        assert ingest.land(tmp_path)["loaded"] == loaded


def test_every_declared_source_is_of_a_family_and_the_families_add_up():
    rows = [(f"{name}.csv", name, "loaded", None, *[1] * len(samples.COUNTED)) for name in sources()]
    rows.append(("x.csv", None, "refused", "x.csv: fits no declared source", *[0] * len(samples.COUNTED)))
    found = samples.by_family(rows)
    assert sum(counts["files"] for counts in found.values()) == len(sources()) + 1
    assert found[samples.UNKNOWN]["refused"] == 1 and found[samples.UNKNOWN]["cells_total"] == 0
    assert sum(counts["cells_loaded"] for counts in found.values()) == len(sources())
