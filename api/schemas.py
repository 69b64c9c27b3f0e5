"""What the service answers, as documented in /openapi.json: each field with its unit.

Routes build plain values from the mapped parts and write them with orjson; tests hold them against
these schemas.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from models.attention import Attention
from models.publication.lives import Action, State


def _without_control_signs(text: str) -> str:
    if any(ord(sign) < 32 and sign not in "\t\n\r" for sign in text):
        raise ValueError("control characters are no text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is no text") from None
    return text


def _written(day: Any) -> Any:
    if day is not None and not isinstance(day, str):
        raise ValueError("a day is written 2026-11-22")
    return day


Chance = Field(ge=0, le=1)


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(examples=["urn:vigistock:problem:not_found"])
    title: str
    status: int = Field(ge=400, le=599, examples=[404])
    detail: str = Field(description="what was found wrong, in words")
    instance: str = Field(description="path of the request")
    code: str = Field(description="kind of the problem, for machines", examples=["not_found"])
    request_id: str = Field("", description="as in the header `X-Request-ID` and in the log")
    next_step: str = Field("", description="what to do about it")
    facts: dict[str, Any] | None = Field(None, description="what was found, for machines")
    errors: list[Fault] | None = Field(None, description="of an invalid request, one by one")


class Fault(BaseModel):
    where: str = Field(examples=["query.limit"])
    problem: str = Field(examples=["Input should be less than or equal to 500"])


class Provenance(BaseModel):
    """Where the numbers come from."""

    publication: int = Field(ge=1, examples=[12])
    origin: str = Field(
        description="last complete period known: 2026-11-22, 2026-W47 or 2026-11",
        examples=["2026-11-22"],
    )
    origin_end: dt.date = Field(description="last day of the origin")
    frequency: Literal["D", "W", "M"] = Field(description="length of a period: day, week, month")
    created_at: dt.datetime = Field(description="UTC")
    data_cut: dict[str, dt.date] = Field(
        description="by feed: the latest business date looked at",
        examples=[{"sales": "2026-11-22", "stock": "2026-11-22"}],
    )
    models: dict[str, int] = Field(
        description="registered model: version",
        examples=[{"demand-forecast": 3, "rupture-risk": 3}],
    )
    code_version: str
    data_digest: str = Field(description="sha256 of everything learned from")


class Warning(BaseModel):
    """One series at risk, or out already. The main horizon is `horizon_days` long."""

    model_config = ConfigDict(extra="allow")

    warning: int | None = Field(description="number of the warning; null: none is announced")
    site: str
    sku: str
    state: str = Field(
        description="out: out of stock already; new, acknowledged …: a warning's life; none",
        examples=["new"],
    )
    probability: float = Field(
        ge=0, le=1, description="that a period of the main horizon closes in stockout"
    )
    horizon_days: float = Field(description="length of the main horizon, days", examples=[14])
    probabilities: dict[str, float] = Field(
        description="by horizon: p_7d, p_14d …, p_1w …, p_1m …; they never fall with the horizon",
        examples=[{"p_7d": 0.12, "p_14d": 0.61, "p_28d": 0.83}],
    )
    stockout_on: dt.date | None = Field(description="median day, given a stockout in the horizon")
    stockout_on_p10: dt.date | None = Field(description="one in ten is earlier")
    stockout_on_p90: dt.date | None = Field(description="one in ten is later")
    days_of_cover: float | None = Field(description="sellable ÷ mean demand, without arrivals")
    units_short: float | None = Field(description="expected units not served, main horizon")
    value_at_risk: float | None = Field(description="expected loss, in `currency`")
    currency: str = Field(examples=["EUR"])
    causes: Any = Field(description="why, the strongest first: code, share and facts")
    act_by: str | None = Field(
        description="last moment of the recommended action, site time; too_late; null: unknown",
        examples=["2026-11-24 11:00"],
    )
    actions: Any = Field(description="what can still be done: code, units, by …")
    method: str = Field(description="rung of the ladder", examples=["structural"])
    p_no_order: float | None = Field(description="as probability, with what is on order only")
    p_before_next_receipt: float | None = Field(description="stockout before the next receipt")
    back_on: dt.date | None = Field(description="of a series that is out: median day of refill")


class Option(BaseModel):
    """One thing that can be done about a series, and its effect if done at once."""

    model_config = ConfigDict(extra="allow")

    rank: int = Field(ge=1)
    code: Literal["order", "transfer", "expedite", "count", "substitute", "accept"]
    recommended: bool
    in_time: bool = Field(description="it spares at least half of what would be lost")
    units: float = Field(
        ge=0, description="to order, to ship, on the order called for, or on record"
    )
    source: str = Field(description="supplier or site; of a count the site itself; blank: none")
    order_id: str
    item: str = Field(description="another sku, of a substitute")
    act_by: str | None = Field(description="last moment at which it is in time, local to the site")
    arrives_on: dt.date | None = Field(description="asked for")
    residual_probability: float = Field(
        ge=0, le=1, description="of the main horizon, by projection and learned model with it done"
    )
    units_saved: float = Field(description="expected, main horizon, beyond what is ordered anyway")
    loss_avoided: float | None = Field(description="the same in `currency`")
    currency: str
    cost: float | None = Field(description="by the settings, `currency`; null: not costed")
    regret: float | None = Field(
        description="loss avoided that a day's (an order day's) wait costs"
    )
    sentence_fr: str
    sentence_en: str
    at_site: str | None = Field(
        None, description="where it is done, if at the site that ships here; blank: at its own"
    )


class WarningPage(BaseModel):
    provenance: Provenance
    count: int = Field(ge=0, description="warnings that match, on all pages")
    items: list[Warning]
    next: str | None = Field(description="address of the next page; null on the last")


class Life(BaseModel):
    """What people did with a warning, as it stands."""

    warning: int
    site: str
    sku: str
    state: Literal["new", "acknowledged", "assigned", "snoozed", "resolved", "expired"]
    revision: int = Field(ge=1, description="rises with each change; the end of the ETag")
    assigned_to: str = Field(description="blank: nobody")
    snoozed_until: dt.date | None = Field(description="the first day on which it is new again")
    action: str = Field(description="what somebody did about it; blank: nothing yet")
    opened_at: dt.datetime = Field(description="UTC")
    changed_at: dt.datetime = Field(description="UTC")


class LifeChange(BaseModel):
    """One step of a life; it stays for good."""

    revision: int
    at: dt.datetime = Field(description="UTC")
    who: str = Field(description="name of the key; blank: nobody in particular")
    state: str
    assigned_to: str
    snoozed_until: dt.date | None
    action: str
    comment: str


class LifeAnswer(BaseModel):
    life: Life
    changes: list[LifeChange] = Field(description="oldest first")


Words = Annotated[str, AfterValidator(_without_control_signs)]


class WarningChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = Field(None, description="snoozed and assigned follow from their fields")
    assigned_to: Words | None = Field(None, max_length=200, description="blank: nobody")
    snoozed_until: Annotated[dt.date | None, BeforeValidator(_written)] = Field(
        None, description="a day after today"
    )
    action: Action | None = Field(
        None, description="counts in the scorecard: such a warning is no false alarm"
    )
    comment: Words = Field("", max_length=2_000)


class WarningAnswer(LifeAnswer):
    provenance: Provenance
    warning: Warning
    options: list[Option] = Field(description="what can be done, the recommended first")


class PeriodForecast(BaseModel):
    """Demand of a series in one period, units."""

    model_config = ConfigDict(extra="allow")

    period: str = Field(examples=["2026-W48"])
    period_start: dt.date
    mean: float = Field(ge=0, description="expected demand, units")
    quantiles: dict[str, float] = Field(
        description="units by level in thousandths; never crossing",
        examples=[{"q100": 2.0, "q500": 7.0, "q900": 15.0}],
    )
    method: str = Field(description="rung of the ladder", examples=["combination"])
    mean_units: float = Field(description="expected units sold, stock allowing")
    reason: str = Field(description="why this method")


class ForecastRow(PeriodForecast):
    """Demand of one series in one period, units."""

    site: str
    sku: str
    change: Literal["new", "changed"] | None = Field(None, description="in a delta only")


class ForecastTombstone(BaseModel):
    """A row of the earlier publication that this one does not have: take it out."""

    site: str
    sku: str
    period: str = Field(examples=["2026-W47"])
    period_start: dt.date
    change: Literal["gone"]


class ForecastPage(BaseModel):
    provenance: Provenance
    grain: Literal["day", "week", "month"]
    changed_since: int | None = Field(
        None, description="the publication that the items change into this one; null: all rows"
    )
    count: int = Field(ge=0, description="rows that match, on all pages")
    items: list[ForecastRow | ForecastTombstone]
    next: str | None = Field(description="address of the next page; null on the last")


class ProposalLine(BaseModel):
    """One line of an order to place; lines with the same `proposal` are one order."""

    model_config = ConfigDict(extra="allow")

    proposal: int = Field(ge=1, description="number of the order within the publication")
    order_on: dt.date = Field(description="day on which the source takes the order")
    cutoff_time: str = Field(description="last time of that day, local to the site; blank: unknown")
    supplier: str = Field(description="blank: another site sends it")
    source_site: str = Field(description="the site that sends a transfer; blank: a supplier does")
    buyer: str
    site: str = Field(description="where it is delivered")
    sku: str
    description: str
    units: float = Field(gt=0)
    packs: float | None = Field(description="units ÷ pack size; null: none is stated")
    unit_cost: float | None
    value: float | None = Field(description="units × unit_cost, in `currency`")
    currency: str = Field(examples=["EUR"])
    reason: Literal["below_reorder_point", "cover_too_short", "fill_up"]
    expected_on: dt.date = Field(description="day by which half of such orders have come")
    days_of_cover_then: float | None = Field(
        description="position on the order day, before the order ÷ mean demand a day"
    )
    position_then: float = Field(description="on hand and on order on that day, expected, units")
    excess_units: float = Field(ge=0, description="of units, more than the item needs by itself")
    excess_value: float | None = Field(description="the same, in `currency`")
    minimum_value: float | None = Field(description="least value of an order of the supplier")
    minimum_units: float | None = Field(description="least units of an order of the supplier")
    minimum_reached: bool | None = Field(description="null: none is stated, or costs are unknown")
    order_value: float | None = Field(description="of all lines of the order")
    order_units: float
    source_stock: float | None = Field(
        None, description="of a transfer: sellable at the sending site on that day, expected, units"
    )
    silent_since: dt.date | None = Field(
        None, description="nothing came from the supplier since, with orders overdue; null: it does"
    )


class ProposalPage(BaseModel):
    provenance: Provenance
    count: int = Field(ge=0, description="lines that match, on all pages")
    items: list[ProposalLine] = Field(description="by order day, then source and site")
    next: str | None = Field(description="address of the next page; null on the last")


class PromiseHit(BaseModel):
    """An open line of a customer's order that the shelf may not serve on time."""

    order_id: str
    customer: str = ""
    site: str
    sku: str
    units: float = Field(ge=0, description="still to be shipped")
    due_on: dt.date | None = Field(None, description="null: as soon as possible")
    back_on: dt.date | None = Field(None, description="when the series is back, where it is out")
    chance: float | None = Field(None, ge=0, le=1, description="to be late on its due day")


