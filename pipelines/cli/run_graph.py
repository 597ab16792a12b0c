"""One run of the whole graph in this process, with a progress display.

Belongs here: running the `refresh` job outside the UI and showing what happens. Does not belong here: the graph.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from pipelines.declarations.files import ROOT
from pipelines.definitions import definitions, policy


class _Handler(logging.Handler):
    """Turn Dagster's events into progress, and print warnings, failures and broken promises."""

    def __init__(self, bar: Progress, task: TaskID, console: Console) -> None:
        super().__init__()
        self.bar, self.task, self.console = bar, task, console

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event is None:
            # our own warnings; an error of Dagster without an event only lists steps that were skipped
            if record.levelno == logging.WARNING:
                message = getattr(record, "dagster_meta", {}).get("orig_message", record.getMessage())
                self.console.print(Text(message, "yellow"))
        elif event.is_step_start:
            self.bar.update(self.task, description=event.step_key)
        elif event.is_step_success or event.is_step_failure or event.is_step_skipped:
            self.bar.advance(self.task)
            if event.is_step_failure:
                self._failure(event.step_key, event.step_failure_data.error)
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            self._check(event.asset_check_evaluation_data)

    def _failure(self, step: str, error: Any) -> None:
        root = error
        while root.cause is not None:
            root = root.cause
        if root.cls_name == DagsterAssetCheckFailedError.__name__:
            message = f"stopped: {step}: what is made from it is not made, and nothing new is published"
            self.console.print(Text(message, "red"), soft_wrap=True)
            return
        self.console.print(Text(f"failed: {step} ", "red").append(root.message.strip()), soft_wrap=True)

    def _check(self, evaluation: dg.AssetCheckEvaluation) -> None:
        if not evaluation.passed:
            colour = "red" if evaluation.severity == dg.AssetCheckSeverity.ERROR else "yellow"
            kind = "broken promise" if colour == "red" else "doubt"
            table = ".".join(evaluation.asset_key.path)
            for line in (evaluation.description or "").splitlines():
                self.console.print(Text(f"{kind}: {table}: ", colour).append(line), soft_wrap=True)


def run(console: Console) -> str | None:
    """Run the whole graph once.

    Returns:
        The generation that the run published, or None if the run failed.
    """
    columns = (TextColumn("{task.description:44.44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # dagster.yaml names its state folder relative to the project
    with contextlib.chdir(ROOT), Progress(*columns, console=console) as bar:
        handler = _Handler(bar, bar.add_task("starting", total=None), console)
        watched = dg.Definitions.merge(
            definitions(policy), dg.Definitions(loggers={"progress": _logger(handler)})
        )
        job = watched.resolve_job_def("refresh")
        bar.update(handler.task, total=len(job.graph.nodes))
        instance = dg.DagsterInstance.get()
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"loggers": {"progress": {}}}
        )
    if not result.success:
        return None
    made = result.asset_materializations_for_node("published__generation")[0]
    return str(made.metadata["generation"].value)


def _logger(handler: logging.Handler) -> dg.LoggerDefinition:
    @dg.logger
    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("zonescope", logging.DEBUG)
        logger.addHandler(handler)
        return logger

    return progress
