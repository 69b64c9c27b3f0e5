"""The one door through which words go to a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

GLUE: Final = str.maketrans("\u00a0\u202f", "\ufdd0\ufdd1")
"""No-break spaces and what stands for them while lines are broken: code points that Unicode keeps
for a program's own use, as wide as a space, and no white space to Rich."""
GLUE_BACK: Final = {stand_in: sign for sign, stand_in in GLUE.items()}


class Terminal(Console):
    """Rich's console, which also keeps a line together at a no-break space (U+00A0, U+202F)."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        found = super().render_str(text, **options)
        found.plain = found.plain.translate(GLUE)
        return found

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text.translate(GLUE_BACK), style, control)