class KpiFigure(BaseModel):
    """A KPI of one period and place."""

    model_config = ConfigDict(extra="allow")

    kpi: str = Field(description="its name (docs/kpis.md)", examples=["supplier_otif"])
    grain: Literal["week", "month"]
    period: str = Field(examples=["2026-10", "2026-W47"])
    period_start: dt.date
    by: Literal["total", "site", "supplier", "category", "kind"]
    site: str = Field(description="blank: all that the key sees")
    supplier: str = Field(description="blank: all, or not known")
    category: str = Field(description="blank: all, or not known")
    kind: str = Field(description="of costs; blank: all")
    currency: str = Field(description="of money, or of what weighs; blank: none", examples=["EUR"])
    value: float | None = Field(description="in `unit`; null: see `missing`")
    unit: Literal["share", "days", "per_year", "per_thousand", "money", "money_per_unit"]
    p90: float | None = Field(description="of a KPI with a spread: what nine in ten do not exceed")
    numerator: float | None = Field(description="parts of places add up to those of the whole")
    denominator: float | None = Field(description="null: the value is an amount")
    rows: int = Field(ge=0, description="order lines, closes, series or costs counted")
    left_out: int = Field(ge=0, description="that could not be counted: no cost, no day promised")
    censored: int = Field(ge=0, description="counted and still open: the value is at least this")
    before: float | None = Field(description="value of the period before")
    year_before: float | None = Field(description="of the same month, or 52 weeks, before")
    trend: Literal["better", "worse", "steady", "up", "down", ""] = Field(
        description="against `before`; blank: one of both is partial or missing"
    )
    partial: bool = Field(description="the period is not over at the origin, or began before data")
    missing: Literal["", "feed_absent", "feed_silent", "not_yet", "nothing_counted"] = Field(
        description="why there is no value; feed_silent: since `missing_since`"
    )
    missing_feed: str = Field(description="feed, or `feed.column`", examples=["costs"])
    missing_since: dt.date | None


