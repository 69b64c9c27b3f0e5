"""Scenarios and the flow of risk, as documented in /openapi.json."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.schemas.shared import Chance, Provenance
from models.scenarios.declaration import Scenario
from models.scenarios.totals import Verdict


class ScenarioRequest(Scenario):
    """What to suppose, all of it together."""

    publication: Annotated[
        int | None,
        Field(strict=True, ge=1, le=2**31 - 1, description="the base; null: the current one"),
    ] = None


class Figures(BaseModel):
    """Of one currency; units and value expected to be lost, up to the last day that is seen."""

    currency: str
    units_short_base: float
    units_short_scenario: float
    units_short_added: float
    value_base: float
    value_scenario: float
    value_added: float
    units_turned_away: float = Field(description="demand that finds its site closed")
    value_turned_away: float


class ScenarioTotals(BaseModel):
    series: int = Field(ge=0, description="that the scenario concerns")
    broken: int = Field(ge=0, description="a stockout is more likely than not, and was not")
    sooner: int = Field(ge=0, description="likely before and after, and now earlier")
    worse: int = Field(ge=0)
    better: int = Field(ge=0)
    relieved: int = Field(ge=0)
    first_break: dt.date | None
    by_currency: list[Figures] = Field(
        description="sums over the series concerned (`series`) alone; currencies are never added"
    )


class ScenarioSummary(BaseModel):
    scenario: int = Field(ge=1)
    name: str
    publication: int = Field(ge=1, description="the base that it is compared with")
    created_at: dt.datetime = Field(description="UTC")
    changes: list[dict[str, Any]] = Field(description="as declared")
    totals: ScenarioTotals | None = Field(description="null for a key that sees some sites only")
    notes: list[str] = Field(
        description="what a reader must know: promotion_model, promotion_stated, goes_on, "
        "most_weighed"
    )
    until: dt.date = Field(description="the last day that is seen")


class ScenarioPage(BaseModel):
    count: int = Field(ge=0)
    items: list[ScenarioSummary] = Field(description="the newest first")
    next: str | None


class ScenarioSeries(BaseModel):
    """One series before and after. Probabilities of a stockout up to the last day seen."""

    site: str
    sku: str
    description: str
    uom: str = Field("", description="unit of measure; blank where none is known")
    category: str
    supplier: str
    buyer: str
    source: str = Field(description="site that feeds it; blank: a supplier")
    currency: str
    verdict: Verdict
    counts: bool = Field(description="in the totals; a row that others draw from is not")
    probability_base: float = Chance
    probability_scenario: float = Chance
    p_no_order_base: float = Chance
    p_no_order_scenario: float = Chance
    breaks_on_base: dt.date | None = Field(description="by its end a stockout is likely")
    breaks_on_scenario: dt.date | None
    units_short_base: float
    units_short_scenario: float
    units_short_added: float
    value_base: float | None
    value_scenario: float | None
    value_added: float | None
    units_turned_away: float
    value_turned_away: float | None
    out: bool = Field(description="already at the origin")


class ScenarioGroup(Figures):
    dimension: Literal["site", "supplier", "category"]
    code: str
    broken: int
    relieved: int


class ScenarioAction(BaseModel):
    action: str = Field(
        description="order, transfer, expedite, substitute; find: elsewhere, by anybody"
    )
    source: str
    order_id: str
    sku: str
    item: str = Field(description="of a substitute: the other sku, whose units are told; or blank")
    description: str = Field(description="of the item; blank where none is known")
    uom: str = Field(description="unit of measure of the item; blank where none is known")
    currency: str
    units: float
    by: str = Field(description="first deadline, with the cut-off time if there is one; or blank")
    series: int = Field(description="that it helps")
    sites: str
    value: float | None = Field(description="that the scenario adds to what is at risk there")


class ScenarioDetail(ScenarioSummary):
    series: list[ScenarioSeries] = Field(description="the most serious first")
    groups: list[ScenarioGroup]
    actions: list[ScenarioAction]


class FlowNode(BaseModel):
    currency: str
    node: str = Field(examples=["supplier:NOVAPACK"])
    kind: Literal["supplier", "item", "category", "site", "customers"]
    code: str
    value: float = Field(ge=0, description="at risk, that flows through it")
    units: float = Field(ge=0)


class FlowEdge(BaseModel):
    currency: str
    from_node: str
    to_node: str
    value: float = Field(ge=0)
    units: float = Field(ge=0)
    series: int = Field(ge=1)


class Place(BaseModel):
    site: str
    latitude: float = Field(description="degrees north")
    longitude: float = Field(description="degrees east")


class FlowAnswer(BaseModel):
    """What flows into a node flows out of it, in each currency."""

    provenance: Provenance
    nodes: list[FlowNode]
    edges: list[FlowEdge]
    places: list[Place] = Field(description="where the sites are that have coordinates")
