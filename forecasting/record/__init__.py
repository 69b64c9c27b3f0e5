"""What was delivered, kept for good: SQLAlchemy Core on SQLite or PostgreSQL."""

from forecasting.record.receipt import Receipt
from forecasting.record.store import Record

__all__ = ["Receipt", "Record"]
