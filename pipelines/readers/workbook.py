"""Workbooks (.xls, .xlsx, .xlsb, .ods) as sheets of printed cells.

Belongs here: the limits of a workbook, and the start of the process that opens it (workbook_process.py
also states how a cell becomes text). Does not belong here: how a workbook is recognised (kind.py); layouts; libraries for
workbooks.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipelines.readers.text import ReadError

MAX_CELLS = 4_000_000  # rows x columns of a sheet
MAX_UNZIPPED_BYTES = 512 * 1024 * 1024
MAX_PROCESS_BYTES = 3 * 1024**3
MAX_SECONDS = 120
PROCESS = Path(__file__).with_name("workbook_process.py")
REASONS = {3: "too_large", 4: "broken_workbook"}


@dataclass(frozen=True)
class Sheet:
    """One sheet. All rows have the same number of cells. Hidden rows and columns count from 0."""

    name: str
    rows: list[list[str]]
    hidden: bool
    hidden_rows: list[int]
    hidden_columns: list[int]


@lru_cache(maxsize=1)
def sheets(content: bytes) -> list[Sheet]:
    """Open a workbook in a process of its own.

    Raises:
        ReadError: the workbook is too large, broken, or too slow to open.
    """
    if content.startswith(b"PK"):
        _check_unzipped(content)
    try:
        process = subprocess.run(
            [sys.executable, "-P", str(PROCESS), str(MAX_CELLS), str(MAX_PROCESS_BYTES)],
            input=content,
            capture_output=True,
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ReadError(
            "too_large",
            f"found a workbook that takes over {MAX_SECONDS} s to open, expected less; save the sheet as .csv",
        ) from error
    if process.returncode:
        message = process.stderr.decode(errors="backslashreplace").strip()[-400:]
        # A negative code is a signal: the process asked for more memory than it may have.
        code = REASONS.get(process.returncode, "too_large" if process.returncode < 0 else "broken_workbook")
        raise ReadError(
            code,
            f"found a workbook that cannot be read ({message}), expected .xlsx, .xls, .xlsb or .ods without a password; open it and save it again",
        )
    found = [Sheet(**sheet) for sheet in json.loads(process.stdout)]
    if len({sheet.name for sheet in found}) < len(found):
        raise ReadError("broken_workbook", "found two sheets of the same name, expected each name once")
    return found


def _check_unzipped(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        total = sum(member.file_size for member in archive.infolist())
    if total > MAX_UNZIPPED_BYTES:
        raise ReadError("too_large", f"found {total} bytes unzipped, expected at most {MAX_UNZIPPED_BYTES}")
