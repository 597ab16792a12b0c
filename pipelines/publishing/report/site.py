"""The static report as files: `build` is the only entry point.

Here belongs: rendering and writing. Not here: what a page shows (overview, zone, quality) or how it looks
(templates/, static/). The same warehouse gives the same bytes; no page asks anything of the network.
"""

import json
import re
import shutil
from collections import defaultdict
from pathlib import Path

import duckdb
import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.database import lineage
from pipelines.declarations import tables as declared_tables
from pipelines.declarations.files import NOT_PUBLISHED, SCHEMAS
from pipelines.declarations.groups import groups
from pipelines.publishing.report import charts, formatting, overview, quality, tables, zone

HERE = Path(__file__).parent
_SAFE_CODE = re.compile(r"[A-Za-z0-9_-]+")


def build(con: duckdb.DuckDBPyConnection, out_dir: Path, generation: dict) -> list[Path]:
    """Write the report of a published warehouse into `out_dir` (best a fresh folder) and return its files.

    `generation`: generation_id, built_for, methodology_version, program, printed at the foot of every page.
    Raises ValueError for a zone code that cannot be a file name and for a figure that is not finite.
    """
    frames = tables.read(con)
    check_codes(frames["zone_profile"]["zone_code"].to_list())
    modes = frames["mode"].to_dicts()
    styles = charts.styles([mode["mode_id"] for mode in modes])
    env = environment()
    env.globals.update(
        generation=generation, styles=styles, mode_names={mode["mode_id"]: mode for mode in modes}
    )
    pages = {
        "index.html": env.get_template("index.html").render(root="", **overview.view(frames, styles)),
        "method.html": env.get_template("method.html").render(root="", **method_view(frames)),
        "dictionary.html": env.get_template("dictionary.html").render(root="", **dictionary_view(frames)),
        "quality.html": env.get_template("quality.html").render(root="", **quality.view(frames)),
        **zone_pages(env, frames),
    }
    return [*copy_static(out_dir), *(_write(out_dir / name, text) for name, text in sorted(pages.items()))]


def check_codes(codes: list[str]) -> None:
    """Refuse a zone code that cannot be a file name and a link."""
    for code in codes:
        if not _SAFE_CODE.fullmatch(code):
            raise ValueError(
                f"mart.zone_profile: found zone_code {code!r}, expected letters, digits, - and _"
            )


def environment() -> Environment:
    """Template environment with escaping.

    A name in a template that does not exist is an error, not an empty place.
    """
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        score=formatting.score,
        signed=formatting.signed,
        share=formatting.share,
        whole=formatting.whole,
        quantity=formatting.quantity,
        in_words=formatting.in_words,
        linked=formatting.linked,
        status=formatting.status_mark,
    )
    env.globals.update(charts=charts, absent=formatting.ABSENT)
    return env


def zone_pages(env: Environment, frames: dict[str, pl.DataFrame]) -> dict[str, str]:
    """File name -> page, one a zone."""
    template, by_zone, pages = env.get_template("zone.html"), zone.index(frames), {}
    for profile in frames["zone_profile"].iter_rows(named=True):
        shown = zone.view(profile, by_zone)
        pages[f"zone/{profile['zone_code']}.html"] = template.render(root="../", **shown)
    return pages


def method_view(frames: dict[str, pl.DataFrame]) -> dict:
    """What method.html prints; the cities a mode names are published as a JSON list of zone codes."""
    modes = frames["mode"].to_dicts()
    return {
        "modes": [{**mode, "stated_zones": json.loads(mode["stated_zones"] or "[]")} for mode in modes],
        "zones": {row["zone_code"]: row for row in frames["zone_profile"].iter_rows(named=True)},
        "limits": frames["methodology"].row(0, named=True),
        "criteria": tables.grouped(frames["mode_criterion"], "mode_id"),
        "codes": quality.reason_codes(frames),
    }


def dictionary_view(frames: dict[str, pl.DataFrame]) -> dict:
    """What dictionary.html prints: the contracts by group, and the published lists of schemas and terms."""
    declared = declared_tables.tables() | declared_tables.macros()
    schemas = {row["schema_name"]: row for row in frames["warehouse_schema"].iter_rows(named=True)}
    terms: dict[str, list[str]] = defaultdict(list)
    for row in frames["glossary"].iter_rows(named=True):
        terms[row["stands_in"]].append(row["term_zh"])
    return {
        "groups": groups(),
        "work": [t for t in declared.values() if t.schema_name == NOT_PUBLISHED],
        "macros": [t for t in declared.values() if t.arguments],
        "upstream": {name: lineage.upstream(name) for name in declared},
        "terms": terms,
        "schemas": [schemas[name] for name in SCHEMAS],
        "glossary": frames["glossary"].to_dicts(),
    }


def copy_static(out_dir: Path) -> list[Path]:
    target = out_dir / "static"
    target.mkdir(parents=True, exist_ok=True)
    sources = sorted((HERE / "static").iterdir())
    return [Path(shutil.copyfile(source, target / source.name)) for source in sources]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
