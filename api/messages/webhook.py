"""New and worsened warnings, told to one address after a publication: signed, in bounded time.

The body is signed as `HMAC-SHA256(secret, timestamp + "." + body)`. Whoever receives it compares
the signature, refuses an old timestamp, and does nothing for an id that it has seen.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import ipaddress
import logging
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import pandas as pd
import sqlalchemy as sa
import urllib3

from api.plain import to_json
from api.planner_list import planner_list
from api.settings import Outgoing
from api.tables import webhook_calls
from forecasting.errors import Refused, VigistockError
from forecasting.record.database import connect, reading, writing
from models.publication import PublicationReader, current, open_publication
from models.publication.episodes import OUT
from models.workspace import Workspace

SECRET: Final = "VIGISTOCK_WEBHOOK_SECRET"
WORSE_BY: Final = 0.1
"""Of probability, since the publication last told, from which a warning is worse."""
MOST_TOLD: Final = 1_000  # of one call, the worst first; the rest is counted in `left_out`
SECONDS: Final = 5.0  # without a sign of the other side
MOST_SECONDS: Final = 60.0  # of all tries together
RETRIES: Final = 3
BACKOFF_SECONDS: Final = 1.0  # before the second try; then 2, then 4
AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
SAID: Final = (
    *("warning", "site", "sku", "state", "probability", "horizon_days", "stockout_on"),
    *("units_short", "value_at_risk", "currency", "act_by", "back_on"),
)

log = logging.getLogger("vigistock.webhook")


@dataclass(frozen=True)
class Told:
    """What came of a publication's call; no call: nothing was new or worse, or none is set."""

    warnings: int = 0
    delivered: bool = False
    trouble: str = ""


def tell(workspace: Workspace, outgoing: Outgoing, number: int) -> Told:
    """Call the webhook of the settings for a publication that was just made. Never raises: a
    publication does not fail because nobody listens."""
    if not outgoing.webhook_url:
        return Told()
    engine = connect(workspace.database_url, schema=workspace.schema)
    try:
        return _tell(engine, workspace, outgoing, number)
    except VigistockError as error:
        return Told(trouble=str(error))
    except Exception as error:
        log.exception("webhook")
        return Told(trouble=f"{type(error).__name__}, see the log.")
    finally:
        engine.dispose()


def _tell(engine: sa.Engine, workspace: Workspace, outgoing: Outgoing, number: int) -> Told:
    if current(engine).number != number:
        return Told()  # of an earlier origin: nobody acts on it
    reader = open_publication(engine, workspace.publications, number)
    before = _last_told(engine, workspace)
    if before is not None and before.number == number:
        return Told()
    items = news(reader, before, workspace.options.language)
    if not items:
        return Told()
    event = event_of(reader, before, items)
    try:
        attempts, trouble = _called(outgoing, event)
    except VigistockError as error:
        attempts, trouble = 0, str(error)
    told = Told(len(items), not trouble, trouble)
    _keep(engine, event["id"], number, told, attempts)
    return told


def news(
    reader: PublicationReader, before: PublicationReader | None, language: str
) -> list[dict[str, Any]]:
    """Warnings that are new or worse than in the publication last told, in the planner's order.

    New: another number, or out and not so then. Worse: out since, or likelier by WORSE_BY.
    """
    listed = planner_list(reader, language, limit=max(len(reader), 1), put_aside=True)
    old = pd.DataFrame(columns=["state", "probability", "warning"])
    if before is not None:
        old = before.warnings(every_series=True).set_index(["site", "sku"])
    found = []
    for (_, row), line in zip(listed.rows.iterrows(), listed.lines, strict=True):
        key = (row["site"], row["sku"])
        then = old.loc[key] if key in old.index else None
        change = _change(row, then)
        if change:
            said = {name: None if pd.isna(row[name]) else row[name] for name in SAID}
            words = {"cause": line.cause, "actions": line.actions}
            past = None if then is None else {name: then[name] for name in ("state", "probability")}
            found.append({"change": change, **said, **words, "before": past})
    return found


def _change(row: pd.Series, then: pd.Series | None) -> str:
    same = then is not None and (
        row["warning"] == then["warning"]
        if pd.notna(row["warning"]) and pd.notna(then["warning"])
        else then["state"] == OUT and row["state"] == OUT
    )
    if then is None or not same:
        return "new"
    if row["state"] == OUT:
        return "" if then["state"] == OUT else "worse"
    return "worse" if row["probability"] >= then["probability"] + WORSE_BY else ""


