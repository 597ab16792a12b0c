"""The plain lines of a large CSV file. They are found by bit operations on blocks, and written as clean UTF-8.

Belongs here: strict decoding, line ends, and the division of physical lines into plain lines (the CSV scan of a database
reads them without doubt) and other lines (`grid.py` must look at them). Does not belong here: the reading of other lines,
the meaning of columns.

A plain line has the same number of fields as the header, and a month in its period field. Quotes stand only around whole
fields, or doubled inside them. Blanks or tabs may pad a field. It has neither NUL nor `NO_TEXT`, and is not longer than LONGEST_PLAIN_LINE. Every physical
line keeps its place in the part file: a line that is not plain becomes a row of empty fields. So row n of a scan is line n.

The bit operations follow simdjson (Langdale and Lemire, Parsing gigabytes of JSON per second, VLDB J. 2019): one bit
for each byte, quoted regions as the prefix-xor of the quote bits.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

# A block is so small that its arrays stay in the processor's cache.
BLOCK_BYTES = 1 << 18
# glibc keeps freed pieces of memory up to the size of the largest piece that was ever freed, 32 MB at most. Freeing one
# piece of this size makes it keep the memory of each block, which saves a fifth of the time.
KEPT_BYTES = 31 << 20
# A line longer than LONGEST_PLAIN_LINE is read by grid.py. A line longer than LONGEST_LINE refuses the file.
LONGEST_PLAIN_LINE = 100_000
LONGEST_LINE = 16 << 20
# Lines that are not plain stay in memory. A file with too many of them does not have the declared layout.
MOST_OTHER_BYTES = 64 << 20
BYTES_OF_A_LINE_OBJECT = 200

LF, CR, QUOTE, COMMA, SPACE = 10, 13, 34, 44, 32
# The mark that a scan may read as a missing value. Neither it nor NUL may stand in a plain line.
NO_TEXT = 1
TOP = np.uint64(63)
ONE = np.uint64(1)
# Eight bytes '"dddddd"' as a number. HIGH_HALVES selects the bits to compare with QUOTED_MONTH. A digit plus 6 keeps the
# same high half, any other byte does not.
QUOTED_MONTH = np.uint64(int.from_bytes(b'"000000"', "little"))
HIGH_HALVES = np.uint64(0xFFF0F0F0F0F0F0FF)
SIXES = np.uint64(0x0006060606060600)
MONTH_BYTES = 9  # of a quoted month and the separator behind it
PADDED_MONTH_BYTES = 32  # looked at where the month is not written so
MONTH = re.compile(rb'(?:"[ \t]*[0-9]{6}[ \t]*"|[ \t]*[0-9]{6}[ \t]*)[,\n]')
# What stands beside the padding of a cell.
BESIDE_PADDING = (b" ,", b' "', b'" ', b", ", b" \n", b"\n ")


@dataclass(frozen=True)
class Shape:
    """The form of plain lines.

    `width` counts the fields, without the empty field behind a trailing comma. `period_at` is the index of the field
    that must have six digits.
    """

    width: int
    trailing_comma: bool
    period_at: int


@dataclass
class Other:
    """A line that is not plain: its index, its text, and its byte in the part file."""

    index: int
    text: str
    part_offset: int


@dataclass
class Sorted:
    """The number of lines, the number of plain lines, the other lines, and whether the last line has a line end.

    `may_be_padded` says whether a cell of a plain line may begin or end with a blank or a tab.
    """

    lines: int = 0
    plain: int = 0
    others: list[Other] = field(default_factory=list)
    is_ended: bool = True
    may_be_padded: bool = False


class Fault(Exception):
    """Why a file cannot be read.

    `kind` is undecodable, truncated, long_line or too_many. `at` is the byte in the file.
    """

    def __init__(self, kind: str, at: int, message: str) -> None:
        super().__init__(message)
        self.kind, self.at = kind, at


def sort(path: Path, start: int, encoding: str, shape: Shape, part_path: Path) -> Sorted:
    """Divide the lines of a file, from byte `start` on, and write the part file. Raises Fault."""
    bytearray(KEPT_BYTES)
    found, other_bytes, written = Sorted(), 0, 0
    with path.open("rb", buffering=0) as source, part_path.open("wb", buffering=0) as part:
        for at, raw in _blocks(source, start):
            block = _clean(raw, at, encoding)
            found.is_ended = block.endswith(b"\n")
            lines, others, text = _sort_block(
                block if found.is_ended else block + b"\n", shape, found.is_ended
            )
            for other in others:
                other_bytes += len(other.text) + BYTES_OF_A_LINE_OBJECT
                found.others.append(Other(found.lines + other.index, other.text, written + other.part_offset))
            if other_bytes > MOST_OTHER_BYTES:
                raise Fault("too_many", at, f"too many lines like {others[-1].text[:200]!r}")
            found.lines += lines
            found.plain += lines - len(others)
            found.may_be_padded = found.may_be_padded or _may_be_padded(text)
            part.write(text)
            written += len(text)
    return found


def _may_be_padded(block: bytes) -> bool:
    """Whether some cell of a block of clean lines may begin or end with a blank or a tab."""
    return b"\t" in block or (
        b" " in block and (block.startswith(b" ") or any(mark in block for mark in BESIDE_PADDING))
    )


def _blocks(source: BinaryIO, start: int) -> Iterator[tuple[int, bytes]]:
    """Give blocks of whole lines, each with the byte where it begins."""
    at, size = start, BLOCK_BYTES
    while block := os.pread(source.fileno(), size, at):
        cut = block.rfind(b"\n") + 1 or block.rfind(b"\r", 0, -1) + 1
        if cut:
            yield at, block[:cut]
            at, size = at + cut, BLOCK_BYTES
        elif len(block) > LONGEST_LINE:
            raise Fault("long_line", at, f"found a line of more than {LONGEST_LINE} bytes")
        elif len(block) < size:
            yield at, block
            return
        else:
            size *= 2


def _clean(raw: bytes, at: int, encoding: str) -> bytes:
    """Turn a block into UTF-8 with LF as the only line end."""
    try:
        clean = raw if encoding == "utf-8" and _is_utf8(raw) else raw.decode(encoding).encode()
    except UnicodeDecodeError as error:
        cut = error.reason in ("unexpected end of data", "incomplete multibyte sequence")
        shown = raw[error.start :][:4].hex(" ")
        raise Fault("truncated" if cut else "undecodable", at + error.start, shown) from error
    return clean.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if CR in clean else clean


def _is_utf8(raw: bytes) -> bool:
    """Whether the bytes are UTF-8. This test takes a quarter of the time of decoding."""
    try:
        return bool(len(pl.Series([raw]).cast(pl.String)))
    except pl.exceptions.ComputeError:
        return False


def _sort_block(block: bytes, shape: Shape, is_ended: bool) -> tuple[int, list[Other], bytes]:
    """Divide the lines of a block.

    Returns:
        The number of lines, the lines that are not plain, and the text with empty rows in their place.
    """
    a = np.frombuffer(block, dtype=np.uint8)
    is_end = a == LF
    ends = np.flatnonzero(is_end)
    starts = np.concatenate(([0], ends[:-1] + 1))
    quotes = _bits(a == QUOTE)
    quoted = _quoted(quotes)
    parity = _at(quoted, ends)
    odd = parity != np.concatenate(([0], parity[:-1]))
    if odd.any():
        a = a.copy()
        for line in np.flatnonzero(odd):
            a[starts[line] : ends[line]] = SPACE  # its odd quote would invert the quotes of all later lines
        quotes = _bits(a == QUOTE)
        quoted = _quoted(quotes)
    other = odd | _not_plain(a, starts, ends, (_bits(is_end), quotes, quoted), shape)
    if not is_ended:
        other[-1] = True
    others, pieces, last, size = [], [], 0, 0
    empty = b"," * (shape.width - 1 + shape.trailing_comma) + b"\n"
    for line in np.flatnonzero(other):
        start, end = int(starts[line]), int(ends[line])
        pieces += [block[last:start], empty]
        size += start - last
        others.append(Other(int(line), block[start:end].decode("utf-8"), size))
        size += len(empty)
        last = end + 1
    text = b"".join([*pieces, block[last:]]) if others else block
    return len(ends), others, text


def _not_plain(a: np.ndarray, starts: np.ndarray, ends: np.ndarray, bits: tuple, shape: Shape) -> np.ndarray:
    """Mark the lines of `a` that are not plain.

    `bits` has the line ends, the quotes (an even number in every line), and the bytes that the quotes enclose.
    """
    line_ends, quotes, quoted = bits
    commas = _bits(a == COMMA) & ~quoted
    separators = commas | line_ends
    opening, closing = quotes & quoted, quotes & ~quoted
    misplaced = opening & ~_after(separators | closing, True) | closing & ~_before(separators | opening)
    bad = np.zeros(len(ends), dtype=bool)
    bad[np.searchsorted(ends, _positions(misplaced))] = True
    found = _count_up_to(commas, ends)
    found[1:] -= found[:-1].copy()
    bad |= (found != shape.width - 1 + shape.trailing_comma) | (ends - starts > LONGEST_PLAIN_LINE)
    if shape.trailing_comma:
        bad |= a[ends - 1] != COMMA
    if a.min() <= NO_TEXT:
        bad[np.searchsorted(ends, np.flatnonzero(a <= NO_TEXT))] = True
    return bad | ~_is_month(a, _field_starts(commas, starts, shape.period_at, bad))


def _field_starts(commas: np.ndarray, starts: np.ndarray, field_at: int, bad: np.ndarray) -> np.ndarray:
    """The byte where the field with index `field_at` begins in each line. For bad lines, the start of the line."""
    if field_at == 0:
        return starts
    where = _positions(commas)
    first = np.searchsorted(where, starts)
    index = np.where(bad, 0, np.minimum(first + field_at - 1, max(len(where) - 1, 0)))
    return np.where(bad, starts, where[index] + 1) if len(where) else starts


def _is_month(a: np.ndarray, fields: np.ndarray) -> np.ndarray:
    """Whether the field that begins at each byte has six digits, with or without quotes."""
    good, last = np.zeros(len(fields), dtype=bool), len(a) - MONTH_BYTES
    if last >= 0:
        at = np.minimum(fields, last)
        eights = np.ndarray(last + 1, dtype="<u8", buffer=a, strides=(1,))[at]
        quoted = ((eights & HIGH_HALVES) == QUOTED_MONTH) & (((eights + SIXES) & HIGH_HALVES) == QUOTED_MONTH)
        after = a[at + MONTH_BYTES - 1]
        good = quoted & ((after == COMMA) | (after == LF)) & (fields <= last)
    for line in np.flatnonzero(~good):
        good[line] = MONTH.match(bytes(a[fields[line] :][:PADDED_MONTH_BYTES])) is not None
    return good


def _bits(found: np.ndarray) -> np.ndarray:
    """Pack one bit for each byte, 64 bits to a number."""
    packed = np.packbits(found, bitorder="little")
    return np.concatenate((packed, np.zeros(-len(packed) % 8, dtype=np.uint8))).view(np.uint64)


def _quoted(quotes: np.ndarray) -> np.ndarray:
    """Set the bits from every opening quote to the byte before its closing quote: the prefix-xor of the quotes."""
    x = quotes.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        x ^= x << np.uint64(shift)
    carry = np.bitwise_xor.accumulate(x >> TOP)
    x[1:] ^= np.uint64(0) - carry[:-1]
    return x


def _after(x: np.ndarray, first: bool) -> np.ndarray:
    """Move every bit to the next byte. `first` is the bit before the first byte."""
    moved = x << ONE
    moved[1:] |= x[:-1] >> TOP
    moved[0] |= np.uint64(first)
    return moved


def _before(x: np.ndarray) -> np.ndarray:
    """Move every bit to the byte before."""
    moved = x >> ONE
    moved[:-1] |= x[1:] << TOP
    return moved


def _at(x: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The bits at byte positions."""
    return (x[where >> 6] >> (where & 63).astype(np.uint64)) & ONE


def _count_up_to(x: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Count the bits before each byte position."""
    block = where >> 6
    total = np.concatenate(([0], np.cumsum(np.bitwise_count(x), dtype=np.int64)))
    below = (ONE << (where & 63).astype(np.uint64)) - ONE
    return total[block] + np.bitwise_count(x[block] & below)


def _positions(x: np.ndarray) -> np.ndarray:
    """The byte positions of all bits that are set."""
    filled = np.flatnonzero(x)
    set_bits = np.unpackbits(x[filled].view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    row, bit = np.nonzero(set_bits)
    return filled[row] * 64 + bit
