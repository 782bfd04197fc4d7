"""Sets of small numbers as Python integers: bit n is set if n is in the set. Pure arithmetic.

AND of two sets of 20,000 documents takes a microsecond, and so does a count, so facet counts within a permission filter
cost next to nothing.
"""

from collections.abc import Callable, Iterable, Sequence


def at_least(minimum: int, sets: Sequence[int]) -> int:
    """The numbers in at least `minimum` of the sets. Counts are stored bitwise, one slice for each power of two."""
    if minimum >= len(sets):
        return all_of(-1, sets)
    slices: list[int] = []
    for carry in sets:
        for i in range(len(slices)):
            slices[i], carry = slices[i] ^ carry, slices[i] & carry
        slices.append(carry)
    result, equal = 0, -1  # compare each count with the minimum from the highest slice down
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
