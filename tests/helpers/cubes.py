"""One small cube as seven files: SDMX-CSV 1 and 2, SDMX-ML generic and structure-specific, JSON-stat 1 and 2, PC-Axis.

Written by hand in the layouts that the formats define. Does not belong here: assertions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipelines.declarations import sources

FLOW = "XX:DF_CUBE(1.0)"
AREAS, SERIES, YEARS = ("CN", "FJ"), ("GDP", "POP"), ("2022", "2023")
AREA_NAMES = {"CN": "China, People's Republic", "FJ": "Fiji"}
UNITS = {"GDP": ("USD", "6"), "POP": ("PERSONS", "4")}
PX_UNITS = {"GDP": "million USD", "POP": "10k persons"}
# Value and status by area, series and year; the trailing zero and the blank must survive.
CUBE = {
    ("CN", "GDP", "2022"): ("17963170.50", "A"),
    ("CN", "GDP", "2023"): ("17794780", "P"),
    ("CN", "POP", "2022"): ("141217.5", "A"),
    ("CN", "POP", "2023"): ("141071.0", "A"),
    ("FJ", "GDP", "2022"): ("4980", "A"),
    ("FJ", "GDP", "2023"): ("", "O"),
    ("FJ", "POP", "2022"): ("93", "B"),
    ("FJ", "POP", "2023"): ("93.6", "E"),
}
# What core must make of it: area, indicator, year -> value in base units, status.
OBSERVED = {
    ("CN", "gdp_usd", "2022"): (17963170500000.0, "A"),
    ("CN", "gdp_usd", "2023"): (17794780000000.0, "E"),
    ("CN", "population_midyear", "2022"): (1412175000.0, "A"),
    ("CN", "population_midyear", "2023"): (1410710000.0, "A"),
    ("FJI", "gdp_usd", "2022"): (4980000000.0, "A"),
    ("FJI", "population_midyear", "2022"): (930000.0, "A"),
    ("FJI", "population_midyear", "2023"): (936000.0, "E"),
}


def csv_1(cube: dict = CUBE) -> str:
    """SDMX-CSV 1.0 with codes and names in one cell."""
    head = "DATAFLOW,FREQ: Frequency,REF_AREA: Area,INDICATOR: Series,TIME_PERIOD: Time,OBS_VALUE: Value,UNIT_MEASURE: Unit,UNIT_MULT: Multiplier,OBS_STATUS: Status\n"
    return head + "".join(
        f'{FLOW}: Cube,A: Annual,"{area}: {AREA_NAMES[area]}",{series}: A series,{year},{value},{UNITS[series][0]}: x,{UNITS[series][1]}: y,{status}: z\n'
        for (area, series, year), (value, status) in cube.items()
    )


def csv_2(cube: dict = CUBE, action: str = "I") -> str:
    """SDMX-CSV 2.0 with names beside the codes."""
    head = "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,Frequency,REF_AREA,Area,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,UNIT_MULT,OBS_STATUS\n"
    return head + "".join(
        f'dataflow,{FLOW},{action},A,Annual,{area},"{AREA_NAMES[area]}",{series},{year},{value or "NaN"},{UNITS[series][0]},{UNITS[series][1]},{status}\n'
        for (area, series, year), (value, status) in cube.items()
    )


def _message(root: str, body: str, action: str) -> str:
    """An SDMX-ML 2.1 message."""
    namespace = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<mes:{root} xmlns:mes="{namespace}/message" '
        f'xmlns:com="{namespace}/common" xmlns:gen="{namespace}/data/generic" xmlns:ss="{namespace}/data/structurespecific">'
        "<mes:Header><mes:ID>x</mes:ID><mes:Prepared>2024-03-01T10:00:00Z</mes:Prepared>"
        '<mes:Structure structureID="S" dimensionAtObservation="TIME_PERIOD"><com:StructureUsage>'
        '<Ref agencyID="XX" id="DF_CUBE" version="1.0"/></com:StructureUsage></mes:Structure></mes:Header>\n'
        f'<mes:DataSet action="{action}" structureRef="S">\n{body}</mes:DataSet></mes:{root}>\n'
    )


def generic(cube: dict = CUBE, action: str = "Replace") -> str:
    """SDMX-ML 2.1 generic, series by series; the unit stands in a group, the multiplier at the series."""
    body = "".join(
        f'<gen:Group type="G"><gen:GroupKey><gen:Value id="INDICATOR" value="{series}"/></gen:GroupKey><gen:Attributes>'
        f'<gen:Value id="UNIT_MEASURE" value="{unit}"/></gen:Attributes></gen:Group>\n'
        for series, (unit, _) in UNITS.items()
    )
    for area in AREAS:
        for series in SERIES:
            key = f'<gen:Value id="FREQ" value="A"/><gen:Value id="REF_AREA" value="{area}"/><gen:Value id="INDICATOR" value="{series}"/>'
            multiplier = (
                f'<gen:Attributes><gen:Value id="UNIT_MULT" value="{UNITS[series][1]}"/></gen:Attributes>'
            )
            body += f"<gen:Series><gen:SeriesKey>{key}</gen:SeriesKey>{multiplier}\n"
            for (a, s, year), (value, status) in cube.items():
                if (a, s) == (area, series):
                    body += (
                        f'<gen:Obs><gen:ObsDimension value="{year}"/><gen:ObsValue value="{value or "NaN"}"/>'
                        f'<gen:Attributes><gen:Value id="OBS_STATUS" value="{status}"/></gen:Attributes></gen:Obs>\n'
                    )
            body += "</gen:Series>\n"
    return _message("GenericData", body, action)


def specific(cube: dict = CUBE, action: str = "Replace") -> str:
    """SDMX-ML 2.1 structure-specific, flat: every observation states all; the frequency stands at the data set."""
    body = "".join(
        f'<Group INDICATOR="{s}" UNIT_MULT="{multiplier}"/>\n' for s, (_, multiplier) in UNITS.items()
    )
    body += "".join(
        f'<Obs REF_AREA="{area}" INDICATOR="{series}" TIME_PERIOD="{year}" {f"OBS_VALUE={value!r} " if value else ""}'
        f'UNIT_MEASURE="{UNITS[series][0]}" OBS_STATUS="{status}"/>\n'
        for (area, series, year), (value, status) in cube.items()
    )
    return _message("StructureSpecificData", body, action).replace("<mes:DataSet ", '<mes:DataSet FREQ="A" ')


def _dimensions() -> dict:
    def category(codes: tuple, **more: dict) -> dict:
        return {"category": {"index": {code: n for n, code in enumerate(codes)}, **more}}

    units = {
        series: {"label": unit, "multiplier": multiplier} for series, (unit, multiplier) in UNITS.items()
    }
    return {
        "FREQ": {"category": {"label": {"A": "Annual"}}},
        "REF_AREA": category(AREAS, label=AREA_NAMES),
        "INDICATOR": category(SERIES, unit=units),
        "TIME_PERIOD": {"category": {"index": list(YEARS)}},
    }


def _printed(document: dict) -> str:
    """JSON with the numbers as the cube prints them."""
    written = json.dumps(document)
    for value, _ in CUBE.values():
        written = written.replace(f'"#{value}"', value or "null")
    return written


ID, SIZE = list(_dimensions()), [1, 2, 2, 2]


def json_1() -> str:
    """JSON-stat 1: a bundle of one, dense, blanks as null."""
    values = [f"#{value}" for value, _ in CUBE.values()]
    dimension = {**_dimensions(), "id": ID, "size": SIZE}
    return _printed({"cube": {"updated": "2024-03-01", "dimension": dimension, "value": values,
                              "status": [status for _, status in CUBE.values()]}})  # fmt: skip


def json_2() -> str:
    """JSON-stat 2: one data set, sparse."""
    values = {str(n): f"#{value}" for n, (value, _) in enumerate(CUBE.values()) if value}
    return _printed({"version": "2.0", "class": "dataset", "updated": "2024-03-01T08:00:00Z", "id": ID, "size": SIZE,
                     "dimension": _dimensions(), "value": values,
                     "status": {str(n): status for n, (_, status) in enumerate(CUBE.values())}})  # fmt: skip


def px() -> str:
    """PC-Axis: area and series as rows, years as columns, a text over two lines, another language beside."""
    rows = "".join(
        " ".join(CUBE[area, series, year][0] or '".."' for year in YEARS) + " \n"
        for area in AREAS
        for series in SERIES
    )
    units = "".join(f'UNITS("Series {series}")="{PX_UNITS[series]}";\n' for series in SERIES)
    return (
        'CHARSET="ANSI";\nAXIS-VERSION="2013";\nLANGUAGE="en";\nLANGUAGES="en","sv";\nCREATION-DATE="20240201 09:00";\n'
        'MATRIX="CUBE";\nTITLE="A cube; of two "\n"areas";\nTITLE[sv]="En kub";\nCONTENTS="Cube";\n'
        'STUB="REF_AREA","INDICATOR";\nHEADING="TIME_PERIOD";\nCONTVARIABLE="INDICATOR";\n'
        'VALUES("REF_AREA")="China, People\'s "\n"Republic",\n"Fiji";\nCODES("REF_AREA")="CN","FJ";\n'
        'VALUES("INDICATOR")="Series GDP","Series POP";\nCODES("INDICATOR")="GDP","POP";\n'
        'VALUES("TIME_PERIOD")="year 2022","year 2023";\nTIMEVAL("TIME_PERIOD")=TLIST(A1),"2022","2023";\n'
        f'{units}LAST-UPDATED("Series GDP")="20240301 10:00";\nPRECISION("INDICATOR","Series GDP")=1;\nDATA=\n{rows};\n'
    )


ROLES = {"area": "REF_AREA", "area_scheme": "ISO2", "period": "TIME_PERIOD", "indicator": ["INDICATOR"]}
ANNUAL = {"slice": {"FREQ": ["A"]}}
SDMX = {**ROLES, **ANNUAL, "unit": "UNIT_MEASURE", "multiplier": "UNIT_MULT", "status": "OBS_STATUS",
        "status_scheme": "SDMX", "dataflow": [FLOW]}  # fmt: skip
JSON = {**ROLES, **ANNUAL, "unit": "INDICATOR.unit", "multiplier": "INDICATOR.multiplier", "status": "STATUS",
        "status_scheme": "SDMX"}  # fmt: skip
PX = {**ROLES, "unit": "UNITS", "status": "DATASYMBOL", "status_scheme": "PX"}

# Format: layout, options, ending of the name, content.
FILES: dict[str, tuple[str, Any, str, str]] = {
    "csv_1": ("sdmx_csv", SDMX, "csv", csv_1()),
    "csv_2": ("sdmx_csv", {**SDMX, "area_name": "Area", "ignored": ["Frequency"]}, "csv", csv_2()),
    "generic": ("sdmx_ml", SDMX, "xml", generic()),
    "specific": ("sdmx_ml", SDMX, "xml", specific()),
    "json_1": ("json_stat", JSON, "json", json_1()),
    "json_2": ("json_stat", JSON, "json", json_2()),
    "px": ("px", PX, "px", px()),
}


class Declared(sources.Source):
    """A source whose folder a test has written."""

    at: Path

    @property
    def folder(self) -> Path:
        return self.at


def source(name: str, folder: Path) -> Declared:
    """A source for one of the files, declared in a folder of its own."""
    layout, options, ending, _ = FILES[name]
    folder.mkdir(parents=True, exist_ok=True)
    columns = "printed_text,indicator_id,scope,unit_text,scale,obs_status,note\n"
    (folder / "columns.csv").write_text(columns + "GDP,gdp_usd,,,1,,\nPOP,population_midyear,,,1,,\n")
    (folder / "source.yml").write_text(name)
    return Declared(
        source_id=f"cube_{name}",
        title="Cube",
        publisher="Test",
        licence="none",
        cadence="never",
        layout=layout,  # type: ignore[arg-type]  # one of the names that are admitted
        raw_table="cell",
        encoding=["utf-8-sig", "cp1252"],
        file_pattern=rf"cube_{name}(?:_(?P<updated>\d{{4}}-\d{{2}}-\d{{2}}))?\.{ending}",
        vintage="{updated}",
        options=options,
        at=folder,
    )


WORLD_BANK = (
    '"Data Source","World Development Indicators",\r\n\r\n"Last Updated Date","2024-06-28",\r\n\r\n'
    '"Country Name","Country Code","Indicator Name","Indicator Code","2021","2022","2023",\r\n'
    '"China","CHN","GDP (current US$)","NY.GDP.MKTP.CD","17820459508852.2","17881783387000.9","",\r\n'
    '"World","WLD","GDP (current US$)","NY.GDP.MKTP.CD","97153188848143.4","101325676521205","",\r\n'
    '"Korea, Rep.","KOR","GDP (current US$)","NY.GDP.MKTP.CD","1818432106880.41","1673916511799.59","",\r\n'
)
DATABANK = (
    "\ufeff" + '"Country Name","Country Code","Series Name","Series Code","2022 [YR2022]","2023 [YR2023]"\n'
    '"China","CHN","GDP (current US$)","NY.GDP.MKTP.CD","17881783387000.9","17794783039552.5"\n'
    '"Fiji","FJI","GDP (current US$)","NY.GDP.MKTP.CD","..","5442046565.2"\n'
    '"","","","","",""\n"","","","","",""\n'
    '"Data from database: World Development Indicators","","","","",""\n'
    '"Last Updated: 06/28/2024","","","","",""\n'
)
WORLD_BANK_CELLS = [
    "Data Source|World Development Indicators|||||",
    "||||||",
    "Last Updated Date|2024-06-28|||||",
    "||||||",
    "Country Name|Country Code|Indicator Name|Indicator Code|2021|2022|2023",
    "China|CHN|GDP (current US$)|NY.GDP.MKTP.CD|17820459508852.2|17881783387000.9|",
    "World|WLD|GDP (current US$)|NY.GDP.MKTP.CD|97153188848143.4|101325676521205|",
    "Korea, Rep.|KOR|GDP (current US$)|NY.GDP.MKTP.CD|1818432106880.41|1673916511799.59|",
]
WORLD_BANK_WORDS = (
    '"Country Code","Region","IncomeGroup","SpecialNotes","TableName",\r\n'
    '"CHN","East Asia & Pacific","Upper middle income","a note\r\nof two lines","China",\r\n"WLD","","","","World",\r\n'
)
WORLD_BANK_ANSWER = (
    '[{"page":1,"pages":1,"per_page":50,"total":3,"sourceid":"2","lastupdated":"2024-06-28"},['
    + ",".join(
        f'{{"indicator":{{"id":"SP.POP.TOTL","value":"Population, total"}},"country":{{"id":"{two}","value":"{name}"}},'
        f'"countryiso3code":"{code}","date":"{year}","value":{value},"unit":"","obs_status":"","decimal":0}}'
        for two, code, name, year, value in (
            ("CN", "CHN", "China", "2023", "1410710000"),
            ("XD", "", "High income", "2023", "1.40E9"),
            ("CN", "CHN", "China", "2022", "null"),
        )
    )
    + "]]"
)
