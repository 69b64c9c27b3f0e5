# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Retrain, compare with the champion, look at one warning
#
# The functions used here are the ones that `vigistock train` and `vigistock publish` call. We
# build a small company, teach a first champion, retrain with one assumption changed, ask the
# backtest which of the two forecasts better, and look at one warning with the truth beside it.
#
# `COMPANY = None` builds a demonstration in a temporary folder (a few seconds). Name a workspace
# folder of your own instead to work on your data: training adds versions to its registry, and with
# `hold=True` (`vigistock train --challenger`) it changes no champion but the very first.

# %%
import datetime as dt
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go

from api.demo.history import demo_workspace
from api.workspaces import open_workspace
from forecasting.calendar import origin_of
from forecasting.forecaster import DemandForecaster
from forecasting.out_of_fold import by_origin
from forecasting.panel import build_panel
from forecasting.record import Record
from models.gate import judge
from models.ledger import DEMAND
from models.pipelines.train import train
from models.publication import open_publication
from models.registry import Registry

COMPANY: Path | None = None

# %% [markdown]
# ## The data
#
# Each file goes through its profile: good rows are kept, the others set aside with their reason.

# %%
if COMPANY:
    workspace, demo = open_workspace(COMPANY), None
else:
    folder = Path(tempfile.mkdtemp(prefix="vigistock-"))
    workspace, demo = demo_workspace(folder, sites=2, items=8, days=170)

record = Record.open(workspace.database_url)
record.deliveries()[["feed", "source", "read", "accepted", "rejected", "duplicates"]]

# %% [markdown]
# ## The champion
#
# One MLflow run: settings, data hash, metrics, plots, model card. The first version of a
# workspace becomes champion and is published; in a workspace that has one, this is a challenger.

# %%
champion = train(workspace, hold=True, progress=print)
champion.demand_version, champion.champion, champion.data_digest[:12]

# %% [markdown]
# ## A challenger
#
# The champion corrects sales for the days when the shelf was empty: what was not sold is taken as
# lost. What if those customers all come back later? Then nothing should be added (`unmet = 0`).

# %%
patient = replace(workspace, options=replace(workspace.options, unmet=0.0))
challenger = train(patient, hold=True, progress=print)
challenger.demand_version, challenger.champion

# %%
frequency = workspace.options.frequency
metrics = pd.DataFrame({"champion": champion.metrics, "challenger": challenger.metrics})
own = metrics[metrics.index.str.startswith(f"{frequency.grain}/")]
own.assign(challenger_over_champion=own["challenger"] / own["champion"]).round(3)

# %% [markdown]
# The two are judged on different truths: each on the demand that it believes in. The demonstration
# keeps the real demand aside, so here we can ask who is closer to it, four weeks before the end,
# on the series that ran out at least once.

# %%
last = record.watermarks()["sales"]
origin = origin_of(last - dt.timedelta(days=28), frequency)
panel = build_panel(record, origin, workspace.options)
fitted = {
    name: DemandForecaster(one.options).fit(panel)
    for name, one in (("champion", workspace), ("challenger", patient))
}
forecasts = {name: one.forecast(panel) for name, one in fitted.items()}
ran_out = (panel.on_hand <= 0).any(axis=1)
totals = pd.DataFrame(
    {name: forecast.mean.sum(axis=1) for name, forecast in forecasts.items()},
    index=pd.MultiIndex.from_frame(panel.series[["site", "sku"]]),
)

if demo:
    truth = pd.read_parquet(demo.truth)
    truth = truth[pd.to_datetime(truth["date"]).dt.date > panel.origin_date]
    keys = [truth["site"].astype(str), truth["sku"].astype(str)]
    totals["truth"] = truth.groupby(keys)["demand"].sum().reindex(totals.index).fillna(0.0)
    judged = totals[ran_out]
    error = judged[["champion", "challenger"]].sub(judged["truth"], axis=0)
    verdict = pd.DataFrame(
        {
            "WAPE": error.abs().sum() / judged["truth"].sum(),
            "bias": error.sum() / judged["truth"].sum(),
        }
    )
    print(verdict.round(3))

# %% [markdown]
# ## What the gate says
#
# `vigistock models promote demand-forecast VERSION` asks it. It reads what both trainings kept of
# the same past origins: forecasts, what ordering by them would have cost, and warnings. A measure
# speaks against the challenger only where it is worse by more than is borne (`limit`) and by more
# than chance (`bound`), on enough series and events. Where the two disagree on what customers
# wanted, as here on days with an empty shelf, it looks away.

