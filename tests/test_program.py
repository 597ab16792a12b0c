"""The program says which one it is: on the command line, in the manifest, on the report."""

import subprocess
from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from pipelines import program
from pipelines.cli.app import app


@pytest.fixture(autouse=True)
def _asked_anew():
    program.program.cache_clear()
    yield
    program.program.cache_clear()


def test_the_command_line_says_version_and_commit():
    answer = CliRunner().invoke(app, ["--version"])
    assert answer.exit_code == 0 and answer.output.split()[:2] == ["zonescope", version("zonescope")]


def test_without_git_the_version_is_said_alone(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", missing)
    assert program.program() == {"version": version("zonescope"), "commit": None}
    assert program.label() == version("zonescope")


def test_changed_files_are_said_beside_the_commit(monkeypatch):
    answers = {"ls-files": "program.py", "rev-parse": "abc123def456", "status": " M pipelines/program.py"}
    monkeypatch.setattr(program, "_git", lambda verb, *_: answers[verb])
    assert program.program()["commit"] == "abc123def456+"


def test_a_copy_inside_another_project_is_of_no_commit(monkeypatch):
    monkeypatch.setattr(
        program, "_git", lambda verb, *_: "of another project" if verb == "rev-parse" else None
    )
    assert program.program()["commit"] is None


def test_the_manifest_states_it(published):
    from pipelines.publishing import generations  # noqa: PLC0415

    stated = generations.current(published).manifest["program"]
    assert stated["version"] == version("zonescope")
