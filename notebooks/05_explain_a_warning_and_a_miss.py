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
# # Explain one warning and one miss
#
# A planner asks two questions: why do you warn me of this, and why did you not warn me of that? The
# first is answered by a publication, which holds every figure behind a warning; the second by the
# scorecard, which holds each publication against what came and gives every miss a cause.
#
# `COMPANY = None` builds a demonstration, learns as of six weeks before its end, and publishes once
# a week, as a company would have. Name a workspace folder of your own instead: its publications are
# read, and nothing is written.

# %%
import datetime as dt
import tempfile
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from api.demo.history import demo_workspace
from api.workspaces import open_workspace
from forecasting.record import Record
from models.pipelines.publish import publish
from models.pipelines.scorecard import scorecard
from models.pipelines.train import train
from models.publication import list_publications, open_publication

COMPANY: Path | None = None

# %%
if COMPANY:
    workspace = open_workspace(COMPANY)
else:
    folder = Path(tempfile.mkdtemp(prefix="vigistock-"))
    workspace, _ = demo_workspace(folder, sites=2, items=14, days=300)
    with Record.open(workspace.database_url) as record:
        last = record.watermarks()["sales"]
    train(workspace, last - dt.timedelta(days=42), progress=print)
    for weeks in (5, 4, 3, 2):
        publish(workspace, last - dt.timedelta(weeks=weeks))

record = Record.open(workspace.database_url)
known = list_publications(record.engine)
pd.DataFrame([{"publication": one.number, "origin": one.provenance.origin_label} for one in known])

# %% [markdown]
# ## What was announced, and what came
#
# A warning is an unbroken run of publications that announced a series. Its outcome: it ran out, it
# was averted (somebody ordered or hastened, and without that it would have run out), false alarm,
# or nobody can say.

# %%
judged = scorecard(workspace, progress=print)
card = judged.scorecard
facts = ("warnings", "ruptured", "averted", "false_alarm", "precision", "ruptures", "recall")
pd.Series({name: card.overall.get(name) for name in (*facts, "lead_days_median")}).round(2)

# %% [markdown]
# ## One warning
#
# The one with the most at stake among those that came true (or among all, if none did).

# %%
assert len(card.warnings), "nothing that was announced is over yet: publish, and wait a horizon"
told = card.warnings[card.warnings["outcome"] == "ruptured"]
told = told if len(told) else card.warnings
first = told.sort_values("value_at_risk", ascending=False).iloc[0]
reader = open_publication(record.engine, workspace.publications, int(first["publication"]))
view = reader.series(first["site"], first["sku"])
first[["site", "sku", "publication", "announced_on", "probability", "outcome", "value_at_risk"]]

# %% [markdown]
# Why was it said? The row of the warning: stock, what is on order, demand, cause, and what could
# have been done until when.

# %%
words = ("sellable", "on_order", "days_of_cover", "probability", "p_no_order", "p_structural")
words += ("units_short", "cause_en", "act_by", "action_en", "method")
pd.Series({name: view.warning[name] for name in words if name in view.warning})

# %% [markdown]
# The projection is the arithmetic behind all of it: stock walked along 500 paths of demand and
# arrivals. What really came is drawn beside it.

# %%
projection = pd.DataFrame(view.projection)
after = open_publication(record.engine, workspace.publications).series(first["site"], first["sku"])
came = pd.DataFrame(after.history)
came = came[came["period"].isin(projection["period"])]
figure = go.Figure()
for column, name in (("on_hand_p90", "9 in 10 below"), ("on_hand_p10", "1 in 10 below")):
    figure.add_scatter(x=projection["period"], y=projection[column], name=f"stock, {name}")
figure.add_scatter(x=projection["period"], y=projection["on_hand_mean"], name="stock expected")
figure.add_scatter(x=came["period"], y=came["on_hand"], name="stock that came", mode="markers")
figure.add_bar(x=projection["period"], y=projection["arrivals_mean"], name="arrivals expected")
figure.add_scatter(
    x=projection["period"], y=projection["p_out"], name="chance of an empty shelf", yaxis="y2"
)
figure.update_layout(
    title=f"{first['site']} · {first['sku']} as said in publication {first['publication']}",
    yaxis2={"overlaying": "y", "side": "right", "range": [0, 1], "tickformat": ".0%"},
)
figure

# %% [markdown]
# ## One miss
#
# Ruptures that no warning was alive for on the eve, each with the first cause that holds: the data
# (no fresh picture of the stock, or units gone that nobody sold), the demand (above the P90 of its
# forecast), the supplier (it would have held, had what was on order come as promised), else the
# model: the chance was simply too low.

# %%
missed = card.missed
print(missed["cause"].value_counts().to_string())
missed[["site", "sku", "ruptured_on", "eve", "probability", "cause", "detail"]].head(8)

# %% [markdown]
# Take the one whose chance was highest: the closest call.

# %%
if len(missed):
    miss = missed.sort_values("probability", ascending=False).iloc[0]
    reader = open_publication(record.engine, workspace.publications, int(miss["publication"]))
    view = reader.series(miss["site"], miss["sku"])
    print(f"{miss['site']} · {miss['sku']} ran out on {miss['ruptured_on']:%Y-%m-%d}.")
    print(f"On the eve its chance was {miss['probability']:.0%}: {miss['cause']}. {miss['detail']}")
    print(pd.Series({name: view.warning[name] for name in words if name in view.warning}))

# %% [markdown]
# Is 40 % too low to warn? The reliability says: of the series told some chance, how many ran out?
# Where chances are right, a miss with 40 % is luck, and a lower threshold buys fewer misses with
# more false alarms.

# %%
card.reliability.round(3)

# %%
record.close()
