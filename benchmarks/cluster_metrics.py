"""What the cluster metrics cost: LQ, HHI, Krugman, relatedness density and ECI/PCI on whole panels, LISA beside esda.

Belongs here: generated panels, the measurement, the targets. `python -m benchmarks.cluster_metrics` prints one line a
case; `--peer PYTHON` names an interpreter that has esda and numba, which then runs beside ours on the same places.
Without it the time stands beside the peer's figure noted below.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pipelines.metrics.clusters import complexity, spatial, specialisation

# zones, industries, years, most seconds. The ecomplexity package took 174 s for one year of the first (noted
# 2026-11-23 on two such cores).
PANELS = ((200, 5000, 20, 20.0), (2000, 200, 20, 5.0))
ECOMPLEXITY_SECONDS_A_YEAR = 174.0
PLACES, NEIGHBOURS, PERMUTATIONS, REPEATS = 3000, 8, 999, 5
MOST_TIMES_ESDA = 3.0
ESDA_NOTED_SECONDS = 0.25  # esda 2.9.0 with numba 0.68, one job, warm, measured 2026-11-29 beside ours

PEER = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import esda, libpysal, numpy
given = numpy.load(sys.argv[1])
near = {place: [int(other) for other in row] for place, row in enumerate(given["neighbours"])}
weights = libpysal.weights.W(near, silence_warnings=True)
weights.transform = "r"
seconds = []
for _ in range(int(sys.argv[2]) + 1):
    start = time.perf_counter()
    local = esda.Moran_Local(given["values"], weights, permutations=int(sys.argv[3]), seed=1, n_jobs=1)
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": sorted(seconds[1:])[len(seconds) // 2 - 1], "figures": local.Is.tolist()}))
"""


def panel(zones: int, industries: int, years: int, seed: int = 1) -> list[np.ndarray]:
    """Employment matrices (zones, industries) of each year, skewed and with many empty cells, as real ones are."""
    rng = np.random.default_rng(seed)
    size, spread = rng.lognormal(0, 1, (zones, 1)), rng.lognormal(0, 1, industries)
    return [
        np.floor(
            rng.lognormal(1, 2, (zones, industries)) * size * spread * (rng.random((zones, industries)) < 0.6)
        )
        for _ in range(years)
    ]


def metrics_of(e: np.ndarray) -> complexity.Complexity:
    """Everything that the target names, for one year."""
    specialisation.location_quotient(e)
    specialisation.herfindahl_regions(e)
    specialisation.herfindahl_industries(e)
    specialisation.krugman_specialisation(e)
    advantage = complexity.revealed_advantage(e)
    complexity.relatedness_density(advantage)
    return complexity.eci_pci(advantage)


def seconds_of_panel(zones: int, industries: int, years: int) -> tuple[float, float]:
    """Seconds for all years by the clock and of the processors; the generation of the panel is not counted."""
    matrices = panel(zones, industries, years)
    start, used = time.perf_counter(), time.process_time()
    for e in matrices:
        metrics_of(e)
    return time.perf_counter() - start, time.process_time() - used


def places(count: int, seed: int = 1) -> dict:
    """Codes, weights and autocorrelated values of `count` places."""
    rng = np.random.default_rng(seed)
    codes = [f"{place:06d}" for place in range(count)]
    latitude, longitude = rng.uniform(20, 50, count), rng.uniform(75, 130, count)
    weights = spatial.knn_weights(codes, latitude, longitude, NEIGHBOURS)
    return {
        "codes": codes,
        "weights": weights,
        "values": rng.normal(size=count) + 2 * (weights @ rng.normal(size=count)),
    }


def local_moran_seconds(given: dict) -> tuple[float, np.ndarray]:
    """Median seconds of REPEATS runs, each with draws of its own seed, and the figures."""
    seconds = []
    for seed in range(REPEATS):
        start = time.perf_counter()
        figures = spatial.local_moran(**given, permutations=PERMUTATIONS, seed=seed).i
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), figures


def peer_seconds(python: str, given: dict, figures: np.ndarray) -> float:
    """Median warm seconds of esda under the interpreter `python`; ValueError when its figures are not ours."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "places.npz"
        near = given["weights"].indices.reshape(len(given["values"]), NEIGHBOURS)
        np.savez(file, values=given["values"], neighbours=near)
        command = [python, "-c", PEER, str(file), str(REPEATS), str(PERMUTATIONS)]
        answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if not np.allclose(answer["figures"], figures, rtol=1e-9):
        raise ValueError("local Moran: esda's figures are not ours; the two do not measure the same")
    return float(answer["seconds"])


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="Python interpreter with esda and numba")
    peer = parser.parse_args(arguments).peer
    missed = 0
    for zones, industries, years, most in PANELS:
        seconds, used = seconds_of_panel(zones, industries, years)
        missed += seconds > most
        print(
            f"LQ, HHI, Krugman, density, ECI/PCI, {zones:,} x {industries:,} x {years} years: {seconds:.2f} s "
            f"(at most {most:g}), {used:.2f} s of processors"
        )
    print(f"  ecomplexity: {ECOMPLEXITY_SECONDS_A_YEAR:g} s for one year of the first (noted)")
    given = places(PLACES)
    seconds, figures = local_moran_seconds(given)
    theirs = peer_seconds(peer, given, figures) if peer else ESDA_NOTED_SECONDS
    missed += seconds > MOST_TIMES_ESDA * theirs
    how = "in this run" if peer else "noted"
    print(
        f"LISA, {PLACES:,} places, {PERMUTATIONS} permutations: {seconds:.4f} s; esda, warm: {theirs:.4f} s ({how}); "
        f"ratio {seconds / theirs:.2f} (at most {MOST_TIMES_ESDA:g})"
    )
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
