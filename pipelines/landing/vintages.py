"""The day from which the figures of a file are known, its vintage.

Belongs here: which of sidecar, name and content states the day, and the bounds of every day. Does not belong here: the rules of
the sources (sources/*/source.yml), rows (raw_rows.py).

A day is stated (by the sidecar, or by a whole date in the file or its name) or derived (the end of a year). It lies between
the end of the last period of the file and today. A stated day that does not is refused. Instead of a derived one the end of the
last period counts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from pipelines import file_names
from pipelines.declarations.files import DeclarationError
from pipelines.declarations.sources import Source
from pipelines.landing import sidecar
from pipelines.readers.text import ReadError

END_OF_YEAR = "{year}-12-31"


def vintage(
    source: Source, file_name: str, facts: Mapping[str, str], last_day: dt.date | None, today: dt.date
) -> dt.date:
    """The day from which the figures of a file are known.

    Args:
        source: the source, with the facts of the sidecar.
        file_name: name of the file.
        facts: the facts that the file states.
        last_day: end of the last period of the file, if the raw table states periods as codes.
        today: the day of landing; no period that the file may have ends later.

    Raises:
        ReadError: nothing states a day, or the stated day is impossible, or two statements of it differ.
    """
    in_sidecar = source.facts.get("vintage")
    stated = _by_rule(source, file_name, facts, last_day)
    is_derived = in_sidecar is None and source.vintage == END_OF_YEAR
    if in_sidecar is not None:
        found = dt.date.fromisoformat(in_sidecar)
        if stated not in (None, found) and re.fullmatch(r"\{\w+\}", source.vintage):
            raise ReadError("sidecar_contradicts", _contradiction(file_name, stated, in_sidecar))
        stated = found
    if stated is None:
        raise ReadError("no_vintage", _nothing_states_it(file_name))
    if is_derived and last_day is not None and not last_day <= stated <= today:
        return last_day
    if stated > today or (last_day is not None and stated < last_day):
        raise ReadError("impossible_vintage", _impossible(file_name, stated, last_day, today))
    return stated


def _by_rule(
    source: Source, file_name: str, facts: Mapping[str, str], last_day: dt.date | None
) -> dt.date | None:
    """The day by the rule of the source. A year that the name does not state once is that of the last period."""
    if source.vintage == END_OF_YEAR and last_day is not None and not file_names.year_in(file_name):
        return dt.date(last_day.year, 12, 31)
    try:
        return source.vintage_of(file_name, facts)
    except DeclarationError:
        return None


def _line(file_name: str) -> str:
    return f"write the line `vintage: YYYY-MM-DD` into {sidecar.name_of(file_name)} beside it"


def _nothing_states_it(file_name: str) -> str:
    return (
        f"{file_name}: found no day from which its figures are known, expected one in its name or in a sidecar; "
        f"{_line(file_name)}"
    )


def _contradiction(file_name: str, stated: dt.date | None, in_sidecar: str) -> str:
    return (
        f"{file_name}: found the vintage {stated} in the file or its name and {in_sidecar} in "
        f"{sidecar.name_of(file_name)}, expected both the same; correct the sidecar"
    )


def _impossible(file_name: str, stated: dt.date, last_day: dt.date | None, today: dt.date) -> str:
    first = f"from {last_day}, the end of its last period, " if last_day else ""
    return (
        f"{file_name}: found {stated} as the day from which its figures are known, expected a day {first}up to today "
        f"({today}); {_line(file_name)}, or correct the day that stands in the name or there"
    )
