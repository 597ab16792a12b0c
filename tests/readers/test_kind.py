"""A file is named for what it is, whatever its name says; kinds that are not read say what to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers import detect as readers
from pipelines.readers import kind
from pipelines.readers.text import ReadError
from tests.helpers.effort import examples
from tests.helpers.excel import ods, xlsb, xlsx, zipped

OLE_HEAD = kind.OLE + bytes(504)


def stream(name: str) -> bytes:
    """An old office document with a stream of this name."""
    return OLE_HEAD + name.encode("utf-16-le") + bytes(512)


GIVEN = {
    "html in GB2312": ("<html><meta charset=gb2312><table><tr><td>地区".encode("gb18030"), "html"),
    "xhtml": (b'<?xml version="1.0"?>\n<!-- x -->\n<html xmlns="..."><body>', "html"),
    "mhtml": (b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n<html>", "mhtml"),
    "mhtml with other lines first": (
        b"From: <Saved by a browser>\nSubject: x\nContent-Type: multipart/related;",
        "mhtml",
    ),
    "XML of Excel 2003": (
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        "xml_2003",
    ),
    "a workbook with a password": (stream("EncryptedPackage"), "encrypted"),
    "an .ods with a password": (
        zipped(
            {
                "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
                "META-INF/manifest.xml": "<manifest:encryption-data/>",
            }
        ),
        "encrypted",
    ),
    "an old workbook": (stream("Workbook"), "xls"),
    "an old Word document": (stream("WordDocument"), "word"),
    "a Word document": (zipped({"[Content_Types].xml": "", "word/document.xml": ""}), "word"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3", "pdf"),
    "a photograph": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image"),
    "RAR": (b"Rar!\x1a\x07\x01\x00", "rar"),
    "bytes": (bytes(range(256)) * 20 + bytes(500), "binary"),
    "XML": (b"<?xml version='1.0'?><root><meta-data/><title>x</title></root>", "xml"),
    "SDMX": (b'<message:GenericData xmlns:message="http://www.sdmx.org/resources/sdmxml"/>', "sdmx"),
    "JSON": (b'[{"a": 1}]', "json"),
    "PX": (b'CHARSET="ANSI";\nAXIS-VERSION="2010";', "px"),
    ".xlsx": (xlsx({"a": [[1]]}), "xlsx"),
    ".xlsb": (xlsb([[1.0]]), "xlsb"),
    ".ods": (ods([[1]]), "ods"),
    "a table": ("地区,2023年\n".encode("gb18030"), "text"),
}


@pytest.mark.parametrize("case", GIVEN)
def test_a_file_is_named_for_what_it_is(case, sources):
    content, wanted = GIVEN[case]
    found = kind.of(content)
    assert found.id == wanted
    if found.advice:
        with pytest.raises(ReadError) as caught:
            readers.detect(content, "分省年度数据_2024-05-01.xls", sources.values())
        message = str(caught.value)
        assert (
            caught.value.reason_code == "kind_not_read" and found.name in message and found.name_zh in message
        )
        assert found.advice in message and found.advice_zh in message


def test_a_name_that_says_something_else_is_named():
    assert kind.named(kind.KINDS["html"], "a.XLS") == (
        "a web page named .xls",
        "网页（HTML），但文件名以.xls结尾",
    )
    assert kind.named(kind.KINDS["html"], "a.htm")[0] == "a web page"


@given(content=st.binary(min_size=1, max_size=600))
@examples(100)
def test_whatever_the_bytes_the_message_names_a_kind_or_an_encoding(content):
    name = kind.of(content).name
    assert name in {known.name for known in kind.KINDS.values()} or name.startswith("text in ")
