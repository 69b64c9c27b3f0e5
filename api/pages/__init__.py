"""Pages for people: HTML from templates in French or English, styled and moved by our own files.

Nothing comes from outside, and nothing in a page runs that is not a file of ours: the policy of
`api.middleware` forbids inline scripts and styles.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from api.pages import assets
from api.pages.language import LANGUAGES, catalogue, filters

PAGES: Final = frozenset(
    {
        "/",
        "/changes",
        "/series",
        "/orders",
        "/flow",
        "/plans",
        "/monday",
        "/data",
        "/sign-in",
        "/sign-out",
    }
)
PAGES_BELOW: Final = ("/data/", "/plans/")
_markdown: Final = MarkdownIt("commonmark", {"html": False})


def is_page(path: str) -> bool:
    """Is this address answered as HTML, to people?

    >>> is_page("/"), is_page("/data/7"), is_page("/v1/warnings")
    (True, True, False)
    """
    return path in PAGES or path.startswith(PAGES_BELOW)


def text_of(template: str, language: str, values: Mapping[str, Any]) -> str:
    return _templates(language).get_template(template).render(language=language, **values)


@lru_cache
def _templates(language: str) -> Environment:
    templates = Environment(
        loader=PackageLoader("api.pages"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    words = catalogue(language)
    templates.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    templates.filters |= filters(language)
    templates.filters["markdown"] = lambda text: Markup(_markdown.render(text))
    templates.filters["markdown_line"] = lambda text: Markup(_markdown.renderInline(text))
    templates.globals |= {"static": assets.address, "languages": LANGUAGES}
    return templates