class KpiPage(BaseModel):
    provenance: Provenance
    count: int = Field(ge=0, description="figures that match, on all pages")
    items: list[KpiFigure] = Field(description="by KPI, then place and currency, then period")
    next: str | None = Field(description="address of the next page; null on the last")


class Group(BaseModel):
    """Warnings and stockouts that one action repairs; each series is in one group at most."""

    model_config = ConfigDict(extra="allow")

    group: int = Field(ge=1, description="by rank, within the publication")
    code: Literal["expedite", "order", "transfer", "count", "substitute", "none"]
    source: str = Field(description="whom to ask: supplier or site")
    orders: str = Field(description="orders concerned, what they save most first")
    buyer: str
    attention: Attention = Field(
        description="today: within the buyer's `daily_budget` of actions; left_out: beyond it; "
        "accepted: avoiding it costs more than it saves, or saves next to nothing; unavoidable: "
        "nothing known repairs a tenth of it, and it is out or more likely than not to be: tell "
        "the customers; watch: nothing known does, but it is less likely, or no customer misses it"
    )
    rank: int = Field(ge=0, description="among the buyer's actions; 0: not to be done")
    act_by: str | None = Field(description="first deadline, local to the site")
    series: int = Field(ge=1)
    out: int = Field(ge=0, description="of them, out of stock already")
    ruptures_avoided: float = Field(ge=0, description="expected")
    units_saved: float = Field(description="expected, what customers and consumption miss less")
    loss_avoided: float | None = Field(description="expected, `currency`; at most `loss`")
    loss: float | None = Field(
        description="expected within the main horizon, with what is ordered anyway"
    )
    currency: str
    cost: float | None = Field(description="of the action, by the settings; null: not costed")
    at_sites: list[str]
    why_fr: str
    why_en: str
    headline_fr: str
    headline_en: str
    message_fr: str = Field(description="ready to send; blank: there is nobody to write to")
    message_en: str
    customer_orders: list[PromiseHit] = Field(
        default_factory=list, description="that its stockouts hit, the first due first"
    )


