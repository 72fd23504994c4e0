"""Phones and mail addresses as they are shown: the middle hidden. The whole is revealed on request, on record."""

from __future__ import annotations

SHOWN_DIGITS = 4
"""Digits of a phone number that are shown at its end."""
MASKED_FROM = 7
"""Numbers shorter than this are masked altogether."""


def masked(phone: str | None) -> str | None:
    """A number with its middle hidden: 138****5678."""
    if phone is None:
        return None
    if len(phone) < MASKED_FROM:
        return "*" * len(phone)
    start = min(3, len(phone) - SHOWN_DIGITS - 1)
    hidden = len(phone) - start - SHOWN_DIGITS
    return f"{phone[:start]}{'*' * hidden}{phone[-SHOWN_DIGITS:]}"


def masked_mail(mail: str | None) -> str | None:
    """A mail address with its box hidden but for the first letter: w***@example.com."""
    if mail is None:
        return None
    box, _, domain = mail.partition("@")
    return f"{box[:1]}***@{domain}"
