"""What a fresh machine installs: pinned, hashed, from nowhere in particular."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
RUN, DEVELOP = "requirements.lock", "requirements-dev.lock"
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,_-]+\])?==([^ ;\\]+)(.*?)\\$", re.MULTILINE)


def text_of(lock: str) -> str:
    return (REPOSITORY / lock).read_text()


def pins(lock: str) -> set[tuple[str, str, str]]:
    """name, version, marker"""
    return {(name, version, rest.strip()) for name, version, rest in PIN.findall(text_of(lock))}


@pytest.mark.parametrize("lock", [RUN, DEVELOP])
def test_a_lock_names_no_host_and_no_folder(lock: str) -> None:
    for line in text_of(lock).splitlines():
        content = line.split("#")[0]
        assert "/" not in content, line
        assert not re.search(r"\w://|@ |^-|(^|\s)/", line.replace("    # ", "")), line


@pytest.mark.parametrize("lock", [RUN, DEVELOP])
def test_every_requirement_of_a_lock_is_hashed(lock: str) -> None:
    text = text_of(lock)
    assert len(pins(lock)) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    assert not re.search(r"==[^\\\n]*\n(?!    --hash)", text)
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block[:80]


@pytest.mark.parametrize(
    ("lock", "pin"), [(RUN, "psycopg[binary]=="), (DEVELOP, "coverage[toml]==")]
)
def test_a_lock_pins_extras_as_pip_asks_for_them(lock: str, pin: str) -> None:
    """Without the brackets, pip takes a newer release for the extra and refuses it as unpinned."""
    assert f"\n{pin}" in text_of(lock)


def test_developing_has_the_very_pins_of_running() -> None:
    versions = {(name, version) for name, version, _ in pins(DEVELOP)}
    assert {(name, version) for name, version, _ in pins(RUN)} <= versions


def test_the_locks_hold_what_is_declared_and_what_builds_it() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    names = {re.split(r"[\[<>=! ]", line)[0].lower() for line in declared} | {"editables"}
    locked = {name for name, _, _ in pins(RUN)}
    assert {name.replace("_", "-") for name in names} <= locked


def test_continuous_integration_can_be_run() -> None:
    script = REPOSITORY / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    for target in ("check", "test", "notebooks"):
        assert re.search(rf"^make\b.*\b{target}\b", script.read_text(), re.MULTILINE)
        assert re.search(rf"^{target}:", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
