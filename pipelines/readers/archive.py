"""Zip and gzip archives: the members as bytes, in memory, within limits.

Belongs here: how an archive is recognised, the names of its members, what is refused. Does not belong here: the content of
a member; workbooks, which are zip files but not archives. Nothing is ever written to a path that the archive names.
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
# These members show that a zip file is a document of a text or spreadsheet program, not an archive of files.
DOCUMENT_MEMBERS = {"[Content_Types].xml", "mimetype"}
UTF8_NAME = 0x800
ENCRYPTED = 0x1
IGNORED_PREFIXES = (".", "~", "__MACOSX")
# The standard library raises these for damaged archives.
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
    """Whether the bytes are a zip or gzip archive. The name of the file does not matter.

    >>> is_archive(b"area,value"), is_archive(GZIP)
    (False, True)
    """
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
    """Unpack an archive in memory.

    One bad member refuses the whole archive, so that half of an archive never lands.

    Returns:
        The names and bytes of the members, and the names of members that a program added (.DS_Store, __MACOSX).

    Raises:
        ReadError: too_large, unsafe_path, encrypted_archive or broken_archive.
    """
    try:
        if content.startswith(GZIP):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as handle:
                name = file_name.removesuffix(".gz")
                return [(name, _bounded(handle, MAX_BYTES, len(content), file_name))], []
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _zip_members(archive, len(content), file_name)
    except FAULTS as error:
        message = f"{file_name}: found a damaged archive, expected one that can be unpacked; download or pack it again"
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
        raise ReadError(
            "broken_archive", f"{file_name}: found two members of the same name, expected each name once"
        )
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
    """The name of a member, decoded. Windows programs in China write names in GBK and do not mark them as GBK."""
    name = info.filename
    if not info.flag_bits & UTF8_NAME:
        try:
            name = name.encode("cp437").decode("gb18030")
        except UnicodeError:
            name = info.filename
    name = name.replace("\\", "/")
    is_link = stat.S_ISLNK(info.external_attr >> 16)
    if is_link or not name or re.match(r"/|[A-Za-z]:", name) or ".." in name.split("/"):
        raise ReadError(
            "unsafe_path", f"{file_name}: found the member {name!r}, expected a path inside the archive"
        )
    if info.flag_bits & ENCRYPTED:
        raise ReadError(
            "encrypted_archive",
            f"{file_name}: found {name!r} protected by a password, expected no password; pack it without one",
        )
    return name


def _bounded(handle: IO[bytes] | gzip.GzipFile, limit: int, packed: int, place: str) -> bytes:
    """Unpack all bytes of a member and count them meanwhile, because the size that the archive states may be false."""
    chunks, size = [], 0
    while chunk := handle.read(CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise ReadError(
                "too_large", f"{place}: found over {MAX_BYTES} bytes after unpacking, expected fewer"
            )
        _check_ratio(size, packed, place)
    return b"".join(chunks)


def _check_ratio(unpacked: int, packed: int, place: str) -> None:
    if unpacked > SMALL_BYTES and unpacked > MAX_RATIO * packed:
        raise ReadError(
            "too_large",
            f"{place}: found {unpacked} or more unpacked bytes from {packed} packed ones, expected at most {MAX_RATIO} times as many",
        )