# %%
registry = Registry(workspace, record.engine)
made, old = (registry.ledger.version(DEMAND, one.demand_version) for one in (challenger, champion))
new, before = registry.evidence(made), registry.evidence(old)
verdict = judge(DEMAND, new, before)
print(verdict.basis, verdict.summary(), sep="\n")
table = pd.DataFrame([vars(one) for one in verdict.overall]).set_index("measure")
table.drop(columns="segment").round(3)

# %% [markdown]
# One origin is luck. Does the difference hold from origin to origin, and are both below what
# repeating the last season would have cost?

# %%
champions = by_origin(before.forecasts, frequency)
curves = pd.concat(
    [
        champions[["origin", "wape"]].assign(of="champion"),
        by_origin(new.forecasts, frequency)[["origin", "wape"]].assign(of="challenger"),
        champions[["origin"]].assign(wape=champions["wape_naive"], of="last season again"),
    ]
)
px.line(curves, x="origin", y="wape", color="of", markers=True, title="WAPE by origin")

# %% [markdown]
# ## Where the champion is weak
#
# `value_added` is the gain over the seasonal naive forecast; the segments where we gain least come
# first.

# %%
segments = fitted["champion"].report.by_segment
segments.round(3)

# %%
px.bar(
    segments.assign(segment=segments["abc"] + " / " + segments["demand_class"]),
    x="value_added",
    y="segment",
    orientation="h",
    title="share of the error of repeating the last season that we save, by segment",
)

# %% [markdown]
# ## One warning
#
# The publication holds what the planner sees. Take the most probable stockout that is still ahead:
# the history, the forecast, and the stock projected along it, day by day.

# %%
reader = open_publication(record.engine, workspace.publications)
warnings = reader.warnings(by="probability")
ahead = warnings[warnings["state"] != "out"]
columns = ["site", "sku", "probability", "stockout_on", "days_of_cover", "units_short", "cause_en"]
ahead[columns].head()

# %%
first = ahead.iloc[0]
view = reader.series(first["site"], first["sku"])
history, projection = pd.DataFrame(view.history), pd.DataFrame(view.projection)
projection.head(14)

# %%
figure = go.Figure()
past = history.tail(60)
figure.add_scatter(x=past["period"], y=past["on_hand"], name="stock")
figure.add_bar(x=past["period"], y=past["units"], name="units sold")
for column, name in (("on_hand_p90", "stock, 9 in 10 below"), ("on_hand_mean", "stock expected")):
    figure.add_scatter(x=projection["period"], y=projection[column], name=name)
figure.add_bar(x=projection["period"], y=projection["demand_mean"], name="demand expected")
figure.add_scatter(
    x=projection["period"], y=projection["p_out"], name="chance of an empty shelf", yaxis="y2"
)
figure.update_layout(
    title=f"{first['site']} · {first['sku']}: {first['cause_en'] or 'no single cause'}",
    yaxis2={"overlaying": "y", "side": "right", "range": [0, 1], "tickformat": ".0%"},
)
figure

# %% [markdown]
# ## Did it come true?
#
# Only the demonstration can answer today: it ran the same company four weeks further. Of the
# warnings still ahead, by announced probability, how many ran out within two weeks?

# %%
if demo:
    future = pd.read_parquet(demo.future)
    future["date"] = pd.to_datetime(future["date"])
    until = pd.Timestamp(last + dt.timedelta(days=14))
    shelf = future[future["date"] <= until]
    empty = shelf["on_hand"] - shelf["blocked"] <= 0
    ruptured = empty.groupby([shelf["site"].astype(str), shelf["sku"].astype(str)]).any()
    scored = reader.warnings(every_series=True).set_index(["site", "sku"])
    scored = scored[scored["state"] != "out"].join(ruptured.rename("ruptured"), how="inner")
    bins = pd.cut(scored["probability"], [0, 0.1, 0.3, 0.6, 1.0], include_lowest=True)
    table = scored.groupby(bins, observed=True)[["probability", "ruptured"]]
    print(table.agg({"probability": ["size", "mean"], "ruptured": "mean"}).round(2))

# %%
record.close()
