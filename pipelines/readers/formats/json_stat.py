"""Layout json_stat: JSON-stat 1 and 2, one data set or several (bundle, collection), values dense or sparse.

If the file has several data sets, each is a sheet. The row of a cell is its number in the array of values, from 1 (the
last dimension changes fastest). The column is 1. A null is a blank cell. A cell that a sparse object does not list is a
blank row. If the categories of a dimension D have units, these have the names D.unit (label or base) and D.multiplier. The
status of a cell has the name STATUS. `updated` is a fact.
A dimension without a role refuses its data set (cube.py). If another data set of the file is read, the refused one is one
rejected row. Refused are also: sizes that do not fit the number of values, places outside the cube, a key that stands
twice.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

from pipelines.readers import text
from pipelines.readers.formats import cube
from pipelines.readers.formats.cube import MAX_CELLS, Observation
from pipelines.readers.source import Source
from pipelines.readers.text import ReadError, Reading

STATUS = "STATUS"
UNIT_ROLES = ("unit", "multiplier")
MAX_DATA_SETS = 1000  # of one file
MAX_PLACES = 2**31 - 1  # rows are 32-bit integers


class Incomplete(ValueError):
    """A data set is not complete; the message says what was found."""


class Number(str):
    """A number of JSON as it is printed."""

    __slots__ = ()


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read the cells of all data sets of a file."""
    decoded, encoding = text.decode(content, source.encoding, file_name)
    found = list(itertools.islice(_data_sets(parse(decoded, file_name), file_name), MAX_DATA_SETS + 1))
    if len(found) > MAX_DATA_SETS:
        raise ReadError(
            "too_large",
            f"{file_name}: found more than {MAX_DATA_SETS} data sets, expected fewer; divide the file",
        )
    rows, rejects, faults, physical = [], [], [], 0
    facts: dict[str, str] = {}
    for name, data_set in found:
        sheet = name if len(found) > 1 else ""
        place = f"{file_name}, data set {name!r}" if sheet else file_name
        try:
            cells, places = _cells(data_set, source, sheet, place)
        except ReadError as error:
            faults.append((sheet, data_set, error))
            continue
        rows += cells
        physical += places
        facts |= {"updated": day} if (day := cube.day(_text(data_set.get("updated")))) else {}
    if not rows:
        raise (
            faults[0][2]
            if faults
            else ReadError("empty_file", f"{file_name}: found no data set with values, expected at least one")
        )
    for sheet, data_set, fault in faults:
        printed = json.dumps(data_set, ensure_ascii=False)[:2000]
        rejects.append(cube.reject((sheet, 1, None), printed, fault.reason_code, str(fault)))
    counts = {
        "record_rows": len(rows),
        "rejected_rows": len(rejects),
        "blank_rows": physical - len(rows),
    }
    return text.reading(
        rows,
        cube.COLUMNS,
        rejects,
        counts,
        encoding=encoding,
        physical_rows=physical + len(rejects),
        file_name=file_name,
        facts=facts,
    )


def parse(decoded: str, place: str) -> Any:
    """Parse a JSON document. Numbers stay as printed.

    >>> parse('{"value": [1.50]}', "a.json")
    {'value': ['1.50']}

    Raises:
        ReadError: the text is not JSON, or ends too early, or an object has a key twice.
    """
    try:
        return json.loads(
            decoded, object_pairs_hook=_once, parse_float=Number, parse_int=Number, parse_constant=Number
        )
    except json.JSONDecodeError as error:
        rest = decoded[error.pos :]
        place = f"{place}, line {error.lineno}, column {error.colno}"
        found = repr(rest[:30]) if rest.strip() else "the end of the text"
        raise _not_whole(place, found, is_cut=not rest.strip()) from error
    except RecursionError as error:
        raise _not_whole(place, "too many lists inside lists", is_cut=False) from error
    except ValueError as error:
        raise _not_whole(place, str(error), is_cut=False) from error


def _not_whole(place: str, found: str, *, is_cut: bool) -> ReadError:
    message = f"{place}: found {found}, expected a whole JSON document; download it again"
    return ReadError("truncated_file" if is_cut else "broken_json", message[:2000])


