"""Coupling coordination of subsystems, such as industry, logistics, finance and talent of a zone.

Functions of subsystem scores belong here. The caller decides which indicators make a subsystem and how they
are brought to the range 0 to 1. Reports give the degrees of coordination their names.

In every function, `u` has shape (units, subsystems) with at least two subsystems. Scores lie between 0 and 1;
NaN is a score that is not known. Anything else raises ValueError. `weights` (subsystems,) must not be
negative; they are divided by their sum. Without weights, every subsystem counts the same. A figure that
cannot be computed is NaN with a code of REASONS.
"""

from typing import NamedTuple

import numpy as np

REASONS = {
    "subsystem_missing": "At least one subsystem has no score; coupling of the others would be another measure.",
    "all_subsystems_zero": "All subsystems are zero: there is nothing that could be coupled.",
    "no_obstacle": "All subsystems have the full score: nothing holds the unit back.",
}
FORMS = ("standard", "wang2021")


class Coupling(NamedTuple):
    """Arrays (units,): coupling C, development T, coordination D, each from 0 to 1, and a reason code or
    None.

    Where all subsystems are zero, T is 0 while C and D are NaN.
    """

    c: np.ndarray
    t: np.ndarray
    d: np.ndarray
    reason: np.ndarray


class Obstacle(NamedTuple):
    """degree: (units, subsystems), each row sums to 1. reason: (units,), a reason code or None."""

    degree: np.ndarray
    reason: np.ndarray


def coupling_coordination(
    u: np.ndarray, weights: np.ndarray | None = None, form: str = "standard"
) -> Coupling:
    """Coupling degree C, development T = sum w U and coordination D = sqrt(C T) of each unit.

    Args:
        u, weights: as the module describes them.
        form: 'standard': C = n (prod U)^(1/n) / sum U, the geometric mean over the arithmetic mean; 1 when
            all subsystems are equal. Source: Cong (2019), Economic Geography 39(4), who lists the wrong forms
            in use (a lost n, a lost root).
            'wang2021': C = sqrt[(1 - mean of |U_i - U_j| over pairs) (prod U / max U)^(1/(n-1))], which
            spreads over the whole range 0 to 1. Source: Wang, Kong, Ren, Dai (2021), J. Natural Resources
            36(3).

    Returns:
        Figures, or NaN with the reason 'subsystem_missing' or 'all_subsystems_zero'.

    Raises:
        ValueError: A score lies outside 0 to 1, the form is unknown, or the weights do not fit.

    >>> coupling_coordination(np.array([[0.5, 0.5]])).c.tolist()
    [1.0]
    """
    u, w = _checked(u, weights)
    if form not in FORMS:
        raise ValueError(f"coupling_coordination: form is {form!r}, expected one of {FORMS}")
    missing, zero = np.isnan(u).any(axis=1), ~u.any(axis=1)
    c = np.full(len(u), np.nan)
    some = ~(missing | zero)
    c[some] = _standard(u[some]) if form == "standard" else _wang2021(u[some])
    t = np.minimum(u @ w, 1)  # full scores may round above 1
    reason = np.select([missing, zero], ["subsystem_missing", "all_subsystems_zero"], default="").astype(
        object
    )
    reason[some] = None
    return Coupling(c, t, np.sqrt(c * t), reason)


def obstacle_degree(u: np.ndarray, weights: np.ndarray | None = None) -> Obstacle:
    """Share of each subsystem in what the unit lacks, w_j (1 - u_ij) / sum over j.

    The subsystem with the largest share holds the unit back most. NaN has the reason 'subsystem_missing', or
    'no_obstacle' where all scores are full. The same inputs raise ValueError as in `coupling_coordination`.
    Source: the obstacle degree model of Chinese evaluation studies, in the form of the R package mathmodels.
    """
    u, w = _checked(u, weights)
    lack = w * (1 - u)
    total = lack.sum(axis=1)
    missing, full = np.isnan(total), total == 0
    some = ~(missing | full)
    degree = np.full(u.shape, np.nan)
    degree[some] = lack[some] / total[some, None]
    reason = np.select([missing, full], ["subsystem_missing", "no_obstacle"], default="").astype(object)
    reason[some] = None
    return Obstacle(degree, reason)


def _checked(u: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores as float64, and weights that sum to 1."""
    u = np.asarray(u, dtype=np.float64)
    if u.ndim != 2 or u.shape[1] < 2:
        raise ValueError(f"subsystem scores: found shape {u.shape}, expected (units, at least 2 subsystems)")
    outside = np.argwhere((u < 0) | (u > 1))
    if len(outside):
        row, column = outside[0]
        raise ValueError(
            f"subsystem scores: row {row}, column {column} holds {u[row, column]}, expected 0 to 1"
        )
    w = np.ones(u.shape[1]) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != u.shape[1:] or not (np.isfinite(w) & (w >= 0)).all() or not w.any():
        raise ValueError(f"weights: found {w}, expected {u.shape[1]} that are not negative and not all zero")
    return u, w / w.sum()


def _standard(u: np.ndarray) -> np.ndarray:
    largest = u.max(axis=1, keepdims=True)  # dividing by it keeps the product of small scores above 0
    geometric = np.prod((u / largest) ** (1 / u.shape[1]), axis=1)
    return np.minimum(geometric / (u / largest).mean(axis=1), 1)  # equal scores may round above 1


def _wang2021(u: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(u.shape[1], k=1)
    gap = np.abs(u[:, first] - u[:, second]).mean(axis=1)
    shares = np.prod(u / u.max(axis=1, keepdims=True), axis=1)
    return np.sqrt((1 - gap) * shares ** (1 / (u.shape[1] - 1)))
