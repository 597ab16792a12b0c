"""A JSON list of objects as a header and records, so that a layout reads CSV, Excel and JSON in the same way.

Belongs here: how JSON is recognised, and how its list becomes records. Does not belong here: what the keys mean (the
module of the layout), replies of a query service with codes of their own (nbs_json.py).

Lines have no meaning in JSON, so a row is an entry of the list, counted from 1. Numbers stay as printed. Null is an empty
text. The header has the keys in the order in which they first appear.
"""

from __future__ import annotations

import codecs
import json
from typing import Any

from pipelines.readers import text
from pipelines.readers.grid import Body, Record
from pipelines.readers.text import ReadError

MAX_CHARACTERS = 128 * 1024 * 1024
NAMES = {None: "", True: "true", False: "false"}


class _Pairs(list):
    """The pairs of an object in the order of the file, so that a repeated key is found."""


def is_json(content: bytes) -> bool:
    """Whether a text begins like a JSON list or object. No header of a table does.

    >>> is_json(b'[{"a": 1}]'), is_json(b"a,b")
    (True, False)
    """
    return content.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{")


def table(decoded: str, options: dict, required: list[str], file_name: str) -> tuple[list[str], Body, int]:
    """Read a JSON list as a table.

    If the list stands in an object, the options name keys of that object: `records` has the list, `count` has the number
    of records, `error` has the publisher's message of a failure.

    Returns:
        The header, the body (records and rejects), and the number of entries.

    Raises:
        ReadError: the text is not JSON, or not a list of objects, or not complete.
    """
    entries = _entries(_parsed(decoded, file_name), options, file_name)
    header = list(dict.fromkeys(key for entry in entries if isinstance(entry, _Pairs) for key, _ in entry))
    if not header:
        raise ReadError(
            "empty_file", f"{file_name}: found {len(entries)} entries, expected objects with keys"
        )
    needed = [
        name for name in required if name in header
    ]  # a key that no entry has is a fault of the whole file
    body = Body()
    for row_no, entry in enumerate(entries, start=1):
        fault = _fault(entry, needed)
        body.counts["rejected_rows" if fault else "record_rows"] += 1
        if fault:
            printed_text = printable(json.dumps(entry, ensure_ascii=False))
            body.rejects.append(
                text.reject(row_no, None, printed_text, fault[0], f"entry {row_no}: {fault[1]}")
            )
        else:
            fields = dict(entry)
            body.records.append(Record(row_no, [_text(fields.get(key)) for key in header], 1))
    return header, body, len(entries)


def printable(raw_text: str) -> str:
    """Write half characters (surrogates) as escapes: JSON can spell them, but a table cannot store them."""
    return raw_text.encode("utf-8", "backslashreplace").decode()


def _text(value: Any) -> str:
    return printable(value) if isinstance(value, str) else NAMES[value]


def _parsed(decoded: str, file_name: str) -> Any:
    if len(decoded) > MAX_CHARACTERS:
        raise ReadError(
            "too_large",
            f"{file_name}: found {len(decoded)} characters, expected at most {MAX_CHARACTERS}; ask the publisher for fewer figures at once",
        )
    try:
        return json.loads(
            decoded, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str
        )
    except json.JSONDecodeError as error:
        place = f"{file_name}, line {error.lineno}, column {error.colno}"
        raise ReadError(
            "broken_json",
            f"{place}: found {decoded[error.pos : error.pos + 30]!r}, expected JSON; download the file again",
        ) from error
    except (RecursionError, ValueError) as error:
        raise ReadError(
            "broken_json", f"{file_name}: found too many lists inside lists, expected a list of objects"
        ) from error


def _entries(found: Any, options: dict, file_name: str) -> list:
    """The list of entries: the document, or the list in the object of a reply."""
    stated = None
    if isinstance(found, _Pairs):
        reply = dict(found)
        error = reply.get(options.get("error"))
        if error:
            raise ReadError("error_reply", f"{file_name}: found the publisher's error {str(error)[:300]!r}")
        found, stated = reply.get(options.get("records")), reply.get(options.get("count"))
    if isinstance(found, _Pairs) or not isinstance(found, list):
        where = f"under {options['records']!r}" if "records" in options else "at the top"
        raise ReadError("header_changed", f"{file_name}: found no list {where}, expected a list of objects")
    if isinstance(stated, str) and stated != str(len(found)):
        raise ReadError(
            "truncated_file",
            f"{file_name}: found {len(found)} records, expected the {stated[:20]} that the file states; download it again",
        )
    return found


def _fault(entry: Any, required: list[str]) -> tuple[str, str] | None:
    """Why an entry is not a record: the reason code, what was found and what was expected."""
    if not isinstance(entry, _Pairs):
        return "not_an_object", f"found {printable(str(entry))[:60]!r}, expected an object"
    keys = [key for key, _ in entry]
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    missing = [name for name in required if name not in keys]
    other = [key for key, value in entry if isinstance(value, list)]
    if doubled or missing or other:
        why = f"keys twice {doubled}, keys missing {missing}, lists or objects in {other}"
        return "wrong_keys", printable(f"found {why}; expected one text or number each of {required}")
    return None
