"""The single reads that are asked most, answered without FastAPI's solving of dependencies."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.dependencies import publications_of
from api.security import check_scope

ONE_SERIES: Final = {"site", "sku"}
LONGEST_CODE: Final = 200  # as the routes declare it; what is longer is FastAPI's to refuse


class OneSeries(APIRoute):
    """A route that may be asked for one series by site and sku and nothing else.

    Such a question calls the endpoint at once: there is nothing left to convert or to default, and
    FastAPI's walk through the declared parameters would be up to half of the read. The caller's
    scope and sites are held against the route as ever. Any other question goes the usual way, with
    every check that the parameters declare.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        usual, endpoint = super().get_route_handler(), self.endpoint

        async def handle(request: Request) -> Response:
            codes = _one_series(request)
            if codes is None:
                return await usual(request)
            await check_scope(request)
            found: Response = await endpoint(request, await publications_of(request), **codes)
            return found

        return handle


def _one_series(request: Request) -> dict[str, str] | None:
    """`site` and `sku`, each given once in the path or in the query; None if anything differs."""
    query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    asked = [*request.path_params.items(), *query]
    codes = dict(asked)
    is_plain = (
        len(asked) == len(ONE_SERIES)
        and codes.keys() == ONE_SERIES
        and all(0 < len(code) <= LONGEST_CODE for code in codes.values())
    )
    return codes if is_plain else None
