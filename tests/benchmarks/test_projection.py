"""The benchmark of the projection runs, on a few series."""

from __future__ import annotations

import re

import pytest

from benchmarks import projection


def test_it_prints_series_a_cpu_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["projection", "--series=60", "--paths=16", "--days=5"])
    assert projection.main() in (0, 1)
    assert re.search(
        r"60 series × 16 paths × 5 days: .* series a CPU second", capsys.readouterr().out
    )
