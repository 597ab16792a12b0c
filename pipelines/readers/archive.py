"""Zip and gzip archives: their members as bytes, in memory, within limits.

Belongs here: what is an archive, what its members are called, and what is refused. Does not belong here: what a
member holds; workbooks, which are zip files but no archives. Nothing is ever written to a path of the archive.
"""

from __future__ import annotations

import gzip
import io
import re
import stat
import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import IO

from pipelines.readers.text import ReadError

MAX_MEMBERS = 1000
MAX_BYTES = 512 * 1024 * 1024  # of all members together
MAX_RATIO = 200  # unpacked to packed; statistics in text reach about 30
SMALL_BYTES = 16 * 1024 * 1024  # below it the ratio does not matter
CHUNK_BYTES = 1024 * 1024
GZIP, ZIP = b"\x1f\x8b\x08", b"PK\x03\x04"
# Members that tell a document (of a text or spreadsheet program) from an archive of files.
DOCUMENT_MEMBERS = {"[Content_Types].xml", "mimetype"}
UTF8_NAME = 0x800
ENCRYPTED = 0x1
IGNORED_PREFIXES = (".", "~", "__MACOSX")
# What the standard library raises of damaged archives.
FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    RuntimeError,
)


def is_archive(content: bytes) -> bool:
    """Whether the bytes are a zip or gzip archive, whatever the name says."""
    if content.startswith(GZIP):
        return True
    if not content.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return not DOCUMENT_MEMBERS & set(archive.namelist())
    except FAULTS:
        return True


def members(content: bytes, file_name: str) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Names and bytes of the members, and the names of those that no person put there (.DS_Store, __MACOSX).

    Raises ReadError: too_large, unsafe_path, encrypted_archive, broken_archive. One bad member refuses the whole
    archive, so that it is never landed by halves.
    """
    try:
        if content.startswith(GZIP):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as handle:
                name = file_name.removesuffix(".gz")
                return [(name, _bounded(handle, MAX_BYTES, len(content), file_name))], []
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _zip_members(archive, len(content), file_name)
    except FAULTS as error:
        message = f"{file_name}: found an archive that cannot be unpacked: {type(error).__name__} {error}"
        raise ReadError("broken_archive", message) from error


def _zip_members(
    archive: zipfile.ZipFile, packed: int, file_name: str
) -> tuple[list[tuple[str, bytes]], list[str]]:
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(infos) > MAX_MEMBERS:
        raise ReadError(
            "too_large", f"{file_name}: found {len(infos)} members, expected at most {MAX_MEMBERS}"
        )
    names = [_safe_name(info, file_name) for info in infos]
    if len(set(names)) < len(names):
        raise ReadError("broken_archive", f"{file_name}: found two members of one name, expected each once")
    found, skipped, left = [], [], MAX_BYTES
    for info, name in zip(infos, names, strict=True):
        if any(part.startswith(IGNORED_PREFIXES) for part in PurePosixPath(name).parts):
            skipped.append(name)
            continue
        with archive.open(info) as handle:
            content = _bounded(handle, left, packed, f"{file_name}!{name}")
        left -= len(content)
        found.append((name, content))
    _check_ratio(MAX_BYTES - left, packed, file_name)
    return found, skipped


def _safe_name(info: zipfile.ZipInfo, file_name: str) -> str:
    """Name of a member; Windows programs in China write GBK without saying so."""
    name = info.filename
    if not info.flag_bits & UTF8_NAME:
        try:
            name = name.encode("cp437").decode("gb18030")
        except UnicodeError:
            name = info.filename
    name = name.replace("\\", "/")
    is_link = stat.S_ISLNK(info.external_attr >> 16)
    if is_link or not name or re.match(r"/|[A-Za-z]:", name) or ".." in name.split("/"):
        raise ReadError("unsafe_path", f"{file_name}: found the member {name!r}, expected a path inside it")
    if info.flag_bits & ENCRYPTED:
        raise ReadError(
            "encrypted_archive", f"{file_name}: found {name!r} under a password, expected no password"
        )
    return name


def _bounded(handle: IO[bytes], limit: int, packed: int, place: str) -> bytes:
    """All bytes of a member, counted as they come: what the archive says of their number is not believed."""
    chunks, size = [], 0
    while chunk := handle.read(CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise ReadError("too_large", f"{place}: found over {MAX_BYTES} bytes unpacked, expected fewer")
        _check_ratio(size, packed, place)
    return b"".join(chunks)


def _check_ratio(unpacked: int, packed: int, place: str) -> None:
    if unpacked > SMALL_BYTES and unpacked > MAX_RATIO * packed:
        raise ReadError(
            "too_large",
            f"{place}: found {unpacked} bytes or more from {packed}, expected at most {MAX_RATIO} times as many",
        )
