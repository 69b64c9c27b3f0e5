"""Pages of a long list: addresses that keep every other part of the question."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Request


def pages_of(request: Request, page: int, total: int, each: int) -> dict[str, Any]:
    """For `pages.html`: the page, the last one, and the addresses before and after; "" for none."""
    last = max(1, -(-total // each))
    return {
        "page": page,
        "last": last,
        "before": with_changed(request, page=str(page - 1)) if page > 1 else "",
        "next": with_changed(request, page=str(page + 1)) if page < last else "",
    }


def with_changed(request: Request, **changed: str | None) -> str:
    """The query of this request with some parameters changed; None leaves one out."""
    kept = {name: value for name, value in request.query_params.items() if name not in changed}
    query = urlencode(kept | {name: value for name, value in changed.items() if value})
    return f"?{query}"
