"""Pages for people: plain HTML from templates, styled from one file, without scripts."""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

_templates: Final = Environment(
    loader=PackageLoader("api.pages"),
    autoescape=select_autoescape(default=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
_markdown: Final = MarkdownIt("commonmark", {"html": False})
_templates.filters["markdown"] = lambda text: Markup(_markdown.render(text))
_templates.filters["markdown_line"] = lambda text: Markup(_markdown.renderInline(text))
STYLE: Final = (resources.files("api.pages") / "static" / "vigistock.css").read_bytes()


def render(template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(_templates.get_template(template).render(**values))