def event_of(
    reader: PublicationReader, before: PublicationReader | None, items: list[dict[str, Any]]
) -> dict[str, Any]:
    """The body of a call; its id is the publication's own, however often it is sent."""
    made = reader.provenance
    return {
        "id": made["manifest_sha256"][:32],
        "event": "warnings",
        "publication": reader.number,
        "origin": made["origin"],
        "created_at": made["created_at"],
        "since": None if before is None else before.number,
        "count": len(items),
        "left_out": max(len(items) - MOST_TOLD, 0),
        "warnings": items[:MOST_TOLD],
    }


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """
    >>> signature("s", 1, b"{}")[:20]
    't=1,v1=b253639bcd705'
    """
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={signed.hexdigest()}"


def _called(outgoing: Outgoing, event: dict[str, Any]) -> tuple[int, str]:
    """Attempts, and the trouble ("" where it was taken).

    Connects to the very address that was checked, whatever the name says a moment later; follows no
    redirection.
    """
    secret = os.environ.get(SECRET)
    if not secret:
        raise Refused(
            f"webhook_url is set, but {SECRET} is not: nothing is sent unsigned.",
            next_step="Put a secret that both sides know into the environment.",
        )
    url = urlsplit(outgoing.webhook_url)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    address = public_address(host, port, private=outgoing.webhook_private)
    body = to_json(event)
    stamp = int(dt.datetime.now(dt.UTC).timestamp())
    headers = {
        "Host": url.netloc,
        "Content-Type": "application/json",
        "User-Agent": "vigistock",
        "Idempotency-Key": event["id"],
        "Vigistock-Signature": signature(secret, stamp, body),
    }
    retry = urllib3.Retry(
        total=RETRIES,
        redirect=False,
        status_forcelist=AGAIN,
        allowed_methods=None,
        backoff_factor=BACKOFF_SECONDS,
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    pool: urllib3.HTTPConnectionPool
    if url.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address, port, server_hostname=host, assert_hostname=host, cert_reqs="CERT_REQUIRED"
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    answers: list[tuple[int, str]] = []

    def post() -> None:
        with pool:
            answers.append(_posted(pool, host, target, body, headers, retry))

    posting = threading.Thread(target=post, daemon=True)  # a server may send a byte a second
    posting.start()
    posting.join(MOST_SECONDS)
    return answers[0] if answers else (1, f"{host} took more than {MOST_SECONDS:.0f} s.")


def _posted(
    pool: urllib3.HTTPConnectionPool,
    host: str,
    target: str,
    body: bytes,
    headers: dict[str, str],
    retry: urllib3.Retry,
) -> tuple[int, str]:
    try:
        answer = pool.urlopen(
            "POST",
            target,
            body,
            headers,
            retries=retry,
            redirect=False,
            timeout=urllib3.Timeout(connect=SECONDS, read=SECONDS),
            preload_content=False,
        )
    except urllib3.exceptions.HTTPError as error:
        reason = getattr(error, "reason", None) or error
        return RETRIES + 1, f"{host} cannot be reached: {type(reason).__name__}."
    answer.close()
    tries = len(answer.retries.history) + 1 if answer.retries else 1
    if 200 <= answer.status < 300:
        return tries, ""
    return tries, f"{host} answered {answer.status}."


def public_address(host: str, port: int, *, private: bool) -> str:
    """An address of the host; raises Refused where one of its addresses belongs to a private
    network, unless `private` are wished, or it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise Refused(
            f"The webhook's host {host} has no address.", next_step="Check webhook_url."
        ) from None
    addresses = [str(one[4][0]) for one in found]
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not private and (not mapped.is_global or mapped.is_multicast):
            raise Refused(
                f"The webhook's host {host} has the private address {text}.",
                next_step="Set webhook_private = true if it is meant.",
            )
    return addresses[0]


def _last_told(engine: sa.Engine, workspace: Workspace) -> PublicationReader | None:
    """The publication of the last call that was taken; None where its files are gone, too."""
    query = sa.select(webhook_calls.c.publication).where(webhook_calls.c.delivered)
    with reading(engine) as connection:
        number = connection.scalar(query.order_by(webhook_calls.c.at.desc()).limit(1))
    if number is not None:
        with suppress(VigistockError):
            return open_publication(engine, workspace.publications, number)
    return None


def _keep(engine: sa.Engine, event: str, number: int, told: Told, attempts: int) -> None:
    row = {"id": event, "publication": number, "attempts": attempts, **vars(told)}
    with writing(engine) as connection:
        connection.execute(sa.delete(webhook_calls).where(webhook_calls.c.id == event))
        connection.execute(sa.insert(webhook_calls), row | {"at": dt.datetime.now(dt.UTC)})
