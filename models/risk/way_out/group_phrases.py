"""What groups of warnings are told in, by language: headlines, reasons, and messages to send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HEADLINES: Final[Mapping[str, Mapping[str, str]]] = {
    "expedite": {
        "fr": "Appeler {source} au plus tard le {by} : {orders} à recevoir {arrives}",
        "en": "Call {source} by {by}: {orders} to arrive {arrives}",
    },
    "order": {
        "fr": "Commander {count} article{s} chez {source} au plus tard le {by}",
        "en": "Order {count} item{s} from {source} by {by}",
    },
    "transfer": {
        "fr": "Demander {count} transfert{s} au site {source} au plus tard le {by}",
        "en": "Ask site {source} for {count} transfer{s} by {by}",
    },
    "count": {
        "fr": "Compter le stock réel de {count} article{s} au site {source} au plus tard le {by}",
        "en": "Count the shelves of {count} item{s} at {source} by {by}",
    },
    "substitute": {
        "fr": "Proposer des articles de remplacement ({count})",
        "en": "Offer replacement items ({count})",
    },
    "none": {
        "fr": "Prévenir les clients de ce qui va sans doute manquer : rien de connu ne l’évite "
        "plus ({count})",
        "en": "Tell the customers what will most likely be missing: nothing known avoids it any "
        "more ({count})",
    },
    "watch": {
        "fr": "À surveiller : rien de connu n’y change grand-chose, mais le stock tiendra plus "
        "probablement, ou personne n’en manque ({count})",
        "en": "Watch: nothing known changes much, but the stock is more likely to last, or no one "
        "misses it ({count})",
    },
}
ONE_LINE: Final[Mapping[str, Mapping[str, str]]] = {
    "order": {
        "fr": "Commander {quantity} de {sku} chez {source} au plus tard le {by}",
        "en": "Order {quantity} of {sku} from {source} by {by}",
    },
    "transfer": {
        "fr": "Demander {quantity} de {sku} au site {source} au plus tard le {by}",
        "en": "Ask site {source} for {quantity} of {sku} by {by}",
    },
    "count": {
        "fr": "Compter le stock réel de {sku} au site {source} au plus tard le {by}",
        "en": "Count the shelf of {sku} at {source} by {by}",
    },
}
"""Headlines of actions that are a single line."""
ACCEPTED: Final[Mapping[str, str]] = {
    "fr": "Accepter le risque, l’éviter coûterait {cost} {currency} pour {saved} : {headline}",
    "en": "Accept the risk, avoiding it would cost {cost} {currency} to save {saved}: {headline}",
}
ARRIVES: Final[Mapping[str, Mapping[str, str]]] = {
    "earlier": {
        "fr": "{days} jour{s} plus tôt, le {day}",
        "en": "{days} day{s} earlier, on {day}",
    },
    "late": {"fr": "au plus tard le {day}", "en": "by {day} at the latest"},
}
LATE: Final[Mapping[str, str]] = {
    "fr": "Commande {order_id} en retard, promise le {promised_on}",
    "en": "Order {order_id} overdue, promised for {promised_on}",
}
SEVERAL_LATE: Final[Mapping[str, str]] = {
    "fr": "{count} commandes en retard, la plus ancienne ({order_id}) promise le {promised_on}",
    "en": "{count} orders overdue, the oldest ({order_id}) promised for {promised_on}",
}
EMPTIES: Final[Mapping[str, str]] = {
    "fr": "; {site} en manque et vide {count} référence{s} d’autres sites",
    "en": "; {site} is short of it and empties {count} series of other sites",
}
REPAIRS: Final[Mapping[str, str]] = {
    "fr": "; si trois lignes seulement peuvent venir : {lines} ({share} % de l’effet)",
    "en": "; if only three lines can come: {lines} ({share}% of the effect)",
}
MESSAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "expedite": {
        "fr": "Bonjour,\n\n{late}{silent}Nous avons besoin des lignes suivantes de {orders} :\n"
        "{lines}\n\n"
        "{first}Merci de nous confirmer la date de livraison au plus tard le {by}.",
        "en": "Hello,\n\n{late}{silent}We need the following lines of {orders}:\n{lines}\n\n"
        "{first}Please confirm the delivery date by {by}.",
    },
    "order": {
        "fr": "Bonjour,\n\nVeuillez enregistrer la commande suivante :\n{lines}\n\n"
        "Merci de nous confirmer la date de livraison au plus tard le {by}.",
        "en": "Hello,\n\nPlease book the following order:\n{lines}\n\n"
        "Please confirm the delivery date by {by}.",
    },
    "transfer": {
        "fr": "Bonjour,\n\nMerci d’expédier :\n{lines}\n\nDépart souhaité au plus tard le {by}.",
        "en": "Hello,\n\nPlease ship:\n{lines}\n\nTo leave by {by}.",
    },
    "count": {
        "fr": "Bonjour,\n\nIl y a peut-être moins en stock que ce qui est enregistré. Merci de "
        "compter et de corriger au plus tard le {by} :\n{lines}",
        "en": "Hello,\n\nThere may be less on the shelf than on record. Please count and correct "
        "by {by}:\n{lines}",
    },
}
ACCEPTED_TRIFLE: Final[Mapping[str, str]] = {
    "fr": "Accepter le risque, agir sauverait moins d’une demi-unité : {headline}",
    "en": "Accept the risk, acting would save less than half a unit: {headline}",
}
HELLO: Final[Mapping[str, str]] = {"fr": "Bonjour,", "en": "Hello,"}
TO_TELL: Final[Mapping[str, str]] = {
    "fr": "Ces commandes de clients ne pourront sans doute pas être servies à temps, merci de "
    "les prévenir :\n{lines}",
    "en": "These customers' orders will most likely not be served on time, please tell them:\n"
    "{lines}",
}
MAY_BE_LATE: Final[Mapping[str, str]] = {
    "fr": "Celles-ci peuvent être en retard ; rien n’est encore à annoncer :\n{lines}",
    "en": "These may be late; there is nothing to announce yet:\n{lines}",
}
RISK: Final[Mapping[str, str]] = {
    "fr": " ; risque de retard {chance} %",
    "en": "; {chance}% chance to be late",
}
PROMISES: Final[Mapping[str, str]] = {
    "fr": "- {customer}{order_id} · {sku} {description} : {quantity}{due}{risk}{back}",
    "en": "- {customer}{order_id} · {sku} {description}: {quantity}{due}{risk}{back}",
}
DUE: Final[Mapping[str, str]] = {"fr": ", promises le {day}", "en": ", promised for {day}"}
BACK: Final[Mapping[str, str]] = {
    "fr": " ; de retour vers le {day}",
    "en": "; back around {day}",
}
FIRST: Final[Mapping[str, str]] = {
    "fr": "Si tout ne peut pas partir, commencez par {lines}.\n",
    "en": "If not everything can leave, please start with {lines}.\n",
}
LINES: Final[Mapping[str, Mapping[str, str]]] = {
    "expedite": {
        "fr": "- {order_id} · {sku} {description} : {quantity}, pour le {arrives}",
        "en": "- {order_id} · {sku} {description}: {quantity}, by {arrives}",
    },
    "order": {
        "fr": "- {sku} {description} : {quantity}, pour {site}",
        "en": "- {sku} {description}: {quantity}, for {site}",
    },
    "transfer": {
        "fr": "- {sku} {description} : {quantity}, vers {site}",
        "en": "- {sku} {description}: {quantity}, to {site}",
    },
    "count": {
        "fr": "- {sku} {description} : {quantity} au stock enregistré",
        "en": "- {sku} {description}: {quantity} on record",
    },
}
MORE: Final[Mapping[str, str]] = {
    "fr": "- … et {count} autre{s} ligne{s}",
    "en": "- … and {count} more line{s}",
}
OVERDUE: Final[Mapping[str, str]] = {
    "fr": "En retard à ce jour :\n{orders}\n\n",
    "en": "Overdue as of today:\n{orders}\n\n",
}
OVERDUE_LINE: Final[Mapping[str, str]] = {
    "fr": "- {order_id}, promise le {promised_on} : {days} jour{s} de retard",
    "en": "- {order_id}, promised for {promised_on}: {days} day{s} late",
}
SILENT: Final[Mapping[str, str]] = {
    "fr": "Nous n’avons rien reçu de vous depuis le {day}. Quand reprenez-vous les livraisons ?"
    "\n\n",
    "en": "We have received nothing from you since {day}. When do you deliver again?\n\n",
}
ASK_WHEN: Final[Mapping[str, str]] = {
    "fr": "Appeler {source} au plus tard le {by} : rien reçu depuis le {day}, {count} commande{s} "
    "en retard ; demander la date de reprise, d’abord pour {orders}",
    "en": "Call {source} by {by}: nothing received since {day}, {count} order{s} overdue; ask when "
    "they deliver again, {orders} first",
}
ALSO: Final[Mapping[str, str]] = {
    "fr": "; {buyers} en attend aussi des lignes, un seul appel suffit",
    "en": "; {buyers} needs lines of it too, one call will do",
}
OTHER_SOURCE: Final[Mapping[str, str]] = {
    "fr": "; {source} a aussi livré de ces articles ({count}), lui demander",
    "en": "; {source} has delivered such items too ({count}), ask there",
}
OTHER_ITEM: Final[Mapping[str, str]] = {
    "fr": "; article{s} de remplacement déclaré{s} : {items}",
    "en": "; declared replacement item{s}: {items}",
}
NO_OTHER: Final[Mapping[str, str]] = {
    "fr": "; aucun autre fournisseur ni article de remplacement n’est connu",
    "en": "; no other supplier and no replacement item is on record",
}
