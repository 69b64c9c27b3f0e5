"""What the pages say: every message of templates and code, as Babel extracts them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from babel.messages.extract import extract_from_dir

import api.pages

FOLDER: Final = Path(api.pages.__file__).parent
METHODS: Final = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS: Final = {"**.html": {"trimmed": "true", "silent": "false"}}


def messages() -> set[str | tuple[str, ...]]:
    """Message, or singular and plural."""
    found = extract_from_dir(FOLDER, METHODS, OPTIONS)
    return {message for _, _, message, _, _ in found}
