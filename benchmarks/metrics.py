"""What uncertainty costs: an index of COINr's size, and all modes of many zones and years, a thousand times each.

Belongs here: generated figures of that size and the measurement, each part in a process of its own so that its
memory is its own. `python -m benchmarks.metrics`; `--replications 100` for a short run. COINr 1.1.14 cannot run beside
it here; it took 152 to 167 s for the index on two cores like these (measured with the cases in ../shared).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import polars as pl

from pipelines.metrics.composite import aggregation, treatment, uncertainty
from pipelines.metrics.fit import mode_fit, mode_uncertainty

LIMITS = (2.0, 3.5)
WINSORISE_POINTS = (1, 2, 3, 4, 5)
TARGETS = {"index": {"seconds": 1.5}, "modes": {"seconds": 10.0, "megabytes": 1024}}
PEER_SECONDS = {"index": (152, 167)}
PARAMETERS = {
    "methodology_version": "benchmark",
    "skewness_limit": 2.0,
    "kurtosis_limit": 3.5,
    "winsorise_points": 5,
    "score_floor": 0.01,
    "minimum_figures": 10,
    "weighting": "nominal",
    "goalposts": "fixed",
}
FIT_PARAMETERS = {
    "minimum_coverage": 0.6,
    "minimum_gate": 0.3,
    "minimum_zones": 20,
    "comparative_population": "gate_passing",
    "comparative_scale": "standardised",
    "is_zone_active": True,
}


def index(replications: int, units: int = 51, indicators: int = 49, seed: int = 1) -> np.ndarray:
    """Rank percentiles (3, units) of a four-level index over treatment, normalisation, mean and weights, as COINr's."""
    rng = np.random.default_rng(seed)
    raw = rng.lognormal(0, np.linspace(0.1, 2, indicators), (units, indicators))
    parents = [np.arange(indicators) % 8, np.arange(8) % 2, np.zeros(2, dtype=int)]
    variants = np.stack(
        [
            1 + 99 * np.column_stack([normalise(treatment.treat(x, *LIMITS, points)[0]) for x in raw.T])
            for points in WINSORISE_POINTS
            for normalise in (treatment.minmax, treatment.normal_score)
        ]
    )
    weights = [uncertainty.dirichlet(rng, np.full(k, 1 / k), 100, replications) for k in (indicators, 8, 2)]
    scores = uncertainty.replicate(
        variants,
        rng.integers(len(variants), size=replications),
        rng.integers(2, size=replications).astype(float),
        weights,
        parents,
    )
    return uncertainty.percentiles(aggregation.ranks(scores), [0.05, 0.5, 0.95])


def frame(
    zones: int, criteria: int, years: int, modes: int, *, missing: float = 0.15, seed: int = 1
) -> pl.DataFrame:
    """The frame of `mode_uncertainty` for generated figures, with the published scores, weights and reasons."""
    rng = np.random.default_rng(seed)
    shape = (modes, criteria + 1, years, zones)
    place = [axis.ravel() for axis in np.indices(shape)]
    values = rng.lognormal(0, 1, shape)
    values[:, 0] = rng.random((modes, years, zones))  # the gate
    gaps = rng.random(shape) < missing
    gaps[:, 0] = False
    size = rng.lognormal(25, 1, (2, zones))
    observed = pl.DataFrame(
        {
            "zone_code": [f"z{k:04}" for k in place[3]],
            "time_period": [f"{2000 + k}" for k in place[2]],
            "mode_id": [f"m{k}" for k in place[0]],
            "criterion_id": [f"c{k:02}" for k in place[1]],
            "role": np.where(place[1] == 0, "gate", "evidence"),
            "dimension": [f"d{k % 4}" for k in place[1]],
            "direction": np.where(place[1] % 5 == 4, -1, 1),
            "weight": 1.0 + place[1] % 3,
            "obs_value": values.ravel(),
            "gap": gaps.ravel(),
            "gdp": size[0][place[3]],
            "population": size[1][place[3]],
        }
    ).with_columns(
        obs_value=pl.when(~pl.col("gap")).then("obs_value"),
        observed_period=pl.when(~pl.col("gap")).then("time_period"),
        scale=pl.lit("value"),
        membership=pl.when(pl.col("role") == "gate").then(pl.lit("[[0, 0.1], [1, 1]]")),
        indicator_id=pl.col("criterion_id"),
        unit=pl.lit("1"),
        age_years=pl.lit(0),
        verification=pl.lit("seen"),
        is_unverified=pl.lit(False),
        has_unverified=pl.lit(False),
        **{name: pl.lit(value) for name, value in PARAMETERS.items()},
    )
    return with_published(observed)


def with_published(observed: pl.DataFrame) -> pl.DataFrame:
    """Observations with the published scores, weights, reasons and the parameters of the fit, as the warehouse joins them."""
    key = [*mode_fit.KEY, "criterion_id"]
    made = observed.join(
        mode_fit.criterion_score(observed).select(*key, "score", "nominal_weight"), on=key
    ).with_columns(**{name: pl.lit(value) for name, value in FIT_PARAMETERS.items()})
    reasons = mode_fit.fit(made).select(*mode_fit.KEY, "reason_code", "comparative_reason_code")
    return made.join(reasons, on=mode_fit.KEY)


def measure(part: str, replications: int) -> dict:
    """Seconds by the clock and of the processors, and peak megabytes, of one part in this process."""
    given = frame(200, 20, 20, 5) if part == "modes" else pl.DataFrame()
    before, processor = time.perf_counter(), time.process_time()
    if part == "index":
        index(replications)
    else:
        mode_uncertainty.intervals(given, replications, 100, 1)
    return {
        "seconds": round(time.perf_counter() - before, 2),
        "processor_seconds": round(time.process_time() - processor, 2),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> int:
    """Print what each part took beside its target; 1 when one misses it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--part", choices=TARGETS, help="this part only, in this process, as JSON")
    given = parser.parse_args()
    if given.part:
        print(json.dumps(measure(given.part, given.replications)))
        return 0
    missed = False
    for part, target in TARGETS.items():
        command = [sys.executable, "-m", "benchmarks.metrics", "--part", part]
        command += ["--replications", str(given.replications)]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        missed |= any(found[name] > most for name, most in target.items())
        peer = PEER_SECONDS.get(part)
        beside = f", COINr took {peer[0]} to {peer[1]} s" if peer else ""
        print(f"{part}: {found} (target {target}{beside})")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
