"""The declared development modes and versions of the method: warehouse/modes and warehouse/methodology.

The typed form and the lists of both belong here. The computation of a fit belongs to metrics.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from pipelines.declarations import files
from pipelines.declarations.files import DeclarationError, Declared, checked, load


class Criterion(Declared):
    """One criterion of a mode: an indicator with its direction, weight and role, and the paper's reason
    for it.
    """

    criterion_id: str = Field(pattern=files.NAME)
    label: str
    role: Literal["gate", "evidence"]
    dimension: str = "gate"
    indicator_id: str
    direction: Literal[1, -1] = 1
    weight: float = Field(default=1.0, gt=0)
    max_age_years: int = Field(default=3, ge=0)
    allows_unverified: bool = False
    scale: Literal["value", "percentile"] = "value"
    membership: list[tuple[float, float]] | None = Field(default=None, min_length=1)
    argument: str
    citation: str

    @model_validator(mode="after")
    def _gate_has_membership(self) -> Criterion:
        if (self.role == "gate") != (self.membership is not None):
            raise ValueError("a gate needs `membership` points, evidence must have none")
        if self.membership and not all(0 <= m <= 1 for _, m in self.membership):
            raise ValueError("membership values must lie in [0, 1]")
        return self


class Mode(Declared):
    """One development mode, declared in warehouse/modes/<mode_id>.yml."""

    mode_id: str = Field(pattern=files.NAME)
    name_en: str
    name_zh: str
    summary: str
    prerequisites: str
    limitations: str
    stated_zones: list[str]
    not_available: list[str] = []
    citation: str
    criteria: list[Criterion] = Field(min_length=1)


class Methodology(Declared):
    """One version of the method, declared in warehouse/methodology/<version>.yml.

    A version that is `based_on` another version takes over every field that it does not state itself.
    `without` lists criteria that this version leaves out. `changed` lists fields of criteria (weight,
    direction ...) that it replaces.
    """

    methodology_version: str
    description: str
    is_default: bool = False
    based_on: str | None = None
    first_period: int
    last_period: int
    minimum_coverage: float = Field(ge=0, le=1)
    minimum_gate: float = Field(ge=0, le=1)
    skewness_limit: float = Field(gt=0)
    kurtosis_limit: float = Field(gt=0)
    winsorise_points: int = Field(ge=0)
    score_floor: float = Field(ge=0, lt=1)
    minimum_figures: int = Field(ge=2)
    minimum_zones: int = Field(ge=4)
    size_max_age_years: int = Field(ge=0)
    peer_minimum: int = Field(ge=1)
    weighting: Literal["nominal", "equal", "entropy", "critic", "pca"]
    goalposts: Literal["fixed", "per_year"]
    comparative_population: Literal["all", "gate_passing"]
    comparative_scale: Literal["raw", "standardised"]
    without: dict[str, list[str]] = {}
    changed: dict[str, dict[str, dict[str, Any]]] = {}

    def criteria(self, mode: Mode) -> list[Criterion]:
        """Criteria of the mode in this version.

        Raises DeclarationError for a criterion that the mode does not have.
        """
        left_out, changed = self.without.get(mode.mode_id, []), self.changed.get(mode.mode_id, {})
        known = {c.criterion_id for c in mode.criteria}
        if unknown := sorted({*left_out, *changed} - known):
            raise DeclarationError(
                f"warehouse/methodology/{self.methodology_version}.yml: found {mode.mode_id} criteria {unknown}, "
                f"expected some of {sorted(known)}"
            )
        return [
            checked(
                f"warehouse/methodology/{self.methodology_version}.yml, changed, {mode.mode_id}, {c.criterion_id}",
                Criterion,
                {**c.model_dump(), **changed.get(c.criterion_id, {})},
            )
            for c in mode.criteria
            if c.criterion_id not in left_out
        ]


@cache
def modes() -> dict[str, Mode]:
    """The declared development modes, by id."""
    paths = sorted((files.ROOT / "warehouse" / "modes").glob("*.yml"))
    return {p.stem: load(p, Mode) for p in paths}


@cache
def methodologies() -> dict[str, Methodology]:
    """The declared versions of the method, by name.

    Raises DeclarationError unless exactly one is the default.
    """
    folder = files.ROOT / "warehouse" / "methodology"
    versions = {path.stem: _methodology(folder, path.stem, ()) for path in sorted(folder.glob("*.yml"))}
    defaults = [name for name, version in versions.items() if version.is_default]
    if len(defaults) != 1:
        raise DeclarationError(f"warehouse/methodology: found the defaults {defaults}, expected exactly one")
    return versions


def _methodology(folder: Path, version: str, heirs: tuple[str, ...]) -> Methodology:
    """A version, completed with the fields of the version on which it is based."""
    path = folder / f"{version}.yml"
    if version in heirs or not path.exists():
        raise DeclarationError(
            f"warehouse/methodology/{heirs[-1]}.yml: found based_on {version!r}, expected another version's file name"
        )
    base = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("based_on")
    taken = _methodology(folder, base, (*heirs, version)).model_dump() if base else {}
    made: Methodology = load(path, Methodology, {**taken, "is_default": False}, methodology_version=version)
    return made
