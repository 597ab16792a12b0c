"""What a file is, by its bytes: the kinds of file that people give, in one table.

Belongs here: how a kind is recognised, its name, and what to do with a kind that is not read, in English and Chinese. Does
not belong here: which source a file belongs to (detect.py), reading. The name of a file decides nothing; it only stands in
the message where it says something else than the bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from pipelines.readers.archive import FAULTS, GZIP, ZIP

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BEGINNING = 4096  # bytes or characters in which a kind shows itself
MANIFEST = "META-INF/manifest.xml"
ODS_TYPES = ("application/vnd.oasis.opendocument.spreadsheet",)  # also of a template, with an ending
WORKBOOKS = {"xlsx": "xl/workbook.xml", "xlsb": "xl/workbook.bin"}
SAVE_EN, SAVE_ZH = (
    "open it in a spreadsheet program and save it as .xlsx",
    "请用电子表格软件打开，另存为.xlsx",
)
TABLE_EN, TABLE_ZH = (
    "ask the publisher for the table as .xlsx or .csv",
    "请向发布方索取.xlsx或.csv格式的表格",
)
UNPACK_EN, UNPACK_ZH = "unpack it and give the files", "请解压后提供其中的文件"


@dataclass(frozen=True)
class Kind:
    """A kind of file. `advice` says what to do with a kind that is not read; it is empty for a kind that is."""

    id: str
    name: str
    name_zh: str
    endings: tuple[str, ...]
    advice: str = ""
    advice_zh: str = ""


def _not_read(id_: str, name: str, name_zh: str, endings: str, advice: tuple[str, str]) -> Kind:
    return Kind(id_, name, name_zh, tuple(endings.split()), *advice)


SAVE, TABLE, UNPACK = (SAVE_EN, SAVE_ZH), (TABLE_EN, TABLE_ZH), (UNPACK_EN, UNPACK_ZH)
PASSWORD = (
    "open it with its password and save it without one",
    "请输入密码打开后，另存为无密码的文件",
)
KINDS = {
    kind.id: kind
    for kind in (
        Kind("xlsx", "an Excel workbook (.xlsx)", "Excel工作簿（.xlsx）", (".xlsx", ".xlsm", ".xltx")),
        Kind("xlsb", "a binary Excel workbook (.xlsb)", "Excel二进制工作簿（.xlsb）", (".xlsb",)),
        Kind(
            "xls", "an Excel 97-2003 workbook (.xls)", "Excel 97-2003工作簿（.xls）", (".xls", ".et", ".xlt")
        ),
        Kind("ods", "an OpenDocument spreadsheet (.ods)", "OpenDocument电子表格（.ods）", (".ods", ".ots")),
        Kind("zip", "a zip archive", "zip压缩包", (".zip",)),
        Kind("gzip", "a gzip archive", "gzip压缩包", (".gz",)),
        Kind("sdmx", "an SDMX-ML file", "SDMX-ML文件", (".xml",)),
        Kind("xml", "an XML file", "XML文件", (".xml",)),
        Kind("json_stat", "a JSON-stat file", "JSON-stat文件", (".json",)),
        Kind("json", "a JSON file", "JSON文件", (".json",)),
        Kind("px", "a PX (PC-Axis) file", "PX（PC-Axis）文件", (".px",)),
        _not_read("old_xls", "a workbook of Excel 2 to 4", "Excel 2-4的旧格式工作簿", ".xls", SAVE),
        _not_read(
            "odd_xlsx", "an Excel workbook of an unusual build", "结构不常见的Excel工作簿", ".xlsx", SAVE
        ),
        _not_read(
            "encrypted", "a workbook or document with a password", "带密码的工作簿或文档", "", PASSWORD
        ),
        _not_read("html", "a web page", "网页（HTML）", ".html .htm", SAVE),
        _not_read("mhtml", "a web archive (MHTML)", "单文件网页（MHTML）", ".mht .mhtml", SAVE),
        _not_read("xml_2003", "an XML spreadsheet of Excel 2003", "Excel 2003 XML表格", ".xml", SAVE),
        _not_read("flat_ods", "a flat OpenDocument file", "OpenDocument单文件XML", ".fods", SAVE),
        _not_read("pdf", "a PDF document", "PDF文档", ".pdf", TABLE),
        _not_read("word", "a text document (Word)", "Word文档", ".doc .docx .wps", TABLE),
        _not_read("word_xml", "a text document (Word) as XML", "Word XML文档", ".xml", TABLE),
        _not_read("rtf", "a text document (RTF)", "RTF文档", ".rtf", TABLE),
        _not_read(
            "odf",
            "an OpenDocument file that is no spreadsheet",
            "OpenDocument文档（非电子表格）",
            ".odt .odp .odg",
            TABLE,
        ),
        _not_read("slides", "a presentation (PowerPoint)", "PowerPoint演示文稿", ".ppt .pptx", TABLE),
        _not_read("office", "another document of an office program", "其他Office文档", "", TABLE),
        _not_read("image", "an image", "图片", ".png .jpg .jpeg .gif .bmp .tif .tiff .webp", TABLE),
        _not_read("numbers", "a document of Apple iWork", "Apple iWork文档", ".numbers .pages", SAVE),
        _not_read("parquet", "a Parquet file", "Parquet文件", ".parquet", TABLE),
        _not_read("database", "a database file", "数据库文件", ".db .sqlite .mdb .accdb .duckdb", TABLE),
        _not_read(
            "statistics",
            "a file of a statistics program (Stata, SPSS)",
            "统计软件（Stata、SPSS）数据文件",
            ".dta .sav",
            TABLE,
        ),
        _not_read("rar", "a RAR archive", "RAR压缩包", ".rar", UNPACK),
        _not_read("7z", "a 7-Zip archive", "7-Zip压缩包", ".7z", UNPACK),
        _not_read(
            "packed",
            "an archive (tar, xz, bzip2 or zstd)",
            "压缩包（tar、xz、bzip2或zstd）",
            ".tar .xz .bz2 .zst .tgz",
            UNPACK,
        ),
        _not_read("binary", "binary data of no known kind", "无法识别的二进制数据", "", TABLE),
    )
}
MAGIC = (
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\xfd7zXZ\x00", "packed"),
    (b"BZh", "packed"),
    (b"\x28\xb5\x2f\xfd", "packed"),
    (b"PAR1", "parquet"),
    (b"SQLite format 3\x00", "database"),
    (b"\x00\x01\x00\x00Standard ", "database"),
    (b"<stata_dta>", "statistics"),
    (b"$FL2@(#)", "statistics"),
    (b"\x09\x00\x04\x00", "old_xls"),
    (b"\x09\x02\x06\x00", "old_xls"),
    (b"\x09\x04\x06\x00", "old_xls"),
    (GZIP, "gzip"),
)
# Names of streams of old office documents, and what the first one that stands in a file says.
STREAMS = (
    ("EncryptedPackage", "encrypted"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("WordDocument", "word"),
    ("PowerPoint Document", "slides"),
)
# Members of zipped documents, and what the first one that is there says.
MEMBERS = (
    *((member, kind) for kind, member in WORKBOOKS.items()),
    ("workbook.xml", "odd_xlsx"),
    ("word/document.xml", "word"),
    ("ppt/presentation.xml", "slides"),
    ("Index/Document.iwa", "numbers"),
    ("Index.zip", "numbers"),
    ("[Content_Types].xml", "office"),
)
XML_MARKS = (
    ("urn:schemas-microsoft-com:office:spreadsheet", "xml_2003"),
    ('progid="Excel.Sheet"', "xml_2003"),
    ('progid="Word.Document"', "word_xml"),
    ("urn:oasis:names:tc:opendocument", "flat_ods"),
    ("sdmx", "sdmx"),
)
HTML = re.compile(
    r"(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|div|script|style|title)\b",
    re.IGNORECASE | re.DOTALL,
)
MOST_NULS = 20  # one byte of so many may be NUL in a text, which a fault of a disk leaves behind
CODECS = {
    "utf-8": ("UTF-8", "UTF-8"),
    "utf-16": ("UTF-16", "UTF-16"),
    "gb18030": ("GB18030", "GB18030"),
    None: ("an encoding that is neither UTF-8, UTF-16 nor GB18030", "非UTF-8、UTF-16、GB18030编码的"),
}


def workbook(content: bytes) -> str | None:
    """'xls', 'xlsx', 'xlsb' or 'ods' for a workbook that is read, None for any other file."""
    if not content.startswith((OLE, ZIP)):
        return None
    found = _of_ole(content) if content.startswith(OLE) else _of_zip(content)
    return found if found in ("xls", *WORKBOOKS, "ods") else None


def of(content: bytes) -> Kind:
    """The kind of a file. A text of no special kind is "text in ENCODING".

    >>> of(b"%PDF-1.7").name, of(b"area,value").name
    ('a PDF document', 'text in UTF-8')
    """
    if content.startswith((OLE, ZIP)):
        return KINDS[_of_ole(content) if content.startswith(OLE) else _of_zip(content)]
    for magic, kind in MAGIC:
        if content.startswith(magic):
            return KINDS[kind]
    if content[257:262] == b"ustar":
        return KINDS["packed"]
    is_bitmap = content.startswith(b"BM") and content[6:10] == b"\0" * 4
    return KINDS["image"] if is_bitmap or content[8:12] == b"WEBP" else _of_text(content)


def _of_ole(content: bytes) -> str:
    """Kind of an old office document. One without a known stream counts as a (damaged) workbook."""
    return next((kind for name, kind in STREAMS if name.encode("utf-16-le") in content), "xls")


def _of_zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names:
                mimetype = archive.read("mimetype")[:BEGINNING].decode("ascii", errors="replace")
                manifest = archive.read(MANIFEST) if MANIFEST in names else b""
                if b"encryption-data" in manifest:
                    return "encrypted"
                return "ods" if mimetype.startswith(ODS_TYPES) else "odf"
    except (*FAULTS, NotImplementedError):
        return "zip"
    return next((kind for member, kind in MEMBERS if member in names), "zip")


def _of_text(content: bytes) -> Kind:
    start = content[: BEGINNING * 4]
    codec = _codec(content, start)
    if codec is None and start.count(0) * MOST_NULS > len(start):
        return KINDS["binary"]
    text = start.decode(codec or "latin-1", errors="ignore").lstrip("\ufeff \t\r\n")[:BEGINNING]
    kind = next((kind for is_kind, kind in TEXTS if is_kind(text)), None)
    name, name_zh = CODECS[codec]
    return KINDS[kind] if kind else Kind("text", f"text in {name}", f"{name_zh}文本", ())


def _codec(content: bytes, start: bytes) -> str | None:
    """The encoding that decodes all of a text. None if none does, or if the bytes have NULs and no byte order mark."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for codec in ("utf-16",) if marked else () if b"\x00" in start else ("utf-8", "gb18030"):
        try:
            content.decode(codec)
        except UnicodeDecodeError:
            continue
        return codec
    return None


