"""Text that a person wrote, as every database and file can hold it."""

from __future__ import annotations


def plain(text: str) -> str:
    """The same text, which holds no control characters; raises ValueError with the reason.

    >>> plain("a promotion")
    'a promotion'
    """
    if any(ord(sign) < 32 for sign in text):
        raise ValueError("control characters are no text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is no text") from None
    return text


def plain_lines(text: str) -> str:
    """The same of text that may have tabs and several lines."""
    plain(text.translate(dict.fromkeys(map(ord, "\t\r\n"), " ")))
    return text
