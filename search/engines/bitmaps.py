"""Sets of small numbers as Python integers: bit n is 1 if n is in the set. Pure arithmetic.

AND of two sets of 20,000 documents takes a microsecond, and so does a count. So counting facets within a permission
filter costs almost nothing.
"""

from collections.abc import Callable, Iterable, Sequence


def at_least(minimum: int, sets: Sequence[int]) -> int:
    """Returns the numbers that are in at least `minimum` of the sets.

    For each number, the sets that contain it are counted. The counts are stored as bits, with one integer for each
    power of two.
    """
    if minimum >= len(sets):
        return all_of(-1, sets)
    slices: list[int] = []
    for carry in sets:
        for i in range(len(slices)):
            slices[i], carry = slices[i] ^ carry, slices[i] & carry
        slices.append(carry)
    result, equal = 0, -1  # compare each count with the minimum, beginning with the highest bit
    for i in reversed(range(len(slices))):
        if minimum >> i & 1:
            equal &= slices[i]
        else:
            result |= equal & slices[i]
            equal &= ~slices[i]
    return result | equal


def bitmap(members: Sequence[int]) -> int:
    if not members:
        return 0
    out = bytearray((max(members) >> 3) + 1)
    for number in members:
        out[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(out, "little")


def numbers(bits: int) -> list[int]:
    return [position * 8 + offset for position, byte in enumerate(to_bytes(bits)) if byte for offset in _OFFSETS[byte]]


_OFFSETS = [tuple(offset for offset in range(8) if byte >> offset & 1) for byte in range(256)]


def tester(bits: int) -> Callable[[int], int]:
    data = to_bytes(bits)
    return lambda number: (number >> 3) < len(data) and data[number >> 3] >> (number & 7) & 1


def to_bytes(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def all_of(bits: int, others: Iterable[int]) -> int:
    for other in others:
        bits &= other
    return bits
