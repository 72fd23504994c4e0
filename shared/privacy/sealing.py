"""How a value is encrypted, and how two values are compared. Knows no table and holds no key."""

from __future__ import annotations

import os
import re
import unicodedata
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
FORMAT = b"\x01"
"""First byte of every ciphertext: AES-256-GCM, 12 bytes of nonce, then text and tag."""

PHONE = "phone"
MAIL = "mail"
NOT_DIGITS = re.compile(r"[^0-9]")
EXTENSION = re.compile(r"[x转#]")
COUNTRY = "86"
MOBILE_DIGITS = 11


class VaultError(Exception):
    """Base of what the vault raises.

    Erased      the subject was erased, or is being: nothing may be put under its id, or with its phone or mail
    Restricted  its processing is restricted: nothing is changed until that is lifted
    WrongKey    the key is not the one this was written with, or a row was moved or altered
    """


class Erased(VaultError):
    pass


class Restricted(VaultError):
    pass


class WrongKey(VaultError):
    pass


def bound(tenant_id: UUID, subject_id: UUID, field: str = "") -> bytes:
    """What a ciphertext is bound to: moved to another row it cannot be read."""
    return tenant_id.bytes + subject_id.bytes + field.encode()


def encrypt(box: AESGCM, text: bytes, to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + box.encrypt(nonce, text, to)


def decrypt(box: AESGCM, sealed: bytes, to: bytes) -> bytes:
    """The text. Raises WrongKey."""
    if sealed[:1] != FORMAT:
        raise WrongKey("unknown format")
    try:
        return box.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], to)
    except InvalidTag as error:
        raise WrongKey("written with another key, or moved or altered") from error


def normalised(value: str) -> str:
    """A value as it is compared: full width, case and spacing aside."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def comparable(field: str, value: str) -> str:
    """A field's value as it is compared, when it is kept and when it is looked for: phones by their digits alone."""
    if field == PHONE:
        return phone_digits(value)
    return normalised(value).replace(" ", "") if field == MAIL else normalised(value)


def phone_digits(value: str) -> str:
    """The digits of a number, extension and +86 (0086) aside: `+86 138-0013-8000` is `13800138000`.

    A text without a digit is compared as it stands.
    """
    plain = unicodedata.normalize("NFKC", value).casefold()
    digits = NOT_DIGITS.sub("", EXTENSION.split(plain, maxsplit=1)[0]) or NOT_DIGITS.sub("", plain)
    if not digits:
        return normalised(value)
    if plain.lstrip().startswith(("+86", "(+86", "0086")):
        return digits.removeprefix("00").removeprefix(COUNTRY)
    if len(digits) == MOBILE_DIGITS + len(COUNTRY) and digits.startswith(f"{COUNTRY}1"):
        return digits.removeprefix(COUNTRY)
    return digits
