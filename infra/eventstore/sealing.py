"""Authenticated encryption (AES-256-GCM) of personal fields, and of the members' keys themselves.

A sealed text is a random nonce of 96 bits (NIST SP 800-38D, 8.2.2) followed by ciphertext and tag.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12


class Tampered(ValueError):
    """Sealed bytes that this key, in this place, did not seal."""


def seal(key: AESGCM, plain: bytes, bound: bytes) -> bytes:
    """Encrypt, and bind to where it belongs: it opens only with the same `bound`."""
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, plain, bound)


def unseal(key: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    """The plain bytes; raises `Tampered` where key, bytes or place differ."""
    try:
        return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except (InvalidTag, ValueError) as error:
        raise Tampered("sealed bytes do not open here") from error


def wrap(master: AESGCM, member: str, key: bytes) -> bytes:
    """A member's key as it is stored."""
    return seal(master, key, b"key:" + member.encode())


def unwrap(master: AESGCM, member: str, wrapped: bytes) -> AESGCM:
    """A member's key as it is used; raises `Tampered` under another master key."""
    return AESGCM(unseal(master, wrapped, b"key:" + member.encode()))
