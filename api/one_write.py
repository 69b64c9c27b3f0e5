"""Head and body of a small answer leave the service together.

uvicorn writes the head of an answer and then its body, and each write is a call of the kernel and,
on a connection without Nagle's algorithm, a packet and a wake-up of the client: for a short answer
that is as much work as making it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class OneWrite(HttpToolsProtocol):
    """uvicorn's protocol over a transport that joins two writes of the same turn of the loop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Joining(transport))  # type: ignore[arg-type]


class Joining:
    """A transport that keeps a write until the next one, or until the loop's turn has ended.

    Nothing waits longer than that, nothing is reordered, and a close sends first what is kept.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._kept: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._transport.writelines([kept, data])
        elif data:
            self._kept = data
            asyncio.get_running_loop().call_soon(self._send)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._transport.write(kept)
