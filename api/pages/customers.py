"""The customer orders that a stockout hits, as a publication names them; none where it does not."""

from __future__ import annotations

from typing import Any, Final

import orjson

COLUMN: Final = "customer_orders"  # of groups and of warnings
FACTS: Final = ("customer", "order_id", "sku", "due_on", "units")


def customer_orders_of(told: Any) -> list[dict[str, Any]]:
    """One dictionary an order, with those of FACTS that are known; `told`: what the column holds, a
    list, or one as JSON text.

    >>> customer_orders_of('[{"order_id": "C-17", "customer": "Dupont", "units": 4.0}]')
    [{'customer': 'Dupont', 'order_id': 'C-17', 'units': 4.0}]
    >>> customer_orders_of(["C-17", "C-18"])
    [{'order_id': 'C-17'}, {'order_id': 'C-18'}]
    >>> customer_orders_of(None), customer_orders_of("")
    ([], [])
    """
    if isinstance(told, str):
        try:
            told = orjson.loads(told) if told.strip() else []
        except orjson.JSONDecodeError:
            told = [told]
    orders = told if isinstance(told, list | tuple) else []
    return [found for one in orders if (found := _facts(one))]


def _facts(order: Any) -> dict[str, Any]:
    if isinstance(order, dict):
        return {name: order[name] for name in FACTS if order.get(name) not in (None, "")}
    return {"order_id": str(order)} if order not in (None, "") else {}
