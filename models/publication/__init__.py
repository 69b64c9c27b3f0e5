"""Publications: immutable, complete, numbered sets of forecasts and risks with their provenance.

Files are written aside and renamed (`parts`), one SQL row makes them count (`ledger`), readers
see that row and verified files, or the ones before: never a mix.
"""

from models.publication.build import make_parts
from models.publication.ledger import (
    Gone,
    Provenance,
    Publication,
    commit,
    current,
    list_publications,
    publication,
)
from models.publication.parts import Damaged, write_parts
from models.publication.publish import publish_parts
from models.publication.reader import NotSaid, PublicationReader, SeriesView, open_publication
from models.publication.receipts import PullReceipt, keep_receipts, receipts_of
from models.publication.stability import Move, measure_moves, moves_of

__all__ = [
    "Damaged",
    "Gone",
    "Move",
    "NotSaid",
    "Provenance",
    "Publication",
    "PublicationReader",
    "PullReceipt",
    "SeriesView",
    "commit",
    "current",
    "keep_receipts",
    "list_publications",
    "make_parts",
    "measure_moves",
    "moves_of",
    "open_publication",
    "publication",
    "publish_parts",
    "receipts_of",
    "write_parts",
]