class GroupPage(BaseModel):
    provenance: Provenance
    count: int = Field(ge=0)
    items: list[Group] = Field(description="the most expected loss avoided first")


class GroupAnswer(BaseModel):
    provenance: Provenance
    group: Group
    warnings: list[Warning] = Field(description="its series, in the planner's order")


class HistoryRow(BaseModel):
    model_config = ConfigDict(extra="allow")

    period: str
    period_start: dt.date
    units: float | None = Field(description="units sold or issued; null: not reported")
    demand: float | None = Field(
        default=None,
        description="units wanted: those sold, and what an empty shelf is estimated to have missed",
    )
    demand_sd: float | None = Field(
        default=None, description="units, standard deviation of what was added; 0: nothing was"
    )
    on_hand: float | None = Field(description="units at close; null: unknown")
    rebuilt: bool = Field(
        default=False, description="on_hand is no picture but walked back from a later one"
    )
    availability: float | None = Field(description="share of the period in stock, 0..1")
    receipts: float | None = Field(description="units received")


class ProjectionRow(BaseModel):
    """The stock along the demand paths and arrivals: the arithmetic behind the warning."""

    model_config = ConfigDict(extra="allow")

    period: str
    on_hand_mean: float | None = Field(description="units at close")
    on_hand_p10: float | None
    on_hand_p90: float | None
    arrivals_mean: float | None = Field(description="units expected to arrive")
    demand_mean: float | None = Field(description="units wanted")
    p_out: float | None = Field(description="chance to close the period in stockout")
    losses_mean: float | None = Field(
        default=None, description="units expected to expire, or to be lost unbooked"
    )


