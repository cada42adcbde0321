"""Plans of random images over random flash: what they do, and what they leave at every moment."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcugen.errors import FitError
from mcugen.flash.layout import Sector, sectors
from mcugen.flash.plan import Block, Plan, make_plan, parts, ranges_without

BASE = 0x0800_0000
SIZES = st.lists(st.sampled_from([256, 512, 1024, 2048]), min_size=2, max_size=8)


class Case:
    """Flash with old contents, an image from a sector's start, and the program's first blocks."""

    def __init__(
        self, sizes: list[int], first: int, share: float, seed: int, damage: float
    ) -> None:
        chance = random.Random(seed)
        self.sectors = sectors(BASE, sizes)
        first %= len(sizes)
        self.start = self.sectors[first].address
        room = BASE + sum(sizes) - self.start
        self.image = bytearray(chance.randbytes(max(1, int(share * room))))
        for offset in range(0, len(self.image), 256):
            if offset and chance.random() < 0.3:
                size = len(self.image[offset : offset + 256])
                self.image[offset : offset + 256] = b"\xff" * size
        self.flash = bytearray(chance.randbytes(sum(sizes)))
        # Some of the sectors hold the image already.
        for part in parts(bytes(self.image), self.start, self.sectors):
            if chance.random() > damage:
                offset = part.sector.address - BASE
                self.flash[offset : offset + len(part.data)] = part.data
        heads = [self.start]
        later = [sector.address for sector in self.sectors[first + 1 :]]
        later = [address for address in later if address < self.start + len(self.image)]
        if later and chance.random() < 0.5:
            heads = [chance.choice(later), self.start]
        self.heads = tuple(heads)

    def plan(self) -> Plan:
        touched = parts(bytes(self.image), self.start, self.sectors)
        differing = [
            part.sector.number
            for part in touched
            if self.read(part.sector.address, len(part.data)) != part.data
        ]
        return make_plan(touched, differing, self.heads)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.flash[address - BASE : address - BASE + size])

    def holds_image(self) -> bool:
        return self.read(self.start, len(self.image)) == self.image

    def erase(self, sector: Sector) -> None:
        offset = sector.address - BASE
        self.flash[offset : offset + sector.size] = b"\xff" * sector.size

    def write(self, block: Block) -> None:
        assert block.address % 256 == 0
        assert len(block.data) == 256
        assert self.read(block.address, 256) == b"\xff" * 256, "written without an erase"
        self.flash[block.address - BASE : block.address - BASE + 256] = block.data


CASES = st.builds(
    Case,
    SIZES,
    st.integers(0, 7),
    st.floats(0.01, 1.0),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.3, 1.0]),
)


@given(CASES)
def test_a_plan_that_is_carried_out_makes_the_image(case: Case) -> None:
    before = bytes(case.flash)
    plan = case.plan()
    for sector in plan.erase:
        case.erase(sector)
    for block in (*plan.first, *plan.last):
        case.write(block)
    assert case.holds_image()
    erased = {sector.number for sector in plan.erase}
    for sector in case.sectors:
        if sector.number not in erased:
            offset = sector.address - BASE
            assert case.read(sector.address, sector.size) == before[offset : offset + sector.size]
    touched = sorted((*plan.erase, *plan.kept), key=lambda sector: sector.number)
    assert case.plan() == Plan((), tuple(touched), (), ())


@given(CASES)
def test_nothing_is_erased_that_is_right(case: Case) -> None:
    for sector in case.plan().erase:
        size = min(sector.size, case.start + len(case.image) - sector.address)
        wanted = case.image[sector.address - case.start :][:size]
        assert case.read(sector.address, size) != wanted


@given(CASES)
def test_first_blocks_come_last_and_in_order(case: Case) -> None:
    plan = case.plan()
    for sector in plan.erase:
        case.erase(sector)
    for block in plan.first:
        case.write(block)
    erased = {sector.address for sector in plan.erase}
    expected = [head for head in case.heads if head in erased and _not_blank(case, head)]
    assert [block.address for block in plan.last] == expected
    for head in expected:
        assert case.read(head, 256) == b"\xff" * 256


def _not_blank(case: Case, head: int) -> bool:
    data = bytes(case.image[head - case.start :][:256])
    return data != b"\xff" * len(data)


@given(CASES)
def test_what_is_verified_is_the_whole_image_but_its_last_blocks(case: Case) -> None:
    touched = parts(bytes(case.image), case.start, case.sectors)
    plan = case.plan()
    rebuilt = bytearray(len(case.image))
    for piece in ranges_without(touched, plan.last):
        assert piece.data
        offset = piece.address - case.start
        assert not any(rebuilt[offset : offset + len(piece.data)])
        rebuilt[offset : offset + len(piece.data)] = piece.data
    for block in plan.last:
        offset = block.address - case.start
        size = len(rebuilt[offset : offset + 256])
        assert not any(rebuilt[offset : offset + 256])
        rebuilt[offset : offset + 256] = block.data[:size]
    assert rebuilt == case.image


def test_all_blocks_of_a_plan_count() -> None:
    image = bytes(1000) + b"\xff" * 536
    touched = parts(image, BASE, sectors(BASE, (1024, 1024)))
    plan = make_plan(touched, [0, 1], (BASE,))
    assert plan.erase_bytes == 2048
    assert plan.write_bytes == 4 * 256
    assert [block.address - BASE for block in (*plan.first, *plan.last)] == [256, 512, 768, 0]


@pytest.mark.parametrize(
    ("start", "size"),
    [(BASE + 256, 16), (BASE, 4097), (BASE - 1024, 1100), (BASE + 4096, 16)],
    ids=["in a sector", "too long", "before flash", "behind flash"],
)
def test_images_that_lie_wrong(start: int, size: int) -> None:
    with pytest.raises(FitError) as caught:
        parts(bytes(size), start, sectors(BASE, (1024, 1024, 2048)))
    assert caught.value.code == "F002"
