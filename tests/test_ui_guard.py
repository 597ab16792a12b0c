"""Requests of foreign pages do not reach Dagster's web server; those of its own pages do."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlencode

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp
from typer.testing import CliRunner

from pipelines.cli import app as cli
from pipelines.ui import guard, serve

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have a package that is not installed here
    from starlette.testclient import TestClient, WebSocketDenialResponse

PORT = 3000
HERE = f"127.0.0.1:{PORT}"
OWN = f"http://{HERE}"
FOREIGN = "http://evil.example"
LIVE = f"ws://{HERE}/graphql"
MUTATION = 'mutation { setConcurrencyLimit(concurrencyKey: "x", limit: 5) }'
IN_ADDRESS = "/graphql?" + urlencode({"query": MUTATION})
JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain"}


class Request(NamedTuple):
    """What a test sends; the host is the interface's own where `headers` name none."""

    method: str
    address: str
    headers: dict[str, str]
    body: dict
    status: int = 200


def mutation_as_json(headers: dict[str, str], status: int) -> Request:
    return Request("POST", "/graphql", headers, {"json": {"query": MUTATION}}, status)


# Each of them ran the mutation before there was a guard.
USED_TO_PASS = {
    "text with foreign Origin and Host": Request(
        "POST", IN_ADDRESS, TEXT | {"origin": FOREIGN, "host": "evil.example"}, {"content": "x"}, 403
    ),
    "text with foreign Origin": Request(
        "POST", IN_ADDRESS, TEXT | {"origin": FOREIGN}, {"content": "x"}, 403
    ),
    "text without Origin": Request("POST", IN_ADDRESS, TEXT, {"content": "x"}, 415),
    "text that names JSON": mutation_as_json({"content-type": "text/plain; application/json"}, 415),
    "a name that points to 127.0.0.1": mutation_as_json(
        {"origin": f"{FOREIGN}:{PORT}", "host": f"evil.example:{PORT}"}, 403
    ),
    "a loopback name with another port": mutation_as_json({"host": "127.0.0.1:8000"}, 403),
    "a loopback name without a port": mutation_as_json({"host": "localhost"}, 403),
    "a name that begins like a loopback name": mutation_as_json(
        {"host": f"localhost.evil.example:{PORT}"}, 403
    ),
    "JSON with foreign Origin": mutation_as_json({"origin": FOREIGN}, 403),
    "JSON from another port of this machine": mutation_as_json({"origin": "http://127.0.0.1:8000"}, 403),
    "JSON from another name of this machine": mutation_as_json({"origin": f"http://localhost:{PORT}"}, 403),
    "JSON over another scheme": mutation_as_json({"origin": f"https://{HERE}"}, 403),
    "JSON from a page without an origin": mutation_as_json({"origin": "null"}, 403),
    "JSON from another page by its own word": mutation_as_json({"sec-fetch-site": "same-site"}, 403),
    "form": Request("POST", IN_ADDRESS, {}, {"data": {"a": "b"}}, 415),
    "multipart": Request("POST", IN_ADDRESS, {}, {"files": {"operations": b"{}"}}, 415),
    "GraphQL text": Request(
        "POST", "/graphql", {"content-type": "application/graphql"}, {"content": MUTATION}, 415
    ),
    "no content type": Request("POST", IN_ADDRESS, {}, {}, 415),
    "image": Request("GET", IN_ADDRESS, {}, {}, 405),
    "image, line break after the path": Request("GET", IN_ADDRESS.replace("?", "%0A?"), {}, {}, 405),
}

OF_THE_INTERFACE = {
    "page": Request("GET", "/overview", {"accept": "text/html", "sec-fetch-site": "none"}, {}),
    "page by a link elsewhere": Request(
        "GET",
        "/overview",
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
        {},
    ),
    "GraphiQL": Request("GET", "/graphql", {"accept": "text/html"}, {}),
    "static file": Request("GET", "/favicon.png", {"sec-fetch-site": "same-origin"}, {}),
    "query of a page": Request(
        "POST",
        "/graphql",
        {"origin": OWN, "sec-fetch-site": "same-origin", "content-type": "application/json; charset=utf-8"},
        {"content": '{"query": "{ version }"}'},
    ),
    "query under another name": Request(
        "POST",
        "/graphql",
        {"host": f"LOCALHOST:{PORT}", "origin": f"http://localhost:{PORT}"},
        {"json": {"query": "{ version }"}},
    ),
    "query over IPv6": Request(
        "POST",
        "/graphql",
        {"host": f"[::1]:{PORT}", "origin": f"http://[::1]:{PORT}"},
        {"json": {"query": "{ version }"}},
    ),
    "query of a program": Request("POST", "/graphql", {}, {"json": {"query": "{ version }"}}),
}