class SeriesAnswer(BaseModel):
    """Everything known of one series."""

    provenance: Provenance
    site: str
    sku: str
    master: dict[str, Any] = Field(description="item, supplier, stock and orders at the origin")
    history: list[HistoryRow] = Field(description="the last periods up to the origin")
    forecasts: dict[str, list[PeriodForecast]] = Field(description="by grain")
    projection: list[ProjectionRow]
    risk: Warning
    options: list[Option] = Field(description="what can be done, the recommended first")
    breakdown: list[Figure] = Field(
        description="how each figure of the risk comes about, and what people know better"
    )
    overridden: list[OverriddenFigure] = Field(
        description="figures that an override changed, before and after"
    )


class OverriddenFigure(BaseModel):
    """One figure as the data or the model had it, and as somebody knows it better."""

    override: str = Field(description="its number; several where they moved it together")
    kind: Literal["demand", "stock", "order", "risk"]
    grain: str = Field(description="of a demand: day, week, month")
    period: str
    period_start: dt.date | None
    order_id: str
    line: str
    before: float | None = Field(
        description="units: demand of the period, on hand, open; of a risk the chance, 0..1"
    )
    after: float | None
    before_on: dt.date | None = Field(description="day promised, or of the picture of the stock")
    after_on: dt.date | None


class Figure(BaseModel):
    """One number of the risk, and the arithmetic that gives it."""

    name: str = Field(examples=["days_of_cover"])
    value: float | None
    unit: str = Field(examples=["days"])
    formula: str = Field(examples=["sellable ÷ mean demand a day"])
    terms: dict[str, float | str | None] = Field(examples=[{"sellable": 40.0}])


class PublicationSummary(Provenance):
    series: int | None = Field(
        ge=0, description="number of series; null for a key limited to sites, as parts are left out"
    )
    current: bool = Field(description="served when no publication is named")
    parts: dict[str, Part]
    manifest_sha256: str
    pruned_at: dt.datetime | None = Field(description="its files are gone since: 410")
    overrides: list[int] = Field(description="numbers of those alive when it was made")
    withdrawn_at: dt.datetime | None = Field(
        description="its version was rolled back: others are served before it"
    )


class Part(BaseModel):
    """One immutable file."""

    rows: int
    bytes: int
    sha256: str


class PublicationPage(BaseModel):
    count: int = Field(ge=0)
    items: list[PublicationSummary] = Field(description="the current one first")
    next: str | None


class Score(BaseModel):
    """Warnings and ruptures, and how right the chances were.

    A warning is an unbroken run of publications that announced a series.
    """

    warnings: int = Field(ge=0, description="announced; the sum of the five outcomes")
    ruptured: int = Field(ge=0, description="a period of the main horizon closed in stockout")
    averted: int = Field(ge=0, description="held, and would not have without what was done since")
    false_alarm: int = Field(ge=0, description="held, and nothing was done")
    not_attributable: int = Field(ge=0, description="held, and nobody can say why")
    open: int = Field(ge=0, description="held so far; the horizon is not over")
    closed: int = Field(ge=0, description="warnings not open that began a main horizon ago or more")
    precision: float | None = Field(description="of the closed ones, those that ruptured, 0..1")
    averted_share: float | None = Field(description="of the closed ones, those averted, 0..1")
    ruptures: int = Field(ge=0, description="first stockouts after a publication in force")
    announced: int = Field(ge=0, description="of those, with a warning alive on the eve")
    missed: int = Field(ge=0, description="of those, without")
    recall: float | None = Field(description="announced ÷ ruptures, 0..1")
    recall_3_days: float | None = Field(description="announced for 3 days or more ÷ ruptures, 0..1")
    recall_7_days: float | None = Field(description="announced for 7 days or more ÷ ruptures, 0..1")
    lead_days_median: float | None = Field(
        description="days from the first warning of the run alive on the eve to the rupture"
    )
    judged: int = Field(ge=0, description="chances whose event is known: a series and an origin")
    rate: float | None = Field(description="share of them that ran out, 0..1")
    average_precision: float | None = Field(description="of the ranking by chance, 0..1")
    brier_skill: float | None = Field(description="1 − Brier score ÷ that of always saying `rate`")
    ece: float | None = Field(description="mean |chance − rate| over ten equal bins, 0..1")


