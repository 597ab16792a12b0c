"""Layout sdmx_ml: SDMX-ML data messages (XML), 2.1 generic and structure-specific, 3.0 structure-specific.

The row of an observation is its number in the file, from 1. The column is 1. A statement of a data set, a group or a
series holds for the observations below it; the nearest statement counts. No structure definition is needed: the source
names the dimensions, and a name without a role refuses the file (cube.py). An observation is rejected if its data set
deletes, or if option `dataflow` does not list its dataflow. NaN is a blank. The day of `Prepared` is the fact `updated`.
The parser is expat of the standard library. It reads once and builds no tree. A document type refuses the file, so a file
cannot define entities.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from pipelines.readers import text
from pipelines.readers.formats import cube
from pipelines.readers.formats.cube import MAX_CELLS, Observation
from pipelines.readers.source import Source
from pipelines.readers.text import ReadError, Reading

GENERIC = {"GenericData", "GenericTimeSeriesData"}
SPECIFIC = {"StructureSpecificData", "StructureSpecificTimeSeriesData"}
# These attributes of a structure-specific data set describe the message, not the data.
OF_THE_MESSAGE = {
    "action", "structureRef", "setID", "dataScope", "validFromDate", "validToDate", "publicationYear",
    "publicationPeriod", "reportingBeginDate", "reportingEndDate",
}  # fmt: skip
ACTIONS_THAT_STATE = {"", "Information", "Append", "Replace", "Merge"}
MISSING = {"NaN", ""}
# Elements with one value, or one text in some language, of a component that has several (3.0).
COMPLEX = {"Value", "Text"}
MAX_DEPTH = 40
# expat reports these errors if a text is correct XML but ends too early.
CUT = {
    expat.errors.XML_ERROR_NO_ELEMENTS,
    expat.errors.XML_ERROR_UNCLOSED_TOKEN,
    expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
}


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read the observations. Each gives one cell, even if its value is blank."""
    decoded, encoding = text.decode(content, source.encoding, file_name)
    message = _Message(source, file_name)
    message.parse(decoded)
    if not message.count:
        raise ReadError("empty_file", f"{file_name}: found no observation, expected at least one")
    cube.check_names(message.names, source, file_name)
    rows, rejects = message.rows, message.rejects
    counts = {"record_rows": len(rows), "rejected_rows": len(rejects)}
    facts = {"updated": updated} if (updated := cube.day(message.prepared)) else {}
    return text.reading(
        rows,
        cube.COLUMNS,
        rejects,
        counts,
        encoding=encoding,
        physical_rows=message.count,
        file_name=file_name,
        facts=facts,
    )