def _xml_kind(start: str) -> str | None:
    return next((kind for mark, kind in XML_MARKS if mark.lower() in start.lower()), None)


def _is_mhtml(start: str) -> bool:
    return start[:13].lower() == "mime-version:" or bool(
        re.match(r"(?:[\w-]+: [^\n]*\n){0,9}content-type: multipart/related", start, re.IGNORECASE)
    )


TEXTS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (_is_mhtml, "mhtml"),
    *(
        (lambda start, kind=kind: start.startswith("<") and _xml_kind(start) == kind, kind)
        for kind in ("xml_2003", "word_xml", "flat_ods", "sdmx")
    ),
    (lambda start: start.startswith("<") and bool(HTML.match(start)), "html"),
    (lambda start: start.startswith("<"), "xml"),
    (lambda start: start.startswith("{") and '"dimension"' in start and '"size"' in start, "json_stat"),
    (lambda start: start.startswith(("{", "[")) and bool(re.match(r'[{\[]\s*["{\[}\]\d]', start)), "json"),
    (
        lambda start: bool(
            re.match(r"(?:CHARSET|AXIS-VERSION|LANGUAGE|MATRIX|CODEPAGE)(?:\[\w+\])?=", start)
        ),
        "px",
    ),
)


def named(kind: Kind, file_name: str) -> tuple[str, str]:
    """What a file is, in English and Chinese, with the ending of its name if the ending says something else.

    >>> named(KINDS["html"], "table.xls")[0]
    'a web page named .xls'
    """
    ending = PurePath(file_name).suffix.lower()
    if not ending or not kind.endings or ending in kind.endings:
        return kind.name, kind.name_zh
    return f"{kind.name} named {ending}", f"{kind.name_zh}，但文件名以{ending}结尾"
