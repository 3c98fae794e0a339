"""RS256 (RFC 8017, section 8.2) with numbers alone: no process of the embedded AWS has a library for it.

AWS's Python runtime has none either, so functions must not find one here. A key lives as long as its process,
and signs nothing but tokens on loopback.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass

_BITS = 2048
_EXPONENT = 65537
# DigestInfo of SHA-256: https://www.rfc-editor.org/rfc/rfc8017#section-9.2
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_SMALL = [number for number in range(3, 2000, 2) if all(number % by for by in range(3, number, 2))]
_WITNESSES = 20


@dataclass(frozen=True)
class Key:
    """A private key."""

    modulus: int
    private: int

    @property
    def public(self) -> tuple[int, int]:
        """Modulus and exponent."""
        return self.modulus, _EXPONENT

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        size = (self.modulus.bit_length() + 7) // 8
        return pow(_padded(message, size), self.private, self.modulus).to_bytes(size, "big")


def make_key(bits: int = _BITS) -> Key:
    """A new key; it takes about a second."""
    while True:
        one, other = _prime(bits // 2), _prime(bits // 2)
        order = math.lcm(one - 1, other - 1)
        if one != other and math.gcd(order, _EXPONENT) == 1:
            return Key(one * other, pow(_EXPONENT, -1, order))


def is_signed(message: bytes, signature: bytes, public: tuple[int, int]) -> bool:
    """Whether the signature is that of the message."""
    modulus, exponent = public
    size = (modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    return len(signature) == size and pow(number, exponent, modulus) == _padded(message, size)


def _padded(message: bytes, size: int) -> int:
    digest = _SHA256 + hashlib.sha256(message).digest()
    return int.from_bytes(b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest, "big")


def _prime(bits: int) -> int:
    while True:
        number = secrets.randbits(bits) | 1 | (3 << (bits - 2))
        if all(number % by for by in _SMALL) and _is_prime(number):
            return number


def _is_prime(number: int) -> bool:
    """Miller-Rabin."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(_WITNESSES):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if power in {1, number - 1}:
            continue
        if not any((power := power * power % number) == number - 1 for _ in range(twos - 1)):
            return False
    return True