@pytest.fixture(scope="module")
def context(tmp_path_factory) -> Iterator[WorkspaceProcessContext]:
    """A real Dagster instance that shows no code."""
    folder = tmp_path_factory.mktemp("instance")
    with (
        dg.DagsterInstance.local_temp(str(folder)) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def guarded(context) -> ASGIApp:
    return serve.guarded_app(context, PORT)


@pytest.fixture(scope="module")
def bare(context) -> ASGIApp:
    return create_app_from_workspace_process_context(context)


def client(app: ASGIApp) -> TestClient:
    return TestClient(app, base_url=OWN, follow_redirects=False)


def ask(app: ASGIApp, request: Request):
    return client(app).request(request.method, request.address, headers=request.headers, **request.body)


def limits(context: WorkspaceProcessContext) -> set[str]:
    """What the mutation changes."""
    return set(context.instance.event_log_storage.get_concurrency_keys())


@pytest.fixture
def untouched(context) -> WorkspaceProcessContext:
    context.instance.event_log_storage.delete_concurrency_limit("x")
    assert limits(context) == set()
    return context


@pytest.mark.parametrize("request_", USED_TO_PASS.values(), ids=USED_TO_PASS)
def test_what_used_to_change_something_is_refused(untouched, bare, guarded, request_):
    answer = ask(guarded, request_)
    assert answer.status_code == request_.status and limits(untouched) == set()
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("refused: found ") and ", expected " in answer.text
    ask(bare, request_)
    assert limits(untouched) == {"x"}  # the request is a real one: only the guard stops it


@pytest.mark.parametrize("request_", OF_THE_INTERFACE.values(), ids=OF_THE_INTERFACE)
def test_what_the_interface_asks_passes(guarded, request_):
    answer = ask(guarded, request_)
    assert answer.status_code == 200 and not answer.text.startswith("refused")


def test_the_interface_still_changes_things(untouched, guarded):
    assert ask(guarded, mutation_as_json({"origin": OWN}, 200)).json() == {
        "data": {"setConcurrencyLimit": True}
    }
    assert limits(untouched) == {"x"}


@pytest.mark.parametrize(
    "refused",
    [
        Request("GET", "/overview", {"host": f"evil.example:{PORT}"}, {}, 403),
        Request("GET", "/server_info", {"origin": FOREIGN}, {}, 403),
        Request("OPTIONS", "/graphql", {"origin": FOREIGN, "access-control-request-method": "POST"}, {}, 403),
        Request("HEAD", IN_ADDRESS, {}, {}, 405),
        Request("DELETE", "/overview", {}, {}, 415),
        Request("PUT", "/overview", TEXT, {"content": "x"}, 415),
        Request("POST", "/report_asset_materialization/core/zone", {}, {}, 415),
        Request("GET", "/favicon.png", {"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}, {}, 403),
        Request(
            "GET",
            "/overview",
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
            {},
            403,
        ),
    ],
    ids=lambda request: f"{request.method} {request.address[:20]} {' '.join(request.headers)}",
)
def test_what_reads_or_embeds_from_elsewhere_is_refused(guarded, refused):
    answer = ask(guarded, refused)
    assert answer.status_code == refused.status and "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"origin": OWN}, {}, {"host": f"localhost:{PORT}", "origin": f"http://localhost:{PORT}"}]
)
def test_live_updates_reach_the_interface(guarded, headers):
    with client(guarded).websocket_connect(LIVE, ["graphql-ws"], headers=headers) as live:
        live.send_json({"type": "connection_init"})
        assert live.receive_json() == {"type": "connection_ack"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": FOREIGN},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": f"ws://{HERE}"},
        {"host": f"evil.example:{PORT}", "origin": f"http://evil.example:{PORT}"},
        {"host": "evil.example"},
    ],
)
def test_live_updates_reach_nobody_else(bare, guarded, headers):
    with client(bare).websocket_connect(LIVE, ["graphql-ws"], headers=headers) as live:
        live.send_json({"type": "connection_init"})
        assert live.receive_json() == {"type": "connection_ack"}
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        client(guarded).websocket_connect(LIVE, ["graphql-ws"], headers=headers),
    ):
        pass
    assert denied.value.status_code == 403 and denied.value.text.startswith("refused: found ")


