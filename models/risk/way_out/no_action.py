"""What is said of a warning for which nothing is recommended: why, and what comes anyway."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import numpy as np

from models.quantities import Language, written
from models.risk.way_out.choice import Chosen
from models.risk.way_out.options import LOOK_AHEAD_DAYS, can_give
from models.risk.way_out.whatif import WhatIf

WHY: Final[Mapping[str, Mapping[str, str]]] = {
    "no_help": {
        "fr": "aucune option connue n’évite un dixième de la perte",
        "en": "no known option saves a tenth of the loss",
    },
    "no_supplier": {
        "fr": "aucun fournisseur connu : rien ne peut être commandé",
        "en": "no supplier is known: nothing can be ordered",
    },
    "no_loss": {
        "fr": "rien à faire : personne ne devrait en manquer",
        "en": "nothing to do: nobody is expected to miss it",
    },
    "not_weighed": {
        "fr": "rien ne peut être pesé tant que le stock n’est pas connu",
        "en": "nothing can be weighed while the stock is unknown",
    },
}
COMES: Final[Mapping[str, Mapping[str, str]]] = {
    "order": {
        "fr": "; la commande {order_id} est promise pour le {day}",
        "en": "; order {order_id} is promised for {day}",
    },
    "late": {
        "fr": "; la commande {order_id} est en retard",
        "en": "; order {order_id} is overdue",
    },
    "dry": {
        "fr": "; {source}, qui livre ce site, n’a rien à envoyer",
        "en": "; {source}, which ships to this site, has nothing to send",
    },
    "next": {
        "fr": "; la prochaine commande à {source} arriverait vers le {day}",
        "en": "; the next order from {source} would come around {day}",
    },
}


def why_nothing(base: WhatIf, one: Chosen, language: Language) -> str:
    """Of a series whose options were weighed and none is recommended."""
    if one.nothing_done.measure <= 0:
        return WHY["no_loss"][language]
    if not base.structure.supply.terms.source[one.row] and not base.lines_of(one.row):
        return WHY["no_supplier"][language]
    return WHY["no_help"][language] + _comes(base, one.row, language)


def _comes(base: WhatIf, row: int, language: Language, *, upstream: bool = False) -> str:
    """The next arrival that is promised, else an order that is overdue, else when a new one would
    come, and what comes to a site that has nothing to send; "" where nobody knows."""
    today = base.panel.origin_date
    lines = [line for line in base.lines_of(row) if line.promised_on is not None]
    lines.sort(key=lambda line: (line.promised_on or dt.date.max, line.order_id))
    for line in lines:
        if line.promised_on is not None and line.promised_on > today:
            day = written(line.promised_on, language)
            return COMES["order"][language].format(order_id=line.order_id, day=day)
    if lines:
        return COMES["late"][language].format(order_id=lines[0].order_id)
    terms, lead_days = base.structure.supply.terms, base.lead_days[row]
    source = str(terms.source[row])
    days = terms.order_days_from(row, today + dt.timedelta(days=1), LOOK_AHEAD_DAYS)
    if not source or not len(days) or np.isnan(lead_days):
        return ""
    if not can_give(base, row, days[:1])[0]:
        giver = int(base.structure.supply.sources.of_series[row])
        text = COMES["dry"][language].format(source=source)
        return text if upstream else text + _comes(base, giver, language, upstream=True)
    arrives = base.days_to_receive(row, source).first(
        days[0].astype(object) + dt.timedelta(days=round(lead_days))
    )
    return COMES["next"][language].format(source=source, day=written(arrives, language))