class OverallScore(Score):
    value_averted: dict[str, float] = Field(
        description="by currency: value at risk of the averted warnings when first said"
    )


class SegmentScore(Score):
    segment: str = Field(description="ABC by value / demand class", examples=["A / smooth"])


class PeriodScore(Score):
    period: str = Field(
        description="ISO week (month, where a period is a month) in which warnings began, ruptures "
        "happened and chances were said",
        examples=["2026-W47"],
    )


class ReliabilityBin(BaseModel):
    """One of ten bins of equally many chances, the lowest first."""

    rows: int = Field(ge=0)
    chance: float = Field(ge=0, le=1, description="mean chance said")
    rate: float = Field(ge=0, le=1, description="share that ran out")


class MethodScore(BaseModel):
    """One way to rank series, had it named as many as we announced at the same origins."""

    method: str = Field(examples=["Vigistock", "days of cover"])
    named: int = Field(ge=0, description="series, counted at each origin")
    hits: float = Field(ge=0, description="of those, that ran out within the main horizon")
    precision: float | None = Field(description="hits ÷ named, 0..1")
    recall: float | None = Field(description="hits ÷ all that ran out, 0..1")
    average_precision: float | None = Field(description="of the ranking, 0..1")
    brier_skill: float | None = Field(description="of chances; null: a rule gives none")
    ece: float | None = Field(description="of chances, 0..1")


class Missed(BaseModel):
    """A rupture without a warning alive on its eve."""

    site: str
    sku: str
    ruptured_on: dt.date = Field(description="last day of the period that closed out")
    eve: str = Field(description="origin of the publication in force", examples=["2026-11-22"])
    publication: int
    probability: float = Field(ge=0, le=1, description="said there, of its main horizon")
    cause: Literal["data", "demand", "supplier", "model"]
    detail: str = Field(description="what happened, in words")


class OverridesScore(BaseModel):
    """Forecasts that people moved, beside those of the model alone, against what came."""

    overrides: int = Field(ge=1, description="judged")
    series: int = Field(ge=1)
    figures: int = Field(ge=1, description="forecasts of a period, in every publication that did")
    wape_model: float | None = Field(description="sum of errors ÷ demand, by the model alone")
    wape: float | None = Field(description="the same, as overridden")
    value_added: float | None = Field(
        description="share of the model's error that people took away; below 0: they added to it"
    )


class ScorecardAnswer(BaseModel):
    judged_up_to: str = Field(description="last complete period known", examples=["2026-11-22"])
    origins: list[str] = Field(description="of the publications judged, oldest first")
    horizon_days: float | None = Field(description="main horizon of the latest, days")
    publications: int = Field(ge=0, description="judged")
    replaced: int = Field(ge=0, description="left out: a later one of the same origin counts")
    learned_later: int = Field(
        ge=0, description="left out: made by a version that had learned from later data"
    )
    pruned: int = Field(ge=0, description="left out: no longer kept (`vigistock publications`)")
    unreadable: int = Field(ge=0, description="left out: files missing or changed")
    seconds: float = Field(ge=0, description="that the computation took")
    overrides: OverridesScore | None = Field(
        None, description="what overrides were worth; null: none can be judged yet"
    )
    overall: OverallScore
    by_segment: list[SegmentScore]
    by_period: list[PeriodScore]
    reliability: list[ReliabilityBin]
    methods: list[MethodScore] = Field(description="ours first, then structural and ERP rules")
    missed: list[Missed] = Field(description="the latest first")


class Health(BaseModel):
    status: Literal["ok"]


class Readiness(BaseModel):
    status: Literal["ready"]
    publication: int
    origin: str
    trouble: str = Field(description="blank, or why a newer publication is not served")


for _model in (Problem, SeriesAnswer, PublicationSummary):
    _model.model_rebuild()


class DeliveryLinks(BaseModel):
    self: str | None = Field(examples=["/v1/feeds/deliveries/7"])
    rejects: str | None


class RejectedRow(BaseModel):
    """A row that was set aside; nothing else of the delivery waits for it."""

    line: int | None = Field(description="of the file; number of the record in JSON and Parquet")
    column: str = Field(examples=["date"])
    code: str = Field(examples=["not_a_date"])
    message: str
    raw: str = Field(description="the row as it came")


