"""Keys in the record, and in a running service: made, rotated, expired and revoked."""

from __future__ import annotations

import datetime as dt
import logging
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from api import database, doorkeeper
from api.app import create_app
from api.keys import Key, Keys, Scope, matching
from forecasting.errors import UnknownName
from forecasting.record.database import connect
from models.workspace import Workspace
from tests.api.keyed import DAY, NOW, bearer, key, keys_in
from tests.api.published import publish
from tests.api.serving import serving, serving_app

SECONDS_TO_DIE = 5


def test_a_key_is_kept_as_a_digest_and_known_by_its_text(database_url: str) -> None:
    database.upgrade(database_url)
    engine = connect(database_url)
    keys = Keys(engine)
    made = keys.create(name="SAP", scope="erp", sites=["B", "A", "A"], at=NOW, expires_at=NOW + DAY)
    mark, prefix, secret = made.text.split("_", 2)
    assert (mark, prefix, len(secret)) == ("vgs", made.key.prefix, 43)
    assert secret not in repr(made)
    (kept,) = keys.all()
    assert kept == made.key
    assert (kept.scope, kept.sites, kept.name) == (Scope.ERP, frozenset("AB"), "SAP")
    assert kept.expires_at == NOW + DAY
    assert secret not in repr(kept)
    assert matching({prefix: kept}, made.text) == kept

    assert keys.revoke(prefix, at=NOW).revoked_at == NOW
    assert keys.revoke(prefix, at=NOW + DAY).revoked_at == NOW, "a second time changes nothing"
    with pytest.raises(UnknownName, match="none"):
        keys.revoke("none", at=NOW)
    with pytest.raises(UnknownName, match="planner"):
        keys.create(name="x", scope="planer", at=NOW)
    engine.dispose()


def test_the_file_of_the_record_holds_no_secret(own_workspace: Workspace) -> None:
    secret = key(own_workspace).split("_", 2)[2][:20]
    files = [path for path in own_workspace.folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if secret.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "offered",
    [
        "",
        "vgs",
        "vgs__",
        "vgs_{prefix}_",
        "vgs_{prefix}",
        "vgs_{prefix}_{secret}x",
        "vgs_{prefix}x_{secret}",
        "abc_{prefix}_{secret}",
        "{secret}",
        "vgs_{prefix}_é\ud800",
        "vgs_{prefix}_" + "x" * 100_000,
    ],
)
def test_what_is_no_key(own_workspace: Workspace, offered: str) -> None:
    _, prefix, secret = key(own_workspace).split("_", 2)
    with keys_in(own_workspace) as keys:
        known = {one.prefix: one for one in keys.all()}
    assert matching(known, f"vgs_{prefix}_{secret}") is not None
    assert matching(known, offered.format(prefix=prefix, secret=secret)) is None


@pytest.mark.parametrize(
    ("expires", "revoked", "state"),
    [
        (None, None, "live"),
        (NOW + DAY, None, "live"),
        (NOW, None, "expired"),
        (NOW - DAY, NOW, "revoked"),
        (NOW + DAY, NOW - DAY, "revoked"),
    ],
)
def test_states(expires: dt.datetime | None, revoked: dt.datetime | None, state: str) -> None:
    one = Key("p", "n", Scope.ERP, None, NOW - DAY, expires, revoked, "0" * 64)
    assert one.state(NOW) == state


def within(seconds: float, client: httpx.Client, headers: dict[str, str], status: int) -> None:
    end = time.monotonic() + seconds
    while client.get("/v1/warnings", headers=headers).status_code != status:
        assert time.monotonic() < end, f"no {status} within {seconds} s"
        time.sleep(0.1)


