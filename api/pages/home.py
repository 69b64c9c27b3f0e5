"""`/`: the first lines of the planner's list, French or English."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.dependencies import InPublications
from api.pages import STYLE, render
from api.planner_list import WORDS, Line, planner_list
from forecasting.errors import NotReady

router = APIRouter(include_in_schema=False)

LINES: Final = 20


@router.get("/")
async def home(
    request: Request,
    publications: InPublications,
    lang: Annotated[str | None, Query(max_length=5)] = None,
) -> HTMLResponse:
    language = language_of(request, lang, publications.workspace.options.language)
    page = {
        "title": "Vigistock",
        "language": language,
        "other": "en" if language == "fr" else "fr",
        "words": WORDS[language],
    }
    try:
        served = await publications.current()
    except NotReady as nothing:
        return render("home.html", **page, trouble=str(nothing))
    listed = planner_list(served.reader, language, limit=LINES)
    rows = [vars(line) | {"address": _address(line)} for line in listed.lines]
    counts = listed.counts(language)
    return render("home.html", **page, trouble="", made=served.provenance, rows=rows, counts=counts)


@router.get("/static/vigistock.css")
async def style() -> Response:
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


def language_of(request: Request, asked: str | None, usual: str) -> str:
    """What is asked for, else the first of Accept-Language that we speak, else the workspace's."""
    accepted = request.headers.get("accept-language", "").split(",")
    wanted = [asked or "", *(item.split(";")[0].strip()[:2].lower() for item in accepted)]
    return next((language for language in wanted if language in WORDS), usual)


def _address(line: Line) -> str:
    return f"/v1/series/{quote(line.site, safe='')}/{quote(line.sku, safe='')}"
