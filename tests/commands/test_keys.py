"""`vigistock keys`: shown once, listed without their secret, revoked for good."""

from __future__ import annotations

import datetime as dt

import pytest
import typer

from api.commands.keys import expiry
from api.keys import matching
from tests.api.keyed import keys_in
from tests.api.published import workspace_in
from tests.commands.conftest import Vigistock

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def test_a_key_is_shown_once(ready: Vigistock) -> None:
    made = ready(
        *("keys", "create", "--scope", "erp", "--name", "SAP [prod]", "--days", 30),
        *("--site", "LYON", "--site", "PARIS", "--json"),
    ).json
    text = made["key"]
    secret = text.split("_", 2)[2]
    assert text.split("_")[:2] == ["vgs", made["prefix"]]
    assert (made["scope"], made["sites"], made["state"]) == ("erp", ["LYON", "PARIS"], "live")

    told = ready("keys", "list")
    assert made["prefix"] in told.out
    for word in ("SAP [prod]", "erp, LYON, PARIS", "live"):
        assert word in " ".join(told.out.split())
    assert secret not in told.out
    assert secret not in str(ready("keys", "list", "--json").json)

    assert made["prefix"] in ready("keys", "revoke", made["prefix"]).out
    (kept,) = ready("keys", "list", "--json").json["keys"]
    assert (kept["prefix"], kept["state"]) == (made["prefix"], "revoked")
    assert "secret" not in str(kept)


def test_what_is_shown_is_the_key(vigistock: Vigistock, folder: str) -> None:
    workspace = workspace_in(folder)  # type: ignore[arg-type]
    lines = vigistock("keys", "create", "--scope", "planner").out.splitlines()
    (text,) = [line.strip() for line in lines if line.startswith("vgs_")]
    with keys_in(workspace) as keys:
        known = {one.prefix: one for one in keys.all()}
    found = matching(known, text)
    assert found is not None
    assert (found.name, found.sites, found.expires_at) == ("planner", None, None)


def test_the_same_name_again_is_a_rotation(ready: Vigistock) -> None:
    for _ in range(2):
        assert ready("keys", "create", "--scope", "erp", "--name", "SAP").code == 0
    listed = ready("keys", "list", "--json").json["keys"]
    assert [(one["name"], one["state"]) for one in listed] == [("SAP", "live")] * 2
    assert len({one["prefix"] for one in listed}) == 2


def test_without_a_key_the_list_says_that_the_service_is_open(ready: Vigistock) -> None:
    assert "open" in ready("keys", "list").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("create",),
        ("create", "--scope", "boss"),
        ("create", "--scope", "erp", "--site", " "),
        ("create", "--scope", "erp", "--days", 0),
        ("create", "--scope", "erp", "--days", 3, "--expires", "2099-01-01"),
        ("create", "--scope", "erp", "--expires", "tomorrow"),
        ("create", "--scope", "erp", "--expires", "2020-01-01"),
        ("revoke", "00000000"),
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_wrong_usage(ready: Vigistock, arguments: tuple[object, ...]) -> None:
    answer = ready("keys", *arguments)
    assert answer.code == 2
    assert ready("keys", "list", "--json").json["keys"] == []


def test_expiry() -> None:
    assert expiry(None, None, NOON) is None
    assert expiry(dt.date(9999, 12, 31), None, NOON) is None
    assert expiry(None, 1, NOON) == NOON + dt.timedelta(days=1)
    assert expiry(dt.date(2026, 11, 22), None, NOON) == dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    with pytest.raises(typer.BadParameter):
        expiry(dt.date(2026, 11, 21), None, NOON)
