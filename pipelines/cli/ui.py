"""`zonescope ui`: the web interface of Dagster on this machine."""

from __future__ import annotations

from typing import Annotated

import typer


def ui(port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000) -> None:
    """Dagster's web interface with schedules and inbox sensor, for this machine's own browser only."""
    from pipelines.ui import serve  # noqa: PLC0415 - Dagster takes seconds to import

    serve.serve(port)