def test_the_first_key_shuts_the_door_and_a_revoked_one_opens_nothing(
    own_workspace: Workspace,
) -> None:
    publish(own_workspace)
    with serving(own_workspace) as client:
        assert client.get("/v1/warnings").status_code == 200
        first = key(own_workspace)
        within(SECONDS_TO_DIE, client, {}, 401)
        assert client.get("/v1/warnings", headers=bearer(first)).status_code == 200

        second = key(own_workspace)  # the same name: both live while programs change over
        within(SECONDS_TO_DIE, client, bearer(second), 200)
        assert client.get("/v1/warnings", headers=bearer(first)).status_code == 200

        with keys_in(own_workspace) as keys:
            keys.revoke(first.split("_")[1], at=dt.datetime.now(dt.UTC))
        within(SECONDS_TO_DIE, client, bearer(first), 401)
        told = client.get("/v1/warnings", headers=bearer(first)).json()
        assert "revoked" in told["detail"]
        assert client.get("/v1/warnings", headers=bearer(second)).status_code == 200
        with keys_in(own_workspace) as keys:
            keys.revoke(second.split("_")[1], at=dt.datetime.now(dt.UTC))
        within(SECONDS_TO_DIE, client, bearer(second), 401)
        assert client.get("/v1/warnings").status_code == 401, "without live keys it stays shut"


class InTwoDays(dt.datetime):
    """The clock of a service that has run on."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
        return dt.datetime.now(tz) + 2 * DAY


def test_a_key_that_expires_under_way(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(own_workspace)
    short = key(own_workspace, expires_at=NOW + DAY)
    with serving(own_workspace) as client:
        assert client.get("/v1/warnings", headers=bearer(short)).status_code == 200
        monkeypatch.setattr(doorkeeper, "dt", SimpleNamespace(UTC=dt.UTC, datetime=InTwoDays))
        refused = client.get("/v1/warnings", headers=bearer(short))
        assert refused.status_code == 401
        assert "expired" in refused.json()["detail"]


def test_keys_go_on_while_the_record_is_away(own_workspace: Workspace, tmp_path: Path) -> None:
    publish(own_workspace)
    good = key(own_workspace)
    app = create_app(own_workspace)
    with serving_app(app) as client:
        assert client.get("/v1/warnings", headers=bearer(good)).status_code == 200
        assert "vigistock-degraded" not in client.get("/health/ready").headers
        for path in own_workspace.folder.glob("record.db*"):
            path.rename(tmp_path / path.name)
        app.state.publications.engine.dispose()  # an open file stays readable under its new name
        end = time.monotonic() + SECONDS_TO_DIE
        while not client.get("/health/ready").json()["trouble"]:
            assert time.monotonic() < end
            time.sleep(0.1)
        response = client.get("/v1/warnings", headers=bearer(good))
        assert response.status_code == 200
        assert response.headers["vigistock-degraded"] == "last-good-publication"
        assert client.get("/v1/warnings").status_code == 401


def test_a_record_that_was_never_read_lets_nobody_in(
    own_workspace: Workspace, tmp_path: Path
) -> None:
    publish(own_workspace)
    with serving(own_workspace) as client:
        for path in own_workspace.folder.glob("record.db*"):
            path.rename(tmp_path / path.name)
        response = client.get("/v1/warnings")
        assert response.status_code == 503
        assert client.get("/health/live").status_code == 200


def test_no_key_is_ever_logged(own_workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    publish(own_workspace)
    text = key(own_workspace)
    secret = text.split("_", 2)[2]
    with caplog.at_level(logging.DEBUG), serving(own_workspace) as client:
        for address in (f"/v1/warnings?site={text}", f"/v1/series/{text}/x", f"/{text}"):
            for headers in (bearer(text), bearer(text[:-1]), {"Authorization": text}):
                answer = client.get(address, headers={**headers, "X-Request-ID": "a b"})
                assert answer.status_code in (200, 401, 404)
        refused = client.get("/v1/warnings", headers=bearer(text[:-1]))
        assert secret[:-1] not in refused.text
    lines = [record.getMessage() for record in caplog.records if "vigistock" in record.name]
    assert len(lines) >= 9
    assert secret[:-1] not in "".join(lines)
    assert text.split("_")[1] in "".join(lines), "the prefix tells whose requests they were"
