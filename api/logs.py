"""The service's log: one JSON object a line on the error stream, without secrets."""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import Any, Final

from api.plain import to_json
from api.settings import hide_password

_KEY: Final = re.compile(r"(vgs_[0-9a-f]+_)[\w-]+")


class JsonLine(logging.Formatter):
    """`logger.info({…})` becomes the line's own fields; a text becomes `message`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record.msg, dict):
            return to_json(line | record.msg).decode()  # ours, by name: nothing to hide in it
        line["message"] = hidden(record.getMessage())
        if record.exc_info:
            line["error"] = hidden(self.formatException(record.exc_info))
        return to_json(line).decode()


def config(*, requests: bool) -> dict[str, Any]:
    """For `logging.config`: all that is logged is a JSON line; `requests`: one for each of them."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLine}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "vigistock": {"level": "INFO"},
            "vigistock.access": {"level": "INFO" if requests else "WARNING"},
        },
    }


def hidden(text: str) -> str:
    """A text without the secrets of keys and the passwords of addresses.

    >>> hidden("vgs_0a1b2c3d_SECRET at postgresql://me:word@host")
    'vgs_0a1b2c3d_*** at postgresql://me:***@host'
    """
    return hide_password(_KEY.sub(r"\1***", text))