class _Message:
    """The state of one pass over a message: the place of the parser, and the statements that hold there."""

    def __init__(self, source: Source, file_name: str) -> None:
        self.source, self.place = source, file_name
        self.dimensions = cube.dimensions(source.options)
        self.declared = {*self.dimensions, *cube.attributes(source.options)}
        self.path: list[str] = []
        self.collected: list[str] | None = None  # text that is being collected
        self.prepared = ""
        self.structures: dict[str, dict[str, str]] = {}  # of the header, by structureID
        self.rows: list[tuple] = []
        self.rejects: list[tuple] = []
        self.names: dict[str, None] = {}
        self.count = self.characters = 0
        self._new_data_set({})

    def parse(self, decoded: str) -> None:
        """Parse the whole text. Raises ReadError."""
        self.parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        try:
            self.parser.Parse(decoded.encode("utf-8", "surrogatepass"), True)
        except expat.ExpatError as error:
            cut = expat.ErrorString(error.code) in CUT
            found = "an end before all elements are closed" if cut else "a text that is not XML"
            message = f"{self.place}, line {error.lineno}: found {found}, expected whole XML; download the file again"
            raise ReadError("truncated_file" if cut else "broken_xml", message) from error

    def _doctype(self, name: str, *_: Any) -> None:
        message = f"{self.place}: found a document type {name[:60]!r}, expected none, because it can define entities"
        raise ReadError("broken_xml", message)

    def _fault(self, found: str, expected: str) -> ReadError:
        where = f"{self.place}, line {self.parser.CurrentLineNumber}"
        return ReadError("header_changed", f"{where}: found {found}, expected {expected}")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        local = qualified.rpartition(" ")[2]
        if not self.path and local not in GENERIC | SPECIFIC:
            raise self._fault(f"the root {local[:60]!r}", f"one of {sorted(GENERIC | SPECIFIC)}")
        if len(self.path) >= MAX_DEPTH:
            raise ReadError(
                "broken_xml",
                f"{self.place}: found over {MAX_DEPTH} elements inside each other, expected fewer",
            )
        self.path.append(local)
        if "Header" in self.path[:2]:
            self._in_header(local, attributes)
        elif local == "DataSet" and len(self.path) == 2:
            self._new_data_set(attributes)
        elif self.path[0] in GENERIC:
            self._generic(local, attributes)
        else:
            self._specific(local, attributes)

    def _in_header(self, local: str, attributes: dict[str, str]) -> None:
        if local in ("Prepared", "StructureUsage", "Structure", "URN"):
            self.collected = []
        if local == "Structure" and len(self.path) == 3:
            self.structure = {"dimension": attributes.get("dimensionAtObservation", "TIME_PERIOD"), "of": ""}
            self.structures[attributes.get("structureID", "")] = self.structure
        elif local == "Ref" and self.structures:
            agency, version = attributes.get("agencyID", ""), attributes.get("version", "1.0")
            self.structure["of"] = f"{agency}:{attributes.get('id', '')}({version})"

    def _new_data_set(self, attributes: dict[str, str]) -> None:
        plain = {name.rpartition(" ")[2]: value for name, value in attributes.items()}
        self.action, self.count_before = plain.get("action", ""), self.count
        known = list(self.structures.values())
        unnamed = known[0] if len(known) == 1 else {"dimension": "", "of": ""}
        self.about = self.structures.get(plain.get("structureRef", ""), unnamed)
        own = {name: value for name, value in attributes.items() if " " not in name}
        self.of_set = {name: value for name, value in own.items() if name not in OF_THE_MESSAGE}
        self.groups: dict[tuple[str, ...], dict[tuple[str, ...], dict[str, str]]] = {}
        self.of_group: dict[str, str] = {}
        self.group_key: dict[str, str] = {}
        self.of_series: dict[str, str] = {}
        self.of_obs: dict[str, str] | None = None
        self.value = ""

    def _level(self) -> dict[str, str]:
        """The level that a statement belongs to: the observation, series, group or data set that is open, in this order."""
        if self.of_obs is not None:
            return self.of_obs
        if "Series" in self.path:
            return self.of_series
        return self.of_group if "Group" in self.path else self.of_set

    def _generic(self, local: str, attributes: dict[str, str]) -> None:
        if local == "Obs":
            self.of_obs = {}
        elif local == "Value":
            level = self.group_key if self.path[-2] == "GroupKey" else self._level()
            level[attributes.get("id", "")] = attributes.get("value", "")
        elif local == "ObsDimension":
            self._level()[attributes.get("id", self.about["dimension"])] = attributes.get("value", "")
        elif local == "ObsValue":
            self.value = attributes.get("value", "")

    def _specific(self, local: str, attributes: dict[str, str]) -> None:
        own = {name: value for name, value in attributes.items() if " " not in name}
        if local == "Obs":
            self.value = own.pop("OBS_VALUE", "")
            self.of_obs = own
        elif local == "Group":
            self.group_key = {name: value for name, value in own.items() if name in self.dimensions}
            self.of_group = {name: value for name, value in own.items() if name not in self.dimensions}
        elif local in ("Series", "Atts"):
            self._level().update(own)
        elif local == "Comp":
            self.component = own.get("id", "")
        elif local in COMPLEX:
            self.collected = []

    def _text(self, piece: str) -> None:
        if self.collected is not None:
            self.collected.append(piece)

    def _end(self, _: str) -> None:
        local = self.path[-1]
        stated, self.collected = "".join(self.collected or []).strip(), None
        if local == "Prepared":
            self.prepared = stated
        elif "=" in stated and self.structures and "Header" in self.path[:2]:
            self.structure["of"] = stated.rpartition("=")[2]
        elif stated and local in COMPLEX and "Comp" in self.path:
            level = self._level()
            level[self.component] = "; ".join(filter(None, [level.get(self.component), stated]))
        elif local == "Group":
            self._keep_group()
        elif local == "Series":
            self.of_series = {}
        elif local == "Obs" and self.of_obs is not None:
            self._observed()
            self.of_obs = None
        self.path.pop()

    def _keep_group(self) -> None:
        """Store the statements of a group by the dimensions of its key, so that no search through all groups is needed."""
        if self.count > self.count_before:
            raise self._fault("a group after the first observation", "groups before their series")
        names = tuple(sorted(self.group_key))
        if unknown := set(names).difference(self.dimensions):
            raise self._fault(f"a group by {sorted(unknown)[:20]}", "groups by dimensions that are declared")
        values = tuple(self.group_key[name] for name in names)
        self.groups.setdefault(names, {}).setdefault(values, {}).update(self.of_group)
        self.of_group, self.group_key = {}, {}

    def _observed(self) -> None:
        key = {**self.of_series, **(self.of_obs or {})}
        in_groups: dict[str, str] = {}
        for names, groups in self.groups.items():
            in_groups.update(groups.get(tuple(key.get(name, "") for name in names), {}))
        states = {**self.of_set, **in_groups, **key}
        if states.keys() - self.declared:  # checked first: there may be very many names
            cube.check_names([*states, *self.dimensions], self.source, self.place)
        self.names.update(dict.fromkeys(states))
        self.count += 1
        if self.count > MAX_CELLS:
            raise ReadError(
                "too_large",
                f"{self.place}: found more than {MAX_CELLS} observations, expected fewer; divide it",
            )
        value = "" if self.value in MISSING else self.value
        if self.value and not value:
            states["OBS_VALUE"] = self.value
        self.value = ""
        observation = Observation(self.count, 1, states, value, {})
        if why := self._why_rejected(states):
            printed = "; ".join(f"{name}={stated[:200]}" for name, stated in states.items())
            self.rejects.append(cube.reject(("", self.count, None), f"{printed}; OBS_VALUE={value}", *why))
            self.characters = cube.weighed(self.rejects[-1], self.characters, self.place)
        else:
            self.rows.append(cube.cell(observation, self.source, dataset=self.about["of"]))
            self.characters = cube.weighed(self.rows[-1], self.characters, self.place)

    def _why_rejected(self, states: dict[str, str]) -> tuple[str, str] | None:
        """Why an observation does not belong to the source: reason code and message. None if it does."""
        where = f"observation {self.count}, line {self.parser.CurrentLineNumber}"
        if self.action not in ACTIONS_THAT_STATE:
            message = (
                f"{where}: found the action {self.action!r}, expected one of {sorted(ACTIONS_THAT_STATE)}"
            )
            return "not_a_statement", message
        if self.about["of"] not in self.source.options["dataflow"]:
            expected = self.source.options["dataflow"]
            return "other_dataflow", f"{where}: found {self.about['of']!r}, expected one of {expected}"
        if blank := cube.missing_dimensions(states, self.source.options):
            return "key_missing", f"{where}: found no {blank}, expected every declared dimension"
        return None
