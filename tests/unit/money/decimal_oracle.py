# SPDX-License-Identifier: MIT
"""Cases of exact arithmetic, as Python's decimal module has them: "op a b result" on each line.

`none` is a result that does not fit: more than 18 decimals, or a whole part beyond 64 bits.
"""
import decimal
import random

MOST = 2**63 - 1
LEAST = -(2**63)
decimal.getcontext().prec = 200
random.seed(20261122)


def text(value):
    if value == 0:
        return "0"
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def fits(value):
    scaled = value * 10**18
    if scaled != scaled.to_integral_value():
        return False
    return LEAST <= int(value) <= MOST


def amount():
    whole = random.choice([0, 0, random.randint(-9, 9), random.randint(-10**9, 10**9),
                           random.randint(LEAST, MOST), MOST, LEAST])
    places = random.choice([0, 0, 2, 9, 12, 18, 18])
    part = random.choice([random.randint(0, 10**places - 1), 10**places - 1, 1])
    sign = -1 if whole < 0 or (whole == 0 and random.random() < 0.5) else 1
    return whole + sign * decimal.Decimal(part % 10**places).scaleb(-places)


def factor():
    return random.choice([0, 1, -1, 2, 5, 1000, 1_000_000, random.randint(-99, 99),
                          random.randint(-10**9, 10**9), random.randint(LEAST, MOST), MOST, LEAST])


def case(op, a, b):
    if op == "/":
        result = a / b if b else None
        # A quotient with more digits than the context has is not exact.
        result = result if result is not None and result * b == a else None
    else:
        result = {"+": a.__add__, "-": a.__sub__, "*": a.__mul__}[op](b)
    shown = text(result) if result is not None and fits(result) else "none"
    print(op, text(a), text(decimal.Decimal(b)), shown)


for _ in range(10_000):
    case("+", amount(), amount())
    case("-", amount(), amount())
    case("*", amount(), factor())
    case("/", amount(), factor())
