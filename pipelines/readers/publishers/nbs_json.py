"""Layout nbs_json: replies of the statistics office's query service, plain or in a recorded exchange.

A reply of easyquery (until 2026) lists data nodes and the meaning of their codes. A data node is one figure with the codes
of its indicator, area and period. If `hasdata` is false, the figure is a blank, though the site prints 0.0. A reply of the
newer service (esData, 2026) lists periods with values. A value names its indicator, area and unit. A value that is not
published is null or empty or has a word of option `missing`. If the unit beside a value differs from the one in the
indicator's brackets, the value is rejected.
Each data node or value is a row of the file, counted from 1. A reply that states an error is one rejected row with the
publisher's message; a file of such replies only is refused with that message. In a recorded exchange (YAML,
`interactions`), each reply is a sheet, and its date is the day from which the figures are known. Option `default_area`
names the area of replies without areas: only national databases have none.
"""

from __future__ import annotations

import email.utils
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import yaml

from pipelines.readers import text
from pipelines.readers.source import Source
from pipelines.readers.text import ReadError, Reading

MAX_JSON_CHARACTERS = 64 * 1024 * 1024
MAX_YAML_CHARACTERS = 1024 * 1024  # its parser is slow: about 10 s
INDICATOR, AREA, PERIOD = "zb", "reg", "sj"


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read all replies of a file. Every data node gives one row, even if it is blank."""
    decoded, encoding = text.decode(content, source.encoding, file_name)
    rows: list[tuple] = []
    rejects: list[tuple] = []
    for reply in _replies(decoded, file_name):
        _read_reply(reply, source, rows, rejects)
    if not rows:
        raise ReadError(
            "error_reply" if rejects else "empty_file",
            f"{file_name}: {rejects[0][5] if rejects else 'found no data nodes, expected at least one'}",
        )
    counts = {"record_rows": len(rows), "rejected_rows": len(rejects)}
    nodes = len(rows) + len(rejects)
    return text.reading(
        rows, text.CELL_COLUMNS, rejects, counts, encoding=encoding, physical_rows=nodes, file_name=file_name
    )


def _read_reply(
    found: tuple[str, str, dict], source: Source, rows: list[tuple], rejects: list[tuple]
) -> None:
    """Add the cells of one reply, and the rejects with their places."""
    sheet, known_from, reply = found

    def reject(what: Any, code: str, reason: str) -> None:
        printed = _printable(json.dumps(what, ensure_ascii=False))
        rejects.append((sheet, number(), None, printed, code, f"row {number()}: {_printable(reason)}"))

    def number() -> int:
        return len(rows) + len(rejects) + 1

    message = _error(reply)
    if message:
        reject(reply, "error_reply", f"found the publisher's error {message}, expected data nodes")
        return
    nodes, cell = _nodes(reply)
    for node in nodes:
        try:
            rows.append((sheet, number(), 1, *cell(node, source, known_from)))
        except ReadError as error:
            reject(node, error.reason_code, str(error))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            parts = error.args[0] if isinstance(error.args[0], tuple) else error.args[:1]
            named = "/".join(str(part) for part in parts)
            lacks = f"without {named}" if type(error) in (KeyError, ValueError) else "of another form"
            why = f"found a data node {lacks}, expected its figure and the codes of its dimensions"
            reject(node, "malformed_node", why)


def _printable(raw_text: str) -> str:
    """Write half characters (surrogates) as escapes: JSON can spell them, but a table cannot store them."""
    return raw_text.encode("utf-8", "backslashreplace").decode()


def _replies(decoded: str, file_name: str) -> list[tuple[str, str, dict]]:
    """For every reply in the file: the name of its sheet, the day of the exchange, and the reply."""
    if decoded.lstrip().startswith("{"):
        return [("", "", _json(decoded, file_name))]
    if len(decoded) > MAX_YAML_CHARACTERS:
        found = f"{file_name}: found a recording of {len(decoded)} characters, expected at most "
        raise ReadError("too_large", f"{found}{MAX_YAML_CHARACTERS}; record fewer exchanges in one file")
    try:
        exchanges = yaml.safe_load(decoded)["interactions"]
        replies = [exchange["response"] for exchange in exchanges]
        return [
            (f"reply {n}", _day(reply), _json(reply["body"]["string"], f"{file_name}, reply {n}"))
            for n, reply in enumerate(replies, start=1)
        ]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        message = f"{file_name}: found no recorded exchange, expected YAML with `interactions`, each with its response"
        raise ReadError("broken_recording", message) from error


def _json(printed: Any, place: str) -> dict:
    if not isinstance(printed, str) or len(printed) > MAX_JSON_CHARACTERS:
        found = f"{len(printed)} characters" if isinstance(printed, str) else "no text"
        raise ReadError(
            "too_large", f"{place}: found {found}, expected text of at most {MAX_JSON_CHARACTERS}"
        )
    try:
        reply = json.loads(printed)
    except (ValueError, RecursionError) as error:
        raise ReadError(
            "broken_json",
            f"{place}: found {printed[:60]!r}, which is not JSON, expected a reply in JSON; save it again",
        ) from error
    if not isinstance(reply, dict) or not {"returncode", "success"} & set(reply):
        raise ReadError(
            "header_changed", f"{place}: found {printed[:60]!r}, expected a reply with returncode or success"
        )
    return reply


def _day(reply: dict) -> str:
    """ISO date of the exchange, from its header Date. Empty if there is none."""
    printed = next(iter(reply.get("headers", {}).get("Date", [])), "")
    return email.utils.parsedate_to_datetime(printed).date().isoformat() if printed else ""


def _error(reply: dict) -> str:
    """The publisher's message for a query that failed. Empty if the reply has figures."""
    if "success" in reply:
        is_whole = reply["success"] is True and isinstance(reply.get("data"), list)
        return "" if is_whole else f"{reply.get('state', '')}: {reply.get('message') or '(no message)'}"
    data = reply.get("returndata")
    if reply["returncode"] == 200 and isinstance(data, dict) and isinstance(data.get("datanodes"), list):
        return ""
    return f"{reply['returncode']}: {data if isinstance(data, str) else '(no message)'}"


