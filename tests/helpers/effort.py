"""How much a test tries, and what it may cost: examples of a property, processor time instead of time on the wall."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings

# `make test-all` sets the profile; ZONESCOPE_FUZZ multiplies its examples for a long search by hand.
IS_LONG = os.environ.get("HYPOTHESIS_PROFILE", "house") == "long"
FACTOR = int(os.environ.get("ZONESCOPE_FUZZ", "1"))
TRIED_BY_DEFAULT = 100
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def number_of(examples: int) -> int:
    """How many examples are tried: all of them in the long proofs, otherwise a tenth, five at least."""
    return examples * FACTOR if IS_LONG else max(5, examples // 10)


def examples(number: int = TRIED_BY_DEFAULT) -> settings:
    """Settings of a property that tries so many examples in the long proofs; no example has a deadline."""
    return settings(max_examples=number_of(number), deadline=None, suppress_health_check=CHECKS)


@contextmanager
def cpu_below(seconds: float) -> Iterator[None]:
    """The block takes less processor time than this, with the processes that it starts; a busy machine changes nothing."""
    before = _cpu_seconds()
    try:
        yield
    finally:
        spent = _cpu_seconds() - before
        assert spent < seconds, f"found {spent:.1f} s of processor time, expected less than {seconds} s"


def _cpu_seconds() -> float:
    """Processor time of this process, and of its children that have ended."""
    return sum(os.times()[:4])