HEADER_NAMES = ("host", "origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "content-type")
VALUES = st.one_of(
    st.sampled_from(
        [HERE, "localhost:3000", "localhost", "evil.example", OWN, FOREIGN, "null", "", "same-origin", "none"]
    ),
    st.sampled_from(["cross-site", "navigate", "document", "application/json", "text/plain", "a, b", "\xe9"]),
    st.text(st.characters(max_codepoint=255), max_size=20),
)


@st.composite
def scopes(draw) -> dict:
    """Requests of any kind; one in two has the interface's own host, or little would get past the first rule."""
    headers = draw(st.lists(st.tuples(st.sampled_from(HEADER_NAMES), VALUES), max_size=6))
    if draw(st.booleans()):
        headers = [("host", HERE), *(pair for pair in headers if pair[0] != "host")]
    return {
        "type": draw(st.sampled_from(["http", "websocket"])),
        "method": draw(
            st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "QUERY"])
        ),
        "path": draw(st.sampled_from(["/", "/graphql", "/graphql\n", "/graphql/", "/runs"])),
        "query_string": draw(st.sampled_from([b"", b"query=%7Bversion%7D", b"a=b&query=", b"q=1"])),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }


@given(scopes())
def test_what_passes_is_the_interfaces_own(scope):
    """No request passes that names another host, another origin, or changes something without being JSON."""
    given_headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
    sent = {name: [v for n, v in given_headers if n == name] for name in HEADER_NAMES}
    found = guard.refusal(scope, PORT)
    if found is None:
        assert len(sent["host"]) == 1 and sent["host"][0].lower() in guard.own_hosts(PORT)
        assert sent["origin"] in ([], [f"http://{sent['host'][0].lower()}"])
        assert "cross-site" not in sent["sec-fetch-site"] or scope["method"] == "GET"
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            assert len(sent["content-type"]) == 1 and sent["content-type"][0].startswith("application/json")
        if scope["type"] == "http" and "graphql" in scope["path"] and scope["method"] in ("GET", "HEAD"):
            assert b"query=" not in scope["query_string"]
    else:
        assert found.status in (403, 405, 415) and found.message.startswith("refused: found ")


@given(scopes())
def test_the_application_sees_only_what_passes(scope):
    seen, answered = [], []

    async def app(scope, receive, send):
        seen.append(scope)

    async def send(message):
        answered.append(message["type"])

    scope |= {"extensions": {"websocket.http.response": {}}}
    asyncio.run(guard.guard(app, PORT)(scope, None, send))
    assert bool(seen) == (guard.refusal(scope, PORT) is None) == (not answered)


def test_two_hosts_are_refused():
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", HERE.encode())] * 2,
    }
    assert guard.refusal(scope, PORT).status == 403


def test_on_the_standard_port_a_browser_names_none():
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    assert guard.refusal(scope, 80) is None and guard.refusal(scope, PORT).status == 403


def test_a_port_in_use_is_named():
    with socket.socket() as taken:
        taken.bind((serve.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} .* --port {port + 1}"):
            serve.serve(port)


def test_the_command_serves(monkeypatch):
    ports = []
    monkeypatch.setattr(serve, "serve", ports.append)
    assert CliRunner().invoke(cli.app, ["ui"]).exit_code == 0
    assert CliRunner().invoke(cli.app, ["ui", "--port", "3001"]).exit_code == 0
    assert ports == [3000, 3001]


def test_the_interface_ends_with_its_daemon(monkeypatch):
    """Without its daemon the interface would show schedules that stand still."""
    interrupted = asyncio.Event()
    monkeypatch.setattr(serve, "send_interrupt", interrupted.set)

    async def run(daemon: subprocess.Popen) -> None:
        async with serve._ends_with(daemon)(None):
            assert not interrupted.is_set()
            daemon.send_signal(signal.SIGKILL)
            await asyncio.wait_for(interrupted.wait(), 60)

    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as daemon:
        asyncio.run(run(daemon))


def test_the_daemon_ends_with_the_interface(monkeypatch, tmp_path):
    monkeypatch.setattr(serve, "open_ipc_subprocess", _sleeper)
    with contextlib.suppress(KeyboardInterrupt), serve._daemon(tmp_path) as daemon:
        assert daemon.poll() is None
        raise KeyboardInterrupt
    assert daemon.poll() is not None


def _sleeper(_, **settings) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], **settings)
