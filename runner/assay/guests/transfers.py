"""Events of the token ledger: keys, and transfers signed with Ed25519 (RFC 8032).

Signing stands here, in Python, because the guest only verifies. Nothing is secret: keys come from a seed.
"""

import hashlib
import random
from functools import cache

from cases.kernel.case import Event

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ACCOUNTS = 16
FIRST_BALANCE = 1_000_000
CREATE, TRANSFER, BALANCE = 0, 1, 2
Point = tuple[int, int, int, int]


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def base_point() -> Point:
    y = 4 * pow(5, -1, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    x = P - x if x & 1 else x
    return x, y, 1, x * y % P


@cache
def doubles() -> list[Point]:
    """The base point times each power of two."""
    points = [base_point()]
    for _ in range(255):
        points.append(add(points[-1], points[-1]))
    return points


def times_base(scalar: int) -> Point:
    point = (0, 1, 1, 0)
    for bit, double in enumerate(doubles()):
        if scalar >> bit & 1:
            point = add(point, double)
    return point


def encode(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


@cache
def key_of(account: int, seed: int) -> tuple[int, bytes, bytes]:
    """(secret scalar, prefix, public key) of an account."""
    digest = hashlib.sha512(f"ledger {seed} {account}".encode()).digest()
    secret = number(digest[:32]) & (1 << 254) - 8 | 1 << 254
    return secret, digest[32:], encode(times_base(secret))


def sign(account: int, seed: int, message: bytes) -> bytes:
    secret, prefix, public = key_of(account, seed)
    r = number(hashlib.sha512(prefix + message).digest()) % ORDER
    point = encode(times_base(r))
    challenge = number(hashlib.sha512(point + public + message).digest()) % ORDER
    return point + ((r + challenge * secret) % ORDER).to_bytes(32, "little")


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(8, "little") for value in values)


def transfer(id: int, source: int, target: int, amount: int, nonce: int, seed: int) -> Event:
    message = words(source, target, amount, nonce)
    return Event(words(id) + message + sign(source, seed, message), TRANSFER)


def events(count: int, seed: int = 1, tampered: int | None = None) -> list[Event]:
    """`create` and `count` transfers, each naming the file of the event before; then every balance.

    The transfer with the number `tampered` has one bit of its signature changed.
    """
    chance = random.Random(f"ledger {seed}")
    balances, nonces = [FIRST_BALANCE] * ACCOUNTS, [0] * ACCOUNTS
    found = [Event(b"".join(key_of(n, seed)[2] for n in range(ACCOUNTS)), CREATE)]
    id = 0
    for n in range(count):
        source, target = chance.sample(range(ACCOUNTS), 2)
        amount = chance.randrange(balances[source] // 4 + 1)
        event = transfer(id, source, target, amount, nonces[source], seed)
        if n == tampered:
            payload = bytearray(event.payload)
            payload[-1 - chance.randrange(32)] ^= 1
            found.append(Event(bytes(payload), TRANSFER, ends="trap"))
            continue
        found.append(event)
        balances[source] -= amount
        balances[target] += amount
        nonces[source] += 1
        id += 1
    found += [Event(words(id, n), BALANCE, known={"value": balances[n]}) for n in range(ACCOUNTS)]
    return found
