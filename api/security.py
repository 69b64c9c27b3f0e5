"""Who may ask what: one table of routes and scopes, checked before any route answers.

A route that is not in the table is for admin keys alone, and for none that is limited to sites:
whoever adds a route says here who may use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from api.errors import Forbidden
from api.keys import Scope
from api.pages import assets


@dataclass(frozen=True)
class Caller:
    """Who asks. `sites` None: rows of every site; else of these alone."""

    prefix: str
    name: str
    scope: Scope
    sites: frozenset[str] | None = None

    def sees(self, site: str) -> bool:
        return self.sites is None or site in self.sites

    @property
    def sender(self) -> str:
        """Whose its deliveries are: every key's of its name and sites. Keys follow each other under
        one name, but the same name at other sites is somebody else."""
        return self.name if self.sites is None else "\n".join([self.name, *sorted(self.sites)])


ANYBODY: Final = Caller("", "", Scope.ADMIN)
"""Whoever asks while no key exists, on this machine; and whoever asks what is open to all."""


@dataclass(frozen=True)
class Rule:
    """`by_site`: a key limited to sites is answered with its own rows; else it is refused."""

    scopes: frozenset[Scope] = frozenset()
    by_site: bool = False


def _rule(*scopes: Scope, by_site: bool = False) -> Rule:
    return Rule(frozenset(scopes), by_site)


_READ: Final = _rule(Scope.PLANNER, Scope.SCIENTIST, by_site=True)
_PULL: Final = _rule(Scope.PLANNER, Scope.ERP, Scope.SCIENTIST, by_site=True)
_PUSH: Final = _rule(Scope.ERP, by_site=True)
_ALL: Final = _rule(Scope.PLANNER, Scope.ERP, Scope.SCIENTIST)

RULES: Final[Mapping[str, Rule]] = {
    "GET /": _READ,
    "GET /changes": _READ,
    "GET /series": _READ,
    "GET /orders": _rule(Scope.PLANNER, Scope.ERP, by_site=True),
    "GET /flow": _READ,
    "GET /plans": _READ,
    "GET /plans/compare": _READ,
    "GET /plans/{number}": _READ,
    "GET /monday": _rule(Scope.PLANNER, Scope.SCIENTIST),
    "GET /data": _rule(Scope.PLANNER, Scope.ERP, Scope.SCIENTIST, by_site=True),
    "GET /data/{number}": _PUSH,
    "POST /sign-out": _rule(*Scope, by_site=True),
    "GET /v1/warnings": _READ,
    "GET /v1/warnings/{warning}": _READ,
    "PATCH /v1/warnings/{warning}": _rule(Scope.PLANNER, by_site=True),
    "GET /v1/series": _READ,
    "GET /v1/series/{site:path}/{sku:path}": _READ,
    "GET /v1/forecasts": _PULL,
    "GET /v1/groups": _READ,
    "GET /v1/groups/{group}": _READ,
    "GET /v1/proposals": _rule(Scope.PLANNER, Scope.ERP, by_site=True),
    "GET /v1/publications": _PULL,
    "GET /v1/publications/{number}": _PULL,
    "POST /v1/publications": _ALL,
    "POST /v1/publications/{number}/receipt": _rule(Scope.ERP),
    "POST /v1/feeds/{feed}": _PUSH,
    "GET /v1/feeds/deliveries": _PUSH,
    "GET /v1/feeds/deliveries/{number}": _PUSH,
    "GET /v1/feeds/deliveries/{number}/rejects": _PUSH,
    "POST /v1/jobs": _rule(Scope.SCIENTIST),
    "GET /v1/jobs/{number}": _ALL,
    "GET /v1/scenarios": _READ,
    "POST /v1/scenarios": _rule(Scope.PLANNER, Scope.SCIENTIST),
    "GET /v1/scenarios/{number}": _READ,
    "GET /v1/flow": _READ,
    "GET /v1/overrides": _READ,
    "POST /v1/overrides": _rule(Scope.PLANNER, by_site=True),
    "GET /v1/overrides/{number}": _READ,
    "DELETE /v1/overrides/{number}": _rule(Scope.PLANNER, by_site=True),
    "GET /v1/kpis": _PULL,
    "GET /v1/models": _rule(Scope.PLANNER, Scope.SCIENTIST),
    "POST /v1/models/{name}/promote": _rule(Scope.SCIENTIST),
    "POST /v1/models/{name}/rollback": _rule(Scope.SCIENTIST),
    "GET /v1/scorecard": _rule(Scope.PLANNER, Scope.SCIENTIST),
    "GET /metrics": _rule(),
}
"""Method and path of a route, and who may use it beside admin keys."""

ADMIN_ALONE: Final = Rule()
OPEN: Final = frozenset(
    {"/health/live", "/health/ready", "/docs", "/openapi.json", "/sign-in", *assets.PATHS}
)
"""Paths that need no key: they say nothing of any site, item or figure."""


def rule_of(method: str, path: str) -> Rule:
    method = "GET" if method == "HEAD" else method
    return RULES.get(f"{method} {path}", ADMIN_ALONE)


def may(caller: Caller, method: str, path: str) -> bool:
    """Would this caller be answered? What it may not do is not offered to it."""
    if caller is ANYBODY:
        return True
    rule = rule_of(method, path)
    in_scope = caller.scope is Scope.ADMIN or caller.scope in rule.scopes
    return in_scope and (caller.sites is None or rule.by_site)


def caller_of(request: Request) -> Caller:
    found: Caller = request.scope["state"]["caller"]
    return found


InCaller = Annotated[Caller, Depends(caller_of)]


async def check_scope(request: Request) -> None:
    """Of every route: raises Forbidden where the caller's key is for something else."""
    caller = caller_of(request)
    if caller is ANYBODY:
        return
    rule = rule_of(request.method, request.scope["route"].path)
    if caller.scope is not Scope.ADMIN and caller.scope not in rule.scopes:
        wanted = sorted(scope.value for scope in {*rule.scopes, Scope.ADMIN})
        raise Forbidden(
            f"A key of scope {caller.scope.value} may not ask this.",
            next_step=f"Use a key of scope {' or '.join(wanted)}.",
        )
    if caller.sites is not None and not rule.by_site:
        raise Forbidden(
            "This answer covers every site, and the key is limited to some.",
            next_step="Use a key that is not limited to sites.",
        )
