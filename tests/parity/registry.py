"""How a parity case is written, found, compared and listed; the cases themselves are in the other modules.

A case is a function without arguments, named by the metric and by the file that holds the peer's figures:

    @case("location_quotient", "econgeo", "out_german_16x17_lq.csv")
    def lq():
        return location_quotient(e), matrix("econgeo", "out_german_16x17_lq.csv")

It returns (ours, theirs), arrays of one shape, NaN where there is no figure. They must be equal to 1e-9 relative.
Three things may be declared besides, and the verdict then says so:
- decimals=2: the peer rounds to so many decimals (the file's name or the cases' README must say so);
- draws=999: both are pseudo p-values of so many random draws, which differ (five standard errors are allowed);
- peer_wrong="why": the figures must differ, and the function returns (ours, theirs, right) where `right` is worked
  out in another way than ours (by hand, from another file, from the textbook's other form of the formula).

Files lie in ../shared/cases and, the smaller ones, as copies under tests/metrics/fixtures in the same layout, so that
the same cases run without ../shared. A file that no case covers is explained by `not_covered`.
"""

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

SHARED = Path(__file__).parents[3] / "shared" / "cases"
FIXTURES = Path(__file__).parents[1] / "metrics" / "fixtures"
RELATIVE = 1e-9
STANDARD_ERRORS = 5


class CaseMissing(Exception):
    """The file is neither in ../shared/cases nor among the fixtures."""


@dataclass(frozen=True)
class Case:
    """One comparison; `function` gives (ours, theirs) or, where the peer is wrong, (ours, theirs, right)."""

    metric: str
    folder: str
    file: str
    function: Callable[[], tuple]
    peer_wrong: str | None
    decimals: int | None
    draws: int | None

    @property
    def name(self) -> str:
        return f"{self.metric}-{self.folder}/{self.file}"


@dataclass(frozen=True)
class Outcome:
    """difference: the largest one between ours and theirs; held: whether the case shows what it declares."""

    case: Case
    difference: float
    held: bool
    verdict: str


CASES: list[Case] = []
EXPLAINED: list[tuple[str, str, str]] = []


def case(metric, folder, file, peer_wrong=None, *, decimals=None, draws=None):
    """Decorator: register the function as a case. ValueError for a second case of the same name."""

    def register(function):
        new = Case(metric, folder, file, function, peer_wrong, decimals, draws)
        if any(known.name == new.name for known in CASES):
            raise ValueError(f"parity case {new.name} is registered twice")
        CASES.append(new)
        return function

    return register


def not_covered(folder: str, pattern: str, why: str) -> None:
    """Say why no case covers the files of `folder` whose names match `pattern` (both with * as in a shell)."""
    EXPLAINED.append((folder, pattern, why))


def path(folder: str, file: str) -> Path:
    """Where a file of the cases lies; CaseMissing when ../shared is absent and it is not a fixture."""
    for root in (SHARED, FIXTURES):
        if (root / folder / file).is_file():
            return root / folder / file
    raise CaseMissing(f"{folder}/{file}")


def table(folder: str, file: str) -> pl.DataFrame:
    """A file of the cases as a frame; NA, NaN and Inf as R and Python write them are numbers or null."""
    return pl.read_csv(path(folder, file), null_values=["NA"], infer_schema_length=None)


def matrix(folder: str, file: str) -> np.ndarray:
    """A file with row names in its first column and numbers in the others, NA as NaN."""
    return table(folder, file)[:, 1:].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def column(folder: str, file: str, name: str = "value") -> np.ndarray:
    """One column of numbers, NA as NaN."""
    return table(folder, file)[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def run(one: Case) -> Outcome:
    """Compare; CaseMissing where the files are not there."""
    ours, theirs, *right = (np.asarray(array, dtype=np.float64) for array in one.function())
    if ours.shape != theirs.shape:
        return Outcome(one, np.inf, False, f"shapes differ: {ours.shape} and {theirs.shape}")
    if one.peer_wrong:
        difference = relative_difference(ours, theirs)
        held = difference > RELATIVE and relative_difference(ours, right[0]) <= RELATIVE
        return Outcome(one, difference, held, f"peer wrong: {one.peer_wrong}")
    if one.decimals is not None:
        difference = largest(np.abs(ours - theirs), ours, theirs)
        held = difference <= 0.5 * 10.0**-one.decimals + RELATIVE
        return Outcome(one, difference, held, f"equal up to the peer's rounding ({one.decimals} decimals)")
    if one.draws is not None:
        difference = largest(np.abs(ours - theirs), ours, theirs)
        return Outcome(
            one, difference, _same_probability(ours, theirs, one.draws), "equal up to random draws"
        )
    difference = relative_difference(ours, theirs)
    held = difference <= RELATIVE
    return Outcome(one, difference, held, "equal" if held else "DIFFERENT")


def relative_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest |ours - theirs| / |theirs|; figures below a millionth of the largest are measured against that."""
    size = np.abs(theirs[np.isfinite(theirs)])
    floor = 1e-6 * size.max(initial=0) or 1.0
    with np.errstate(invalid="ignore"):  # infinite figures are compared in `largest`
        return largest(np.abs(ours - theirs) / np.maximum(np.abs(theirs), floor), ours, theirs)


def largest(difference: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference; infinite where only one side is NaN or infinite, 0 where both are alike."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    alike = (np.isnan(ours) & np.isnan(theirs)) | (ours == theirs)
    return float(np.where(both, difference, np.where(alike, 0.0, np.inf)).max(initial=0.0))


def _same_probability(ours: np.ndarray, theirs: np.ndarray, draws: int) -> bool:
    middle = (ours + theirs) / 2
    error = np.sqrt(2 * middle * (1 - middle) / draws)
    return bool((np.abs(ours - theirs) <= STANDARD_ERRORS * error + 2 / (draws + 1)).all())


def files_not_covered() -> list[tuple[str, str | None]]:
    """Each file of ../shared/cases that no case names, with the reason, or None where there is none."""
    covered = {f"{one.folder}/{one.file}" for one in CASES}
    files = sorted(str(file.relative_to(SHARED)) for file in SHARED.rglob("*.csv"))
    return [(file, _why(file)) for file in files if file not in covered]


def _why(file: str) -> str | None:
    folder, name = file.split("/", 1)
    reasons = [
        why
        for of, pattern, why in EXPLAINED
        if fnmatch.fnmatchcase(folder, of) and fnmatch.fnmatchcase(name, pattern)
    ]
    return reasons[0] if reasons else None


not_covered("*", "in_*", "input of the cases")
not_covered("inputs", "*", "input of the cases")
not_covered("coinr", "?a_in_*", "input of the cases")
