"""What stands around every page: navigation by what the caller may do, language, and freshness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from api.clock import NEAR_DAYS, days_behind
from api.dependencies import Publications
from api.key_ring import KeyRing
from api.pages import text_of
from api.pages.language import COOKIE, LANGUAGES, catalogue, language_of
from api.security import ANYBODY, OPEN, Caller, may
from api.served import Served
from api.sessions import csrf_token


def _(message: str) -> str:
    """Marks what the catalogues translate, where the language is not known yet."""
    return message


NAVIGATION: Final = (
    ("/", _("Morning list")),
    ("/orders", _("Supplier orders")),
    ("/flow", _("Flow of risk")),
    ("/plans", _("Continuity plans")),
    ("/monday", _("Monday")),
    ("/data", _("Data")),
)
A_YEAR: Final = 365 * 86_400
LIVE: Final = {"Cache-Control": "private, no-store", "Vary": "Cookie, Accept-Language"}


@dataclass(frozen=True)
class Frame:
    """One request for a page."""

    request: Request
    language: str

    def _(self, message: str) -> str:
        return catalogue(self.language).gettext(message)

    @property
    def publications(self) -> Publications:
        found: Publications = self.request.app.state.publications
        return found

    @property
    def ring(self) -> KeyRing:
        found: KeyRing = self.request.app.state.ring
        return found

    @property
    def caller(self) -> Caller | None:
        """None where nobody was let in."""
        found: Caller | None = self.request.scope.get("state", {}).get("caller")
        return found

    @property
    def is_open_to_all(self) -> bool:
        """A page for whoever asks: it does not know who that is."""
        return self.request.url.path in OPEN and not self.ring.is_open

    def may(self, method: str, path: str) -> bool:
        return self.caller is not None and may(self.caller, method, path)

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """`values`: what the template shows."""
        token = self.request.scope.get("state", {}).get("session", "")
        caller = self.caller
        frame = {
            "path": self.request.url.path,
            "navigation": [
                {"address": address, "name": self._(name)}
                for address, name in NAVIGATION
                if self.may("GET", address) and not self.is_open_to_all
            ],
            "switches": [
                {
                    "language": language,
                    "name": name,
                    "address": f"?{self.request.url.include_query_params(lang=language).query}",
                }
                for language, name in LANGUAGES.items()
                if language != self.language
            ],
            "caller": None if caller in (None, ANYBODY) else caller,
            "may": self.may,
            "csrf": csrf_token(token) if token else "",
            "trouble": self.publications.trouble if self.publications.degraded else "",
            "freshness": None,
        }
        text = text_of(template, self.language, frame | values)
        page = HTMLResponse(text, status, headers=dict(LIVE))
        asked = self.request.query_params.get("lang", "")
        if asked in LANGUAGES:
            page.set_cookie(COOKIE, asked, max_age=A_YEAR, samesite="lax", path="/")
        return page

    def sign_in(self, *, back: str, failed: str = "", status: int = 200) -> HTMLResponse:
        """The form: for a password where there are users, for a key where there are keys; `back`:
        where to go on, `failed`: what of it was no good."""
        known = self.ring.seen
        return self.page(
            "sign_in.html",
            status=status,
            back=back,
            failed=failed,
            users=bool(known.users),
            keys=bool(known.keys),
        )


def freshness_of(served: Served) -> dict[str, Any]:
    """Until when the numbers know, and whether that is long ago."""
    made = served.provenance
    age, is_stale = days_behind(made["origin_end"], made["frequency"])
    return {
        "until": made["origin_end"],
        "made": made["created_at"],
        "publication": made["publication"],
        "age_days": age,
        "frequency": made["frequency"],
        "is_stale": is_stale,
        "is_old": age > NEAR_DAYS,
    }


def frame_of(request: Request) -> Frame:
    usual = request.app.state.publications.workspace.options.language
    return Frame(request, language_of(request, usual))


InFrame = Annotated[Frame, Depends(frame_of)]