class KeptReject(RejectedRow):
    """A row that was set aside, and what became of it."""

    settled_by: int | None = Field(
        description="the later delivery that brought the row again, right this time; null: none yet"
    )


class DeliveryReceipt(BaseModel):
    """What one delivery did: read = accepted + rejected + duplicates."""

    delivery: int | None = Field(ge=1, description="null: only checked, nothing was kept")
    feed: str = Field(examples=["sales"])
    profile: str = Field(examples=["generic"])
    source: str = Field(description="file name")
    digest: str = Field(description="sha256 of content, feed and profile")
    received_at: dt.datetime | None = Field(description="UTC")
    repeated: bool = Field(description="these very bytes were in already; nothing was written")
    read: int = Field(ge=0, description="rows")
    accepted: int = Field(ge=0)
    rejected: int = Field(ge=0)
    duplicates: int = Field(ge=0, description="rows that are there twice, in all columns")
    units_read: float | None = Field(description="control total, units; null: has no quantity")
    units_accepted: float | None
    units_rejected: float | None
    units_duplicates: float | None
    notes: list[str] = Field(description="what a person should know of the reading")
    examples: list[RejectedRow] = Field([], description="the first rejected rows, of a push")
    links: DeliveryLinks


class DeliveryPage(BaseModel):
    items: list[DeliveryReceipt]
    next: str | None


class RejectPage(BaseModel):
    delivery: int
    source: str
    count: int = Field(description="rejected rows of the delivery")
    items: list[KeptReject]
    next: str | None


class PublicationRequest(BaseModel):
    """What to publish."""

    model_config = ConfigDict(extra="forbid")

    as_of: str | None = Field(
        None,
        max_length=10,
        description="a date, 2026-W47 or 2026-11: the last complete period ending on or before it; "
        "null: the last one of the sales",
        examples=["2026-11-22"],
    )


class JobRequest(BaseModel):
    """What to do: learn anew, or fill an empty workspace with the demonstration."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["train", "demo"]
    as_of: str | None = Field(
        None, max_length=10, description="of train: as for a publication", examples=["2026-11-22"]
    )


class JobLinks(BaseModel):
    self: str = Field(examples=["/v1/jobs/3"])
    result: str | None = Field(description="address of what was made")


class Job(BaseModel):
    """Long work. At most one runs; the others wait in order."""

    job: int = Field(ge=1)
    kind: Literal["publish", "train", "demo", "promote", "rollback", "scenario"]
    asked: dict[str, Any]
    state: Literal["queued", "running", "done", "failed"]
    step: str = Field(description="what it is doing, in words")
    asked_at: dt.datetime = Field(description="UTC")
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    result: dict[str, Any] | None = Field(description="of a job that is done")
    error: dict[str, Any] | None = Field(
        description="of one that failed: code, title, detail, next_step, as in a problem"
    )
    links: JobLinks


class PromotionRequest(BaseModel):
    """Which version, and why."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31 - 1, examples=[2])
    force: bool = Field(False, description="against the gate; needs a reason")
    reason: Words = Field("", max_length=1_000, description="kept in the ledger")


class RollbackRequest(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Words = Field("", max_length=1_000, description="kept in the ledger")


class ModelVersion(BaseModel):
    """One learned version: the whole bundle for all series."""

    name: str = Field(examples=["demand-forecast"])
    version: int = Field(ge=1)
    champion: bool = Field(description="in use")
    created_at: dt.datetime = Field(description="UTC")
    origin: str = Field(description="last period that it learned from", examples=["2026-11-22"])
    digest: str = Field(description="sha256 over its files")
    metrics: dict[str, float | None] = Field(
        description="of its backtest, by grain; `segment/…`: by ABC and demand class"
    )


class Promotion(BaseModel):
    name: str
    version: int
    at: dt.datetime = Field(description="UTC")
    who: str
    why: str
    action: Literal["promoted", "forced", "rolled_back"] = Field(
        description="by the gate or as the first; against the gate; back to the one before"
    )


class ModelList(BaseModel):
    versions: list[ModelVersion] = Field(description="the newest first")
    promotions: list[Promotion] = Field(description="the latest first")
