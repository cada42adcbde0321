"""Whether a wait for a byte has an end."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.sim.waiting import SLOW_HZ, Waiting


@dataclass
class Machine:
    """Its state changes with every poll, or never."""

    counts: bool
    instructions: int = 0
    register: int = 0

    def poll(self) -> None:
        self.instructions += 100
        self.register += self.counts


def polls_until_endless(machine: Machine, most: int) -> int | None:
    waiting = Waiting(lambda: machine.register, lambda: machine.instructions)
    for polls in range(1, most + 1):
        machine.poll()
        if waiting.is_endless():
            return polls
    return None


def test_a_machine_that_does_not_change_waits_for_ever() -> None:
    assert polls_until_endless(Machine(counts=False), 10) == 2


def test_a_machine_that_counts_will_give_up_some_time() -> None:
    assert polls_until_endless(Machine(counts=True), 1000) is None


def test_a_machine_that_stops_counting_is_noticed() -> None:
    machine = Machine(counts=True)
    waiting = Waiting(lambda: machine.register, lambda: machine.instructions)
    for _ in range(10):
        machine.poll()
        assert not waiting.is_endless()
    machine.counts = False
    polls = 0
    while not waiting.is_endless():
        polls += 1
        assert polls < 200
        machine.poll()


def test_time_is_what_a_slow_clock_would_take() -> None:
    machine = Machine(counts=True)
    waiting = Waiting(lambda: machine.register, lambda: machine.instructions, least_seconds=0.01)
    machine.instructions = 5_000_000
    waiting.is_endless()
    machine.instructions += SLOW_HZ // 50
    assert waiting.is_over(0.0)
    assert not waiting.is_over(0.03)
    machine.instructions += SLOW_HZ // 50
    assert waiting.is_over(0.03)


def test_a_new_wait_begins_anew() -> None:
    machine = Machine(counts=True)
    waiting = Waiting(lambda: machine.register, lambda: machine.instructions)
    waiting.is_endless()
    machine.instructions += SLOW_HZ
    assert waiting.is_over(0.5)
    waiting.begin()
    waiting.is_endless()
    assert not waiting.is_over(0.5)
