"""`/docs`: every operation of the service, from its own OpenAPI document; no CDN, no script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.pages.frame import Frame

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    document = request.app.openapi()
    frame = Frame(request, "en")
    return frame.page("docs.html", document=document, operations=list(operations_of(document)))


def operations_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "description": operation.get("description", ""),
                "parameters": [_parameter(one) for one in operation.get("parameters", ())],
                "statuses": [
                    f"{status} {response['description']}"
                    for status, response in operation["responses"].items()
                ],
            }


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "required": parameter.get("required", False),
        "type": _type(parameter["schema"]),
        "description": parameter.get("description", ""),
    }


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: its type or choices, bounds and default."""
    inner = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    words = [" | ".join(inner["enum"]) if "enum" in inner else str(inner.get("type", "any"))]
    if "minimum" in inner or "maximum" in inner:
        words.append(f"{inner.get('minimum', '…')} to {inner.get('maximum', '…')}")
    if schema.get("default") is not None:
        words.append(f"default {schema['default']}")
    return ", ".join(words)
