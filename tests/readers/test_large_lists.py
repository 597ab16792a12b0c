"""Lists of records read piece by piece are the same as read whole: rows, rejects, counts and refusals."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from hypothesis import example, given

from pipelines.readers import detect as readers
from pipelines.readers.tables import record_pieces
from pipelines.readers.text import ReadError, Reading
from tests.helpers import trade_files as files
from tests.helpers.damage import damage, faults
from tests.helpers.effort import examples

FILES = {
    "un_comtrade": (
        "reply_2024-03-01.csv",
        files.download([files.record("0902", 5.5, 276), files.record()] * 4),
    ),
    "un_comtrade_legacy": ("pub-20180131.csv", files.BULK_FILE.encode("windows-1252")),
    "baci": ("BACI_HS17_Y2022_V202401.csv", files.BACI_FILE.encode("utf-8-sig")),
    "customs_commodity_codes": ("zh-hs8-2022.csv", files.GOODS_FILE.encode("gb18030")),
    "usitc_dataweb": ("DataWeb 2024-03-01.csv", files.DATAWEB_LONG.encode()),
    "customs_districts": ("CusDistrict_2024-05-01.json", files.DISTRICT_FILE.encode()),
}


def outcome(read, *arguments) -> tuple:
    """What came of reading: all that a reading holds, or why there is none."""
    try:
        reading: Reading = read(*arguments)
    except ReadError as error:
        return (error.reason_code,)
    rows = reading.rows if isinstance(reading.rows, pl.DataFrame) else duckdb.sql(reading.rows).pl()
    order = [name for name in ("sheet", "row_no", "column_no") if name in rows.columns]
    rejects = sorted(map(str, reading.rejects.rows()))
    return rows.sort(order).rows(), rows.columns, rejects, reading.encoding, reading.accounting


@pytest.mark.parametrize("source_id", FILES)
@examples(80)
@given(fault=faults())
@example(fault=([], 1 / 64))  # a byte order mark that is cut off
def test_pieces_are_the_whole(source_id, sources, tmp_path, monkeypatch, fault):
    monkeypatch.setattr(record_pieces, "PIECE_RECORDS", 2)
    name, content = FILES[source_id]
    damaged = damage(content, *fault)
    path = tmp_path / name
    path.write_bytes(damaged)
    arguments = (sources[source_id], name)
    assert outcome(record_pieces.read, path, *arguments, tmp_path) == outcome(
        readers.read, damaged, *arguments
    )


def test_a_wide_table_is_read_whole(sources, tmp_path):
    path = tmp_path / "DataWeb 2024-03-01.csv"
    path.write_text(files.DATAWEB_WIDE)
    reading = record_pieces.read(path, sources["usitc_dataweb"], path.name, tmp_path)
    assert isinstance(reading.rows, pl.DataFrame) and reading.rows.height == 4


def test_a_line_without_end_and_a_file_of_rubbish_are_refused(sources, tmp_path, monkeypatch):
    monkeypatch.setattr(record_pieces, "LONGEST_LINE", 1000)
    monkeypatch.setattr(record_pieces, "MOST_REJECTS", 10)
    path = tmp_path / "BACI_HS17_Y2022_V202401.csv"
    for content, code in ((b"x" * 5000, "long_line"), (b"t,i,j,k,v,q\n" + b"1,2\n" * 50, "too_many")):
        path.write_bytes(content)
        with pytest.raises(ReadError) as caught:
            record_pieces.read(path, sources["baci"], path.name, tmp_path)
        assert caught.value.reason_code == code
