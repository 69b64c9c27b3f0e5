"""The flow of risk: conserved at each node, currency by currency."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.flow import flow_of

COLUMNS = ["site", "sku", "category", "supplier", "source", "currency", "value_at_risk"]


def table(*rows):
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(units_short=frame["value_at_risk"] / 2)


series = st.tuples(
    st.sampled_from(["A", "B", "DEPOT", "HUB"]),
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from(["tea", "coffee", ""]),
    st.sampled_from(["NOVA", "OTHER", ""]),
    st.sampled_from(["", "DEPOT", "HUB", "A"]),
    st.sampled_from(["EUR", "USD"]),
    st.floats(0, 1e6) | st.just(float("nan")),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(series, unique_by=lambda one: one[:2]), st.sampled_from([1, 40]))
def test_what_flows_into_a_node_flows_out_of_it(rows, most):
    edges = flow_of(table(*rows), most_items=most).edges
    for figure in ("value", "units"):
        out = edges.groupby(["currency", "from_node"])[figure].sum()
        into = edges.groupby(["currency", "to_node"])[figure].sum()
        for currency, node in set(out.index) | set(into.index):
            if node.startswith("supplier:"):
                assert (currency, node) not in into.index
            elif node.startswith("customers:"):
                assert (currency, node) not in out.index
            else:
                assert out[currency, node] == pytest.approx(into[currency, node])
        for currency in set(edges["currency"]):
            mine = edges[edges["currency"] == currency]
            first = mine[mine["from_node"].str.startswith("supplier:")][figure].sum()
            last = mine[mine["to_node"] == "customers:"][figure].sum()
            assert first == pytest.approx(last)


def test_a_loss_stands_at_the_store_and_passes_its_depot():
    found = flow_of(
        table(
            ("DEPOT", "1", "tea", "NOVA", "", "EUR", 500.0),
            ("A", "1", "tea", "NOVA", "DEPOT", "EUR", 30.0),
            ("B", "1", "tea", "NOVA", "DEPOT", "EUR", 12.0),
            ("B", "2", "tea", "OTHER", "", "EUR", 5.0),
        )
    )
    edges = found.edges.set_index(["from_node", "to_node"])["value"].to_dict()
    assert edges == {
        ("supplier:NOVA", "item:1"): 42.0,
        ("item:1", "site:DEPOT"): 42.0,
        ("site:DEPOT", "site:A"): 30.0,
        ("site:DEPOT", "site:B"): 12.0,
        ("supplier:OTHER", "item:2"): 5.0,
        ("item:2", "site:B"): 5.0,
        ("site:A", "customers:"): 30.0,
        ("site:B", "customers:"): 17.0,
    }
    values = found.nodes.set_index("node")["value"]
    assert (values["site:B"], values["customers:"], values["supplier:NOVA"]) == (17.0, 47.0, 42.0)


def test_currencies_are_never_added_and_many_items_become_categories():
    rows = table(
        ("A", "1", "tea", "NOVA", "", "EUR", 30.0),
        ("A", "2", "tea", "NOVA", "", "EUR", 3.0),
        ("A", "3", "tea", "NOVA", "", "USD", 7.0),
    )
    nodes = flow_of(rows, most_items=1).nodes.set_index(["currency", "node"])["value"]
    assert nodes["EUR", "category:tea"] == 33.0
    assert nodes["USD", "item:3"] == 7.0
    assert nodes["EUR", "customers:"] == 33.0


def test_filters_choose_series_and_leave_the_ways_as_they_are():
    rows = table(
        ("DEPOT", "1", "tea", "NOVA", "", "EUR", 500.0),
        ("A", "1", "tea", "NOVA", "DEPOT", "EUR", 30.0),
    )
    assert flow_of(rows, only={"site": "DEPOT"}).edges.empty, "its risk is its stores'"
    assert "site:DEPOT" in set(flow_of(rows, only={"site": "A"}).nodes["node"])
