"""The flow of risk: value at risk from suppliers through items and sites to customers.

Each series that sells carries its value at risk along one way: supplier, item, the sites that feed
it, its own site, customers. What flows into a node flows out of it, in each currency apart. A
series that others draw from carries none: what runs short there is lost at those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd

Kind: TypeAlias = Literal["supplier", "item", "category", "site", "customers"]

MOST_ITEMS: Final = 40
"""Items with a value at risk, in one currency, from which categories stand for them: more nodes
cannot be told apart on a screen."""


@dataclass(frozen=True)
class Flow:
    """`nodes`: currency, node, kind, code, value, units; `edges`: currency, from_node, to_node,
    value, units, series. The value of a node is what flows through it."""

    nodes: pd.DataFrame
    edges: pd.DataFrame


def flow_of(
    series: pd.DataFrame,
    *,
    only: Mapping[str, str] | None = None,
    most_items: int = MOST_ITEMS,
) -> Flow:
    """From a row a series: site, sku, category, supplier, source (the site that feeds it, "" a
    supplier), currency, value_at_risk and units_short. Rows without a value, or with none at risk,
    carry nothing. `only`: column and code that the series must have.
    """
    feeders = dict(
        zip(zip(series["site"], series["sku"], strict=True), series["source"], strict=True)
    )
    fed = {(source, sku) for (_, sku), source in feeders.items() if source}
    sells = [pair not in fed for pair in zip(series["site"], series["sku"], strict=True)]
    carries = np.array(sells, dtype=bool) & (series["value_at_risk"] > 0).to_numpy()
    for name, code in (only or {}).items():
        carries &= (series[name] == code).to_numpy()
    rows = series[carries]
    parts = []
    for currency, mine in rows.groupby("currency", sort=True):
        by: Kind = "item" if mine["sku"].nunique() <= most_items else "category"
        records: list[Any] = mine.to_dict("records")
        for row in records:
            way = _way(row["site"], row["sku"], feeders)
            middle = row["sku"] if by == "item" else row["category"]
            nodes = [f"supplier:{row['supplier']}", f"{by}:{middle}"]
            nodes += [f"site:{site}" for site in way] + ["customers:"]
            parts += [
                (currency, before, after, row["value_at_risk"], row["units_short"])
                for before, after in pairwise(nodes)
            ]
    keys = ["currency", "from_node", "to_node"]
    steps = pd.DataFrame(parts, columns=[*keys, "value", "units"])
    summed = steps.groupby(keys, sort=True)
    edges = summed[["value", "units"]].sum()
    edges["series"] = summed.size()
    return Flow(_nodes(edges.reset_index()), edges.reset_index())


def _way(site: str, sku: str, feeders: dict[tuple[str, str], str]) -> Sequence[str]:
    """The sites that goods pass, the selling one last; a circle is passed once."""
    way = [site]
    while (source := feeders.get((way[0], sku), "")) and source not in way:
        way.insert(0, source)
    return way


def _nodes(edges: pd.DataFrame) -> pd.DataFrame:
    """Every node once a currency, with what flows through it, in the order of the flow."""
    ends = [
        edges[["currency", name, "value", "units"]].rename(columns={name: "node"})
        for name in ("from_node", "to_node")
    ]
    out, into = (part.groupby(["currency", "node"], sort=True).sum() for part in ends)
    nodes = out.combine_first(into).reset_index()
    names = [str(node).partition(":") for node in nodes["node"]]
    nodes["kind"], nodes["code"] = [name[0] for name in names], [name[2] for name in names]
    place = {kind: at for at, kind in enumerate(("supplier", "item", "category", "site"))}
    nodes["place"] = nodes["kind"].map(place).fillna(len(place))
    order = ["currency", "place", "value", "node"]
    ranked = nodes.sort_values(order, ascending=[True, True, False, True])
    return ranked[["currency", "node", "kind", "code", "value", "units"]].reset_index(drop=True)