def _nodes(reply: dict) -> tuple[list, Callable[[Any, Any, str], tuple]]:
    """The figures of a reply, and the function that makes a cell of each."""
    if "returncode" in reply:
        return reply["returndata"]["datanodes"], partial(_cell, _names(reply["returndata"]))
    nodes = []
    for entry in reply["data"]:
        values = entry.get("values") if isinstance(entry, dict) else None
        nodes += [{**entry, "values": v} for v in values] if isinstance(values, list) else [entry]
    return nodes, _value


def _value(node: dict, source: Source, known_from: str) -> tuple:
    """The texts of one cell of the newer service. Raises KeyError, ValueError and similar if it is not complete."""
    value = node["values"]
    printed = _printed(value["value"])
    _check_unit(value["i_showname"], value.get("du_name") or "")
    key = (value["da"], value.get("da_name") or "", text.plain(value["i_showname"]), node["name"])
    about = (value.get("du_name") or "", "", value.get("i_mark") or "", source.title, "", known_from)
    missing = source.options.get("missing", [])
    return _texts((*key, *about, "" if printed.strip() in missing else printed))


def _printed(value: object) -> str:
    """The text of a value: a null is a blank, a number is its shortest text.

    >>> _printed(None), _printed(49843.1), _printed("7.50")
    ('', '49843.1', '7.50')
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float, type(None))):
        raise ValueError("a number, a text or null as value")
    return "" if value is None else value if isinstance(value, str) else repr(value)


def _check_unit(label: str, unit: str) -> None:
    """Compare the unit beside a value with that in the brackets of its label. Raises ReadError if they differ."""
    in_label = text.plain(text.unit_in_label(label))
    if in_label and unit and "=" not in in_label and in_label != text.plain(unit):
        message = f"found the unit {unit} beside the value and {in_label} in the label {label!r}, expected both the same"
        raise ReadError("unit_contradicts", message)


def _texts(cell: tuple) -> tuple:
    """Check that all parts of a cell are texts without half characters."""
    for raw_text in cell:
        raw_text.encode()
    return cell


def _names(data: dict) -> dict[tuple[str, str], dict]:
    """The meaning of the codes of each dimension."""
    groups = data.get("wdnodes")
    return {
        (str(group.get("wdcode")), str(node.get("code"))): node
        for group in (groups if isinstance(groups, list) else [])
        if isinstance(group, dict) and isinstance(group.get("nodes"), list)
        for node in group["nodes"]
        if isinstance(node, dict)
    }


def _cell(names: dict, node: dict, source: Source, known_from: str) -> tuple:
    """The texts of one cell of easyquery. Raises KeyError, ValueError and similar if the node is not complete."""
    codes = {dimension["wdcode"]: dimension["valuecode"] for dimension in node["wds"]}
    indicator = names[INDICATOR, codes[INDICATOR]]
    area = names[AREA, codes[AREA]]["cname"] if AREA in codes else source.options["default_area"]
    key = (codes.get(AREA, ""), area, text.plain(indicator["cname"]), names[PERIOD, codes[PERIOD]]["cname"])
    has_data = node["data"]["hasdata"]
    if not isinstance(has_data, bool):
        raise ValueError("true or false in hasdata")
    value = node["data"]["strdata"] if has_data else ""
    if has_data and not value.strip():
        raise ValueError("a text, though it states that it has a figure")
    about = (indicator.get("unit") or "", "", indicator.get("memo") or "", source.title, "", known_from)
    return _texts((*key, *about, value))
