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
# # Replay a policy in money
#
# A forecast is worth what is decided by it. Each training keeps, for past origins, what it would
# have said of the demand of the main horizon and what came. So a policy can be replayed: order up
# to some level at each origin, pay the margin of every unit that was missing and the holding of
# every unit left. The gate does so to compare two trainings; here we compare policies with it.
#
# `COMPANY = None` builds a demonstration and trains it (under a minute). Name a workspace folder of
# your own instead: the evidence of its champion is read, and nothing is written.

# %%
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import plotly.express as px

from api.demo.history import demo_workspace
from api.workspaces import open_workspace
from forecasting.record import Record
from models.gate import judge
from models.ledger import DEMAND
from models.pipelines.train import train
from models.registry import Registry

COMPANY: Path | None = None

# %%
if COMPANY:
    workspace = open_workspace(COMPANY)
else:
    folder = Path(tempfile.mkdtemp(prefix="vigistock-"))
    workspace, _ = demo_workspace(folder, sites=2, items=12, days=180)
    train(workspace, progress=print)

record = Record.open(workspace.database_url)
registry = Registry(workspace, record.engine)
evidence = registry.evidence(registry.ledger.champion(DEMAND))
evidence.facts

# %% [markdown]
# ## What was decided, and what came
#
# One row a series and origin: the level ordered up to (the 0.95 quantile of the demand of the main
# horizon), and the demand that came. Above the line a shelf ran out; below it stock was left.

# %%
decisions = evidence.decisions.join(evidence.series[["site", "sku", "segment"]], on="series")
decisions["short"] = (decisions["demand"] - decisions["order_up_to"]).clip(lower=0.0)
decisions["left"] = (decisions["order_up_to"] - decisions["demand"]).clip(lower=0.0)
decisions.groupby("segment")[["demand", "short", "left"]].sum().round(0)

# %%
figure = px.scatter(
    decisions,
    x="order_up_to",
    y="demand",
    color="segment",
    log_x=True,
    log_y=True,
    hover_data=["site", "sku", "origin"],
    title="demand of the main horizon beside the level ordered up to",
)
top = decisions[["order_up_to", "demand"]].max().max()
figure.add_shape(type="line", x0=1, y0=1, x1=top, y1=top)

# %% [markdown]
# ## More or less stock
#
# What if we had ordered up to 60 % … 160 % of that level, everywhere? `judge` compares each policy
# with the champion's own and tells the findings in money a decision.

# %%
rows = []
for share in (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6):
    moved = evidence.decisions.assign(order_up_to=evidence.decisions["order_up_to"] * share)
    verdict = judge(DEMAND, replace(evidence, decisions=moved), evidence)
    found = {one.measure: one.challenger for one in verdict.overall}
    against = ", ".join(f"{one.measure} {one.segment}" for one in verdict.against)
    names = ("decision cost", "lost by ruptures", "stock held", "ruptures")
    rows.append({"share": share, **{name: found[name] for name in names}, "gate": against})
policies = pd.DataFrame(rows).set_index("share")
policies.round(3)

# %%
px.line(
    policies[["decision cost", "lost by ruptures", "stock held"]],
    markers=True,
    labels={"value": "currency a decision", "share": "share of the champion's level"},
    title="less stock loses sales, more stock costs its keeping",
)

# %% [markdown]
# The cheapest share is rarely the one that a service level of 95 % gives: it depends on margin and
# on the holding rate. With `holding_rate` unsaid, 20 % of the unit cost a year is taken, which
# makes stock cheap. What if keeping it cost three times as much?

# %%
dear = replace(
    evidence, facts=replace(evidence.facts, holding_rate=3 * evidence.facts.holding_rate)
)
costs = {}
for share in policies.index:
    moved = dear.decisions.assign(order_up_to=dear.decisions["order_up_to"] * share)
    verdict = judge(DEMAND, replace(dear, decisions=moved), dear)
    costs[share] = next(one.challenger for one in verdict.overall if one.measure == "decision cost")
compared = pd.DataFrame({"as set": policies["decision cost"], "three times": pd.Series(costs)})
print("cheapest share:", compared.idxmin().to_dict())
px.line(compared, markers=True, labels={"value": "currency a decision"})

# %% [markdown]
# ## Where does the money go?
#
# The same decisions by series: ten items explain most of what ruptures cost.

# %%
money = decisions.join(evidence.series[["unit_loss", "unit_cost"]], on="series")
money["lost"] = money["short"] * money["unit_loss"]
days = evidence.facts.horizon_days
money["held"] = money["left"] * money["unit_cost"] * evidence.facts.holding_rate * days / 365.25
worst = money.groupby(["site", "sku", "segment"])[["lost", "held"]].sum()
worst.sort_values("lost", ascending=False).head(10).round(1)

# %% [markdown]
# What this replay is not: orders here arrive at once and are placed once a main horizon, for each
# series alone. It ranks forecasts and levels; it does not simulate your suppliers.

# %%
record.close()
