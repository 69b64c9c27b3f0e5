"""Routes that take a body take a small one: what is larger is refused before it fills memory."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message

MOST_BYTES: Final = 65_536


class BoundedRoute(APIRoute):
    """Answers 413 to a body of more than `MOST_BYTES`, however it is sent."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            received = 0

            async def receive() -> Message:
                nonlocal received
                message = await request.receive()
                received += len(message.get("body", b""))
                if received > MOST_BYTES:
                    raise HTTPException(413, f"The body is larger than {MOST_BYTES} bytes.")
                return message

            return await handle(Request(request.scope, receive))

        return bounded
