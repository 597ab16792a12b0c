"""Start and end code server, daemon and guarded web server together.

This module does the same as `dg dev`, with Dagster's own parts and one difference: the web server runs in this process,
behind the guard. `dg dev` starts the web server as a program of its own, so no guard can stand in front of it.

Belongs here: what is started, in which order, and how it ends. Does not belong here: which requests pass (`guard`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import dagster as dg
import uvicorn
import yaml
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PyProjectFileTarget, WorkspaceFileTarget
from dagster._utils import is_port_in_use
from dagster._utils.log import configure_loggers
from dagster_shared.ipc import interrupt_then_kill_ipc_subprocess, open_ipc_subprocess, send_interrupt
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.applications import Starlette

from pipelines.declarations.files import ROOT
from pipelines.ui.guard import guard

HOST = "127.0.0.1"
LIVE_DATA_MILLISECONDS = 2000  # as `dg dev`
SECONDS_TO_END = 30

Lifespan = Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]


def serve(port: int) -> None:
    """Run the interface until Ctrl-C, SIGTERM or the end of the terminal. Code server and daemon end with it.

    Args:
        port: The port of the interface, on loopback only.

    Raises:
        OSError: Another program uses the port.
        ChildProcessError: The daemon ended by itself, so schedules and sensors stopped.
    """
    _must_be_free(port)
    # as `dg dev` does: show errors of code that does not load in short form
    os.environ |= {"DAGSTER_IS_DEV_CLI": "1", "DAGSTER_verbose": ""}
    configure_loggers()
    _take_signals_as_ctrl_c()
    # dagster.yaml names its state folder relative to the project
    with contextlib.suppress(KeyboardInterrupt), contextlib.chdir(ROOT), dg.DagsterInstance.get() as instance:
        with (
            _code_server(instance) as workspace,
            _daemon(workspace) as daemon,
            WorkspaceProcessContext(
                instance, WorkspaceFileTarget([str(workspace)]), version=dg.__version__
            ) as context,
        ):
            _listen(guarded_app(context, port, _ends_with(daemon)), port)
            ended = daemon.poll()
        if ended is not None:
            raise ChildProcessError(
                f"the daemon ended by itself with code {ended}, expected it to run as long as the interface; "
                "its messages stand above; start again with: zonescope ui"
            )


def guarded_app(context: WorkspaceProcessContext, port: int, lifespan: Lifespan | None = None) -> Starlette:
    """Dagster's web application behind the guard.

    Args:
        context: What the application shows.
        port: The port that it is to listen on.
        lifespan: What runs beside it.
    """
    app = create_app_from_workspace_process_context(
        context, live_data_poll_rate=LIVE_DATA_MILLISECONDS, lifespan=lifespan
    )
    app.add_middleware(guard, port=port)  # the last one added runs first
    return app


def _listen(app: Starlette, port: int) -> None:
    logging.getLogger("dagster").info("The interface is on http://%s:%s; Ctrl-C ends it.", HOST, port)
    uvicorn.run(
        app,
        host=HOST,
        port=port,
        log_level="warning",
        proxy_headers=False,  # no proxy stands before this server, so its headers do not count
        timeout_graceful_shutdown=5,  # an open page must not keep the program from ending
    )


def _must_be_free(port: int) -> None:
    if is_port_in_use(HOST, port):
        raise OSError(
            f"port {port} of {HOST}: found another program that uses this port, expected none; "
            f"end that program or choose another port: zonescope ui --port {port + 1}"
        )


def _take_signals_as_ctrl_c() -> None:
    """End in the same way for every signal, because the child processes must end first."""
    # a program that a script starts in the background ignores SIGINT by default
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # `nohup` asks to outlive the terminal
        signal.signal(signal.SIGHUP, signal.default_int_handler)


@contextlib.contextmanager
def _code_server(instance: dg.DagsterInstance) -> Iterator[Path]:
    """Start the process that loads our definitions. Give the file that names its address to web server and daemon."""
    target = PyProjectFileTarget(str(ROOT / "pyproject.toml"))
    with (
        tempfile.TemporaryDirectory() as folder,
        ProxyServerManager(instance, target, code_server_log_level="warning") as servers,
    ):
        workspace = Path(folder) / "workspace.yaml"
        workspace.write_text(yaml.safe_dump({"load_from": servers.get_code_server_specs()}), encoding="utf-8")
        yield workspace


@contextlib.contextmanager
def _daemon(workspace: Path) -> Iterator[subprocess.Popen]:
    """Start the process of schedules and sensors, and end it at the end."""
    command = [sys.executable, "-m", "dagster._daemon", "run", "--workspace", str(workspace)]
    # The daemon has a session of its own, so Ctrl-C reaches this process only, and this process ends the daemon.
    daemon = open_ipc_subprocess(command, start_new_session=True)
    try:
        yield daemon
    finally:
        interrupt_then_kill_ipc_subprocess(daemon, wait_time=SECONDS_TO_END)


def _ends_with(daemon: subprocess.Popen) -> Lifespan:
    """End the interface when the daemon ends, because schedules and sensors would stop and nobody would notice."""

    async def watch() -> None:
        while daemon.poll() is None:
            await asyncio.sleep(1)
        send_interrupt()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(watch())
        with contextlib.suppress(asyncio.CancelledError):  # a second Ctrl-C
            yield
        task.cancel()

    return lifespan
