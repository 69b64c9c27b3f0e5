"""New and worsened warnings, told to a real HTTP server: signed, once, within bounds."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from api.messages import webhook
from api.messages.webhook import Told, public_address, tell
from api.settings import Outgoing, load_settings
from api.tables import webhook_calls
from api.workspaces import init_workspace
from forecasting.errors import BadSetting, Refused
from forecasting.record import Record
from forecasting.record.database import connect, reading
from models.publication import publish_parts
from models.publication.build import table_of
from models.workspace import Workspace
from tests.api.published import parts, provenance, publish
from tests.commands.conftest import Vigistock
from tests.models.published import NOON
from tests.models.test_pipelines import ITEMS, deliver

SECRET = "both sides know it"


class Ear(BaseHTTPRequestHandler):
    """Answers as the test says, one status after the other, and keeps what it heard."""

    statuses: ClassVar[list[int]] = []
    heard: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((dict(self.headers), body))
        self.send_response(self.statuses.pop(0) if self.statuses else 204)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outgoing]:
    monkeypatch.setenv(webhook.SECRET, SECRET)
    monkeypatch.setattr(webhook, "BACKOFF_SECONDS", 0.01)
    Ear.statuses, Ear.heard = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/hook?of=vigistock"
    yield Outgoing(webhook_url=url, webhook_private=True)
    server.shutdown()
    server.server_close()
    thread.join()


def events() -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in Ear.heard]


def again(
    company: Workspace, as_of: str, *, chances: dict[str, float], out: tuple[str, ...] = ()
) -> int:
    """Publish once more, with other chances at LYON; `out`: skus that ran out there."""
    made = parts(2.0, as_of)
    warned = made["warnings"].to_pandas()
    here = warned["site"].astype(str) == "LYON"
    warned = warned.astype({"site": str, "sku": str, "state": str})
    for sku, chance in chances.items():
        mine = here & (warned["sku"] == sku)
        warned.loc[mine, ["probability", "p_7d", "p_14d", "p_28d"]] = chance
        warned.loc[mine, "state"] = "new" if chance >= 0.3 else "none"
    for sku in out:
        warned.loc[here & (warned["sku"] == sku), "state"] = "out"
    made["warnings"] = table_of(warned)
    engine = connect(company.database_url)
    try:
        done = publish_parts(engine, company.publications, made, provenance(as_of), created_at=NOON)
    finally:
        engine.dispose()
    return done.number


def calls(company: Workspace) -> list[dict[str, Any]]:
    engine = connect(company.database_url)
    with reading(engine) as connection:
        found = connection.execute(sa.select(webhook_calls).order_by(webhook_calls.c.at))
        rows = [dict(row) for row in found.mappings()]
    engine.dispose()
    return rows


def test_the_first_call_tells_all_that_is_announced(company: Workspace, ear: Outgoing) -> None:
    assert tell(company, ear, 1) == Told(warnings=3, delivered=True)
    ((headers, body),) = Ear.heard
    event = json.loads(body)
    assert (event["event"], event["publication"], event["since"]) == ("warnings", 1, None)
    assert [one["change"] for one in event["warnings"]] == ["new", "new", "new"]
    first = event["warnings"][0]
    assert (first["site"], first["sku"], first["state"]) == ("LYON", "00124", "out")
    (action,) = event["warnings"][1]["actions"]
    assert action.startswith("Relancer la commande PO-1182 (24 unités) au plus tard le")
    assert headers["Idempotency-Key"] == event["id"]
    assert headers["Host"].startswith("127.0.0.1:")


def test_the_signature_is_over_timestamp_and_body(company: Workspace, ear: Outgoing) -> None:
    tell(company, ear, 1)
    ((headers, body),) = Ear.heard
    stamp, signed = headers["Vigistock-Signature"].removeprefix("t=").split(",v1=")
    expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256)
    assert signed == expected.hexdigest()


def test_only_what_is_new_or_worse_is_told_afterwards(company: Workspace, ear: Outgoing) -> None:
    tell(company, ear, 1)
    same = again(company, "2026-11-23", chances={"00123": 0.9})
    assert tell(company, ear, same) == Told(), "0.85 to 0.90 is no news"
    worse = again(company, "2026-11-24", chances={"00123": 0.96, "00125": 0.4})
    assert tell(company, ear, worse) == Told(warnings=2, delivered=True)
    event = events()[-1]
    assert event["since"] == 1, "compared with what was told last, not with what was made last"
    changes = {one["sku"]: (one["change"], one["before"]) for one in event["warnings"]}
    assert changes["00123"][0] == "worse"
    assert changes["00123"][1]["probability"] == pytest.approx(0.85)
    assert changes["00125"][0] == "new"
    gone = again(company, "2026-11-25", chances={"00125": 0.4}, out=("00123",))
    tell(company, ear, gone)
    assert [(one["sku"], one["change"]) for one in events()[-1]["warnings"]] == [("00123", "worse")]


def test_a_call_is_not_repeated(company: Workspace, ear: Outgoing) -> None:
    assert tell(company, ear, 1).delivered
    assert tell(company, ear, 1) == Told()
    assert len(Ear.heard) == 1


@pytest.mark.postgres
def test_calls_are_kept_on_postgresql_too(tmp_path: Path, postgres_url: str, ear: Outgoing) -> None:
    workspace = init_workspace(tmp_path / "pg", frequency="D", database=postgres_url)
    publish(workspace)
    assert tell(workspace, ear, 1) == Told(warnings=3, delivered=True)
    assert tell(workspace, ear, 1) == Told()
    assert [(one["publication"], one["attempts"]) for one in calls(workspace)] == [(1, 1)]


def test_an_older_origin_is_not_told(company: Workspace, ear: Outgoing) -> None:
    older = again(company, "2026-11-20", chances={"00123": 0.9})
    assert tell(company, ear, older) == Told()


def test_it_tries_again_with_the_same_id(company: Workspace, ear: Outgoing) -> None:
    Ear.statuses[:] = [503, 500, 200]
    assert tell(company, ear, 1).delivered
    assert len({one["id"] for one in events()}) == 1
    assert len(Ear.heard) == 3
    assert calls(company)[0]["attempts"] == 3


@pytest.mark.parametrize(
    ("statuses", "tries"), [([503] * 9, 4), ([400], 1), ([302], 1)], ids=["down", "no", "moved"]
)
def test_it_gives_up_and_the_next_publication_tells_what_was_missed(
    company: Workspace, ear: Outgoing, statuses: list[int], tries: int
) -> None:
    Ear.statuses[:] = list(statuses)
    told = tell(company, ear, 1)
    assert (told.delivered, told.warnings) == (False, 3)
    assert f"answered {statuses[0]}" in told.trouble
    assert len(Ear.heard) == tries
    assert [one["delivered"] for one in calls(company)] == [False]
    Ear.statuses[:] = []
    later = again(company, "2026-11-23", chances={})
    assert tell(company, ear, later) == Told(warnings=3, delivered=True)


def test_a_byte_a_second_does_not_hold_it_up(
    company: Workspace, ear: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "MOST_SECONDS", 0.5)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def drip() -> None:
            line, _ = door.accept()
            with line:
                while not done.wait(0.1):
                    with contextlib.suppress(OSError):
                        line.send(b"H")

        dripping = threading.Thread(target=drip)
        dripping.start()
        slow = replace(ear, webhook_url=f"http://127.0.0.1:{door.getsockname()[1]}/")
        told = tell(company, slow, 1)
        done.set()
        dripping.join()
    assert "took more than" in told.trouble


def test_nobody_there_is_said_and_nothing_raised(company: Workspace, ear: Outgoing) -> None:
    closed = Outgoing(webhook_url="http://127.0.0.1:9/", webhook_private=True)
    told = tell(company, closed, 1)
    assert not told.delivered
    assert "127.0.0.1 cannot be reached" in told.trouble
    assert "no address" in tell(company, Outgoing("", webhook_url="https://no.invalid/"), 1).trouble


def test_nothing_is_sent_unsigned(
    company: Workspace, ear: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(webhook.SECRET)
    assert webhook.SECRET in tell(company, ear, 1).trouble
    assert not Ear.heard


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1", "localhost"),
    ],
)
def test_private_addresses_are_refused(host: str) -> None:
    with pytest.raises(Refused, match="webhook_private"):
        public_address(host, 443, private=False)
    assert public_address(host, 443, private=True)


def test_a_public_address_is_taken() -> None:
    assert public_address("1.1.1.1", 443, private=False) == "1.1.1.1"


def test_a_private_address_is_not_called(company: Workspace, ear: Outgoing) -> None:
    wary = Outgoing(webhook_url=ear.webhook_url)
    assert "private address" in tell(company, wary, 1).trouble
    assert not Ear.heard


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ('webhook_url = "http://example.com/x"', False),
        ('webhook_url = "http://example.com/x"\nwebhook_private = true', True),
        ('webhook_url = "https://example.com/x"', True),
        ('webhook_url = "https://user:secret@example.com/x"', False),
        ('webhook_url = "ftp://example.com/x"', False),
        ('mail_to = { "Ali" = "ali@example.com, b@example.com", "*" = "c@example.com" }', True),
        ('mail_to = { "Ali" = "ali" }', False),
        ('mail_from = "stock"', False),
    ],
)
def test_settings_are_checked(company: Workspace, text: str, good: bool) -> None:
    with (company.folder / "vigistock.toml").open("a", encoding="utf-8") as file:
        file.write(text + "\n")
    if good:
        assert load_settings(company.folder).settings.outgoing
    else:
        with pytest.raises(BadSetting):
            load_settings(company.folder)


def test_addresses_can_stand_in_the_environment(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGISTOCK_MAIL_TO", "C. Morel=c@example.com;*=d@example.com")
    settings = load_settings(company.folder).settings
    assert settings.mail_to == {"C. Morel": "c@example.com", "*": "d@example.com"}


def test_train_and_publish_call_after_their_commit(
    vigistock: Vigistock, folder: Path, ear: Outgoing
) -> None:
    """A webhook that fails fails no publication; the next one tells what it missed."""
    vigistock("init", "--frequency", "M")
    with (folder / "vigistock.toml").open("a", encoding="utf-8") as file:
        file.write(f'webhook_url = "{ear.webhook_url}"\nwebhook_private = true\n')
    with Record.open(f"sqlite:///{folder / 'record.db'}") as record:
        deliver(record, 0, 34, ITEMS)
    Ear.statuses[:] = [400]
    trained = vigistock("--json", "train")
    assert (trained.code, trained.json["publication"]) == (0, 1)
    assert trained.json["webhook"]["trouble"].endswith("answered 400.")
    published = vigistock("publish")
    assert published.code == 0
    assert "The webhook was told of" in published.out
    assert [one["publication"] for one in events()] == [1, 2]