def _once(pairs: list[tuple[str, Any]]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Incomplete(f"a repeated key in an object of {len(pairs)} keys")
    return found


def _data_sets(document: Any, place: str) -> Iterator[tuple[str, dict]]:
    """Give name and content of every data set: the document, the items of a collection, or the parts of a bundle."""
    if not isinstance(document, dict):
        found = json.dumps(document, ensure_ascii=False)[:60]
        raise ReadError("header_changed", f"{place}: found {found}, expected a JSON-stat object")
    if document.get("class", "dataset") == "dataset" and "dimension" in document:
        yield _text(document.get("label")), document
    elif document.get("class") == "collection":
        link = document.get("link")
        items = link.get("item") if isinstance(link, dict) else None
        for number, item in enumerate(items if isinstance(items, list) else [], start=1):
            if isinstance(item, dict):
                yield f"{number} {_text(item.get('label'))}".strip(), item
    else:
        yield from ((name, part) for name, part in document.items() if isinstance(part, dict))


def _text(printed: Any) -> str:
    return printed if isinstance(printed, str) else ""


def _cells(data_set: dict, source: Source, sheet: str, place: str) -> tuple[list[tuple], int]:
    """Rows of one data set, and the number of its places, with or without a value."""
    try:
        sizes, dimensions = _shape(data_set)
        places = math.prod(sizes)
        status = _status(data_set.get("status"), places)
        values = _values(data_set["value"], places, place)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        found = (
            f"no {error}"
            if isinstance(error, KeyError)
            else str(error)
            if isinstance(error, Incomplete)
            else "another form"
        )
        message = f"{place}: found {found}, expected a complete JSON-stat data set"[:2000]
        raise ReadError("header_changed", message) from error
    cube.check_names([name for name, _ in dimensions], source, place)
    _check_attributes(source.options, dict(dimensions), place)
    observations = (_observation(index, value, dimensions, sizes, status) for index, value in values)
    return cube.cells(observations, source, place, sheet, _text(data_set.get("label"))), places


def _check_attributes(options: dict, dimensions: dict[str, Any], place: str) -> None:
    """Check that the declared unit, multiplier and status exist in the data set. Raises ReadError if one does not."""
    known = {STATUS, *dimensions, *(f"{name}.{role}" for name in dimensions for role in UNIT_ROLES)}
    named = [options[role] for role in (*UNIT_ROLES, "status") if role in options]
    if missing := [name for name in named if name not in known]:
        message = f"{place}: found {sorted(known)[:100]}, expected {missing} too"
        raise ReadError("header_changed", message)


def _shape(data_set: dict) -> tuple[list[int], list[tuple[str, list[tuple[str, str, dict]]]]]:
    """The sizes, and for every dimension its name and its categories in order (code, label, unit)."""
    described = data_set["dimension"]
    names = data_set["id"] if "id" in data_set else described["id"]
    sizes = [int(size) for size in (data_set["size"] if "size" in data_set else described["size"])]
    if len(names) != len(sizes) or len(set(names)) < len(names) or min(sizes, default=0) < 1:
        raise Incomplete(f"{len(names)} dimensions of the sizes {sizes[:50]}")
    if math.prod(sizes) > MAX_PLACES:
        raise Incomplete(f"{math.prod(sizes)} places, expected at most {MAX_PLACES}")
    return sizes, [
        (name, _categories(described[name]["category"], size))
        for name, size in zip(names, sizes, strict=True)
    ]


def _categories(category: dict, size: int) -> list[tuple[str, str, dict]]:
    labels, units = category.get("label", {}), category.get("unit", {})
    index = category.get("index", list(labels))
    codes = sorted(index, key=lambda code: int(index[code])) if isinstance(index, dict) else index
    if isinstance(index, dict) and [int(index[code]) for code in codes] != list(range(len(codes))):
        raise Incomplete("an index of categories with gaps")
    if len(codes) != size or len(set(codes)) < size:
        raise Incomplete(f"{len(codes)} categories in a dimension of the size {size}")
    return [(str(code), _text(labels.get(code)), _unit(units.get(code))) for code in codes]


def _unit(found: Any) -> dict[str, str]:
    """Unit and multiplier of a category, if it has them."""
    if not isinstance(found, dict):
        return {}
    unit = _text(found.get("label")) or _text(found.get("base"))
    return {"unit": unit, "multiplier": _text(found.get("multiplier"))}


def _values(found: Any, places: int, place: str) -> Iterator[tuple[int, Any]]:
    """Give place (from 0) and value. A dense array has all places. A sparse object has those that it lists."""
    given = len(found)
    if given > MAX_CELLS:
        raise ReadError("too_large", f"{place}: found {given} values, expected at most {MAX_CELLS}")
    if isinstance(found, list):
        if given != places:
            message = f"{place}: found {given} values, expected {places} by the sizes of the dimensions"
            raise ReadError("wrong_cell_count", message)
        return enumerate(found)
    for key in found:
        if not key.isascii() or not key.isdigit() or str(int(key[:20])) != key or int(key) >= places:
            message = f"{place}: found a value at {key[:40]!r}, expected places from 0 to {places - 1}"
            raise ReadError("wrong_cell_count", message)
    return iter(sorted((int(key), value) for key, value in found.items()))


def _status(found: Any, places: int) -> Callable[[int], str]:
    """A function from place to status. The file has a list, an object, or one status for all values."""
    if isinstance(found, dict):
        return lambda index: _text(found.get(str(index)))
    if isinstance(found, list) and len(found) > 1:
        if len(found) != places:
            raise Incomplete(f"{len(found)} statuses of {places} values")
        return lambda index: _text(found[index])
    one = _text(found[0] if isinstance(found, list) and found else found)
    return lambda index: one


def _observation(index: int, value: Any, dimensions: list, sizes: list[int], status: Any) -> Observation:
    states, names, left = {}, {}, index
    for (name, categories), size in zip(reversed(dimensions), reversed(sizes), strict=True):
        left, at = divmod(left, size)
        code, label, unit = categories[at]
        states[name], names[name] = code, label
        states |= {f"{name}.{role}": stated for role, stated in unit.items() if stated}
    states = dict(reversed(states.items()))
    if found := status(index):
        states[STATUS] = found
    return Observation(index + 1, 1, states, _printed(value), names)


def _printed(value: Any) -> str:
    """A value as printed. Anything but a number stays as JSON, and core quarantines it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
