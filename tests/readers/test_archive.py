"""Archives are unpacked in memory, within limits, wholly or not at all."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from pipelines.readers import archive
from pipelines.readers.text import ReadError
from tests.helpers.excel import xlsx, zipped


def refused(content: bytes, name: str = "a.zip") -> ReadError:
    with pytest.raises(ReadError) as caught:
        archive.members(content, name)
    assert name in str(caught.value)
    return caught.value


def test_members_come_with_their_paths_and_litter_is_named():
    content = zipped({"b/a.csv": "1", "b/.DS_Store": "x", "__MACOSX/a.csv": "x", "b/": "", "c.csv": "2"})
    assert archive.is_archive(content)
    assert archive.members(content, "a.zip") == (
        [("b/a.csv", b"1"), ("c.csv", b"2")],
        ["b/.DS_Store", "__MACOSX/a.csv"],
    )


def test_names_of_windows_programs_are_gbk():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("xxxxxxxx.csv", "1")
    content = out.getvalue().replace(b"xxxxxxxx", "年度数据".encode("gbk"))
    assert archive.members(content, "a.zip")[0] == [("年度数据.csv", b"1")]


def test_gzip_has_one_member_named_after_it():
    assert archive.members(gzip.compress(b"1,2"), "a.csv.gz") == ([("a.csv", b"1,2")], [])


def test_workbooks_and_text_are_no_archives():
    assert not archive.is_archive(xlsx({"a": [[1]]})) and not archive.is_archive(b"a,b\n")
    assert not archive.is_archive(zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}))


@pytest.mark.parametrize(
    "name", ["../a.csv", "b/../../a.csv", "/etc/a.csv", "C:/a.csv", "..\\a.csv", "\\a.csv"]
)
def test_paths_that_leave_the_archive(name):
    assert refused(zipped({"good.csv": "1", name: "1"})).reason_code == "unsafe_path"


def test_links():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        info = zipfile.ZipInfo("a.csv")
        info.external_attr = 0o120777 << 16
        file.writestr(info, "/etc/passwd")
    assert refused(out.getvalue()).reason_code == "unsafe_path"


def test_bombs(monkeypatch):
    zeros = bytes(20 * 1024 * 1024)
    for content in (zipped({"a.csv": zeros}), gzip.compress(zeros)):
        error = refused(content)
        assert error.reason_code == "too_large" and "times as many" in str(error)
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    assert "over 1000 bytes" in str(refused(zipped({"a.csv": "x" * 600, "b.csv": "y" * 600})))
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    assert "found 3 members" in str(refused(zipped({"a": "", "b": "", "c": ""})))


def test_a_size_that_lies_is_not_believed():
    content = zipped({"a.csv": "x" * 5000})
    at = content.rindex((5000).to_bytes(4, "little"))
    assert (
        refused(content[:at] + (10).to_bytes(4, "little") + content[at + 4 :]).reason_code == "broken_archive"
    )


@pytest.mark.parametrize("cut", [30, 60, -30])
def test_broken_archives(cut):
    content = zipped({"a.csv": "1,2\n" * 100})[:cut]
    assert archive.is_archive(content) and refused(content).reason_code == "broken_archive"
    assert refused(gzip.compress(b"1,2\n" * 100)[:-9]).reason_code == "broken_archive"


def test_a_password():
    content = bytearray(zipped({"a.csv": "1"}))
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(start) + offset] |= 1
    assert refused(bytes(content)).reason_code == "encrypted_archive"


def test_a_member_without_a_name():
    content = zipped({"zz.csv": "1"}).replace(b"zz.csv", b"\x00z.csv")
    assert refused(content).reason_code == "unsafe_path"
