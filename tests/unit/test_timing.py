"""The models of time, rule by rule, on snippets whose cost is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcugen.boards import Accelerator, load_board
from mcugen.timing import Block, BlockTrace, estimate, read_disassembly
from mcugen.timing.cortex_m4 import cycles
from mcugen.timing.cortex_m7 import least_cycles, single_cycles
from mcugen.timing.estimate import core_cycles
from mcugen.timing.flash import waits
from mcugen.timing.instructions import instruction

DISASSEMBLY = """
firmware.elf:     file format elf32-littlearm

08000100 <sum>:
 8000100:\tldr.w\tr3, [r0], #4
 8000104:\tadd\tr2, r3
 8000106:\tsubs\tr1, #1
 8000108:\tbne.n\t8000100 <sum>
 800010a:\tbx\tlr
 800010c:\t.word\t0x20001040
"""


@pytest.mark.parametrize(
    ("snippet", "expected"),
    [
        ("adds r0, r1, r2; smlad r3, r0, r1, r3; sxtb16 r4, r5; mov r0, r1", 4),
        ("ldr r0, [r1, #4]", 2),
        ("ldr r0, [r1]; ldr.w r2, [r1, #4]; ldrb r3, [r4]", 4),
        ("ldr r0, [r1]; ldr r2, [r0]", 4),
        ("ldr r0, [r1]; ldr r2, [r3, r0]", 4),
        ("ldr r0, [r1]; adds r3, #1; ldr r2, [r1]", 5),
        ("ldrsh.w r0, [r1], #2; ldrne r2, [r1]", 3),
        ("str r0, [r1]; strb r0, [r1, #3]; strge.w r0, [r1], #4", 3),
        ("str r0, [r1, r2]; strb.w r0, [r1, r2, lsl #2]", 4),
        ("ldmia.w r0!, {r1, r2, r3}", 4),
        ("push {r4-r11, lr}", 10),
        ("ldrd r0, r1, [r2]; strd r0, r1, [r2, #8]", 6),
        ("vldmia r0!, {d0-d3}; vpush {s16-s17}", 12),
        ("sdiv r0, r1, r2; udivne r0, r1, r2", 14),
        ("vdiv.f32 s0, s1, s2; vsqrt.f32 s0, s1; vfma.f32 s0, s1, s2; vmul.f32 s0, s1, s2", 32),
        ("bne.n 8000100; bl 8000200; bls.n 8000100; blt.n 8000100; ble.n 8000100; bic r0, r1", 6),
        ("tbb [pc, r0]", 2),
        ("it eq; moveq r0, #1", 2),
    ],
)
def test_what_a_cortex_m4_takes(snippet: str, expected: int) -> None:
    assert cycles([instruction(one) for one in snippet.split(";")]) == expected


@pytest.mark.parametrize(
    ("snippet", "least"),
    [
        ("adds r0, r1, r2; adds r3, r4, r5", 1),
        ("adds r0, r1, r2; adds r3, r0, r5", 2),
        ("adds r0, r1, r2; adds r0, r4, r5", 2),
        ("adds r3, #1; adds r3, #1", 2),
        ("adds r3, #1; add r4, r3", 2),
        ("mov r0, r1; mov r1, r2", 1),
        ("cmp r0, r1; bne.n 8000100", 1),
        ("bne.n 8000100; adds r0, r1, r2", 2),
        ("smlad r0, r1, r2, r0; smlad r3, r1, r2, r3", 2),
        ("smlad r0, r1, r2, r0; ldr r4, [r5]", 1),
        ("ldr r0, [r1]; ldr r2, [r3]", 1),
        ("ldr r0, [r1]; smlad r3, r0, r2, r3", 2),
        ("str r0, [r1]; str r2, [r3]", 2),
        ("str r0, [r1]; adds r1, #4", 1),
        ("push {r4-r7}; adds r0, r1, r2", 3),
        ("smull r0, r1, r2, r3; adds r1, r1, r4", 2),
        ("adds r5, r6, r7; smlal r0, r5, r2, r3", 2),
    ],
)
def test_between_what_a_cortex_m7_stays(snippet: str, least: int) -> None:
    block = [instruction(one) for one in snippet.split(";")]
    assert (least_cycles(block), single_cycles(block)) == (least, len(block))


def test_a_loop_with_its_taken_branches() -> None:
    """Ten turns of 2 + 1 + 1 + 1 and nine jumps of 2 more, then the return with its jump."""
    code = read_disassembly(DISASSEMBLY.splitlines())
    assert [one.name for one in code.block(0x0800_0100, 10)] == ["ldr", "add", "subs", "bne"]
    assert code.block(0x0800_010C, 4) == ()
    trace = BlockTrace((Block(0x0800_0100, 10, 10, 9), Block(0x0800_010A, 2, 1, 1)), 0, 0)
    assert core_cycles(code, trace) == 10 * 5 + 9 * 2 + 1 + 2


@pytest.mark.parametrize(
    ("accelerator", "expected"),
    [
        (Accelerator(read_bytes=8, line_bytes=32, code_lines=32, data_lines=8), 7 * 20 + 3 * 10),
        (Accelerator(read_bytes=16, line_bytes=16, code_lines=64, data_lines=8), 7 * 5 + 3 * 5),
    ],
)
def test_what_misses_cost(accelerator: Accelerator, expected: int) -> None:
    assert waits(BlockTrace((), code_misses=3, data_misses=7), accelerator, 5) == expected


def test_a_cortex_m4_has_one_estimate_and_a_cortex_m7_a_range() -> None:
    code = read_disassembly(DISASSEMBLY.splitlines())
    trace = BlockTrace((Block(0x0800_0100, 10, 100, 99),), 1, 2)
    (only,) = estimate(load_board("nucleo-l4r5zi"), code, trace)
    assert (only.model, only.cycles) == ("cortex-m4-art", 500 + 198 + 10 + 40)
    assert only.as_json()["milliseconds"] == round(748 / 120e3, 3)
    low, high = estimate(load_board("nucleo-f746zg"), code, trace)
    assert (low.model, high.model) == ("cortex-m7-dual-issue", "cortex-m7-single-issue")
    assert (low.cycles, high.cycles) == (300, 400)


def test_no_estimate_without_the_facts_of_the_flash() -> None:
    board = load_board("nucleo-f446re")
    bare = replace(board, flash=replace(board.flash, accelerator=None))
    assert estimate(bare, read_disassembly(()), BlockTrace((), 0, 0)) == ()
