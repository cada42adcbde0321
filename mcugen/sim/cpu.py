"""The processor: Unicorn with exactly the memory and registers that a board has.

Whatever the program does outside them ends the run with DeviceError D003. Nothing depends on
time: the same image and the same bytes on the line give the same run.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import unicorn
from unicorn import arm_const as arm

from mcugen.boards import Region
from mcugen.errors import DeviceError
from mcugen.sim.counter import attach_counter
from mcugen.sim.peripherals import PAGE, Bus

_NEVER = 0xFFFF_FFFE
_CORES = {
    "cortex-m4": arm.UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": arm.UC_CPU_ARM_CORTEX_M7,
}
_GENERAL = tuple(getattr(arm, f"UC_ARM_REG_R{index}") for index in range(13))
_ACCESSES = {
    unicorn.UC_MEM_READ_UNMAPPED: "reads",
    unicorn.UC_MEM_READ_PROT: "reads",
    unicorn.UC_MEM_WRITE_UNMAPPED: "stores to",
    unicorn.UC_MEM_WRITE_PROT: "stores to",
    unicorn.UC_MEM_FETCH_UNMAPPED: "jumps to",
    unicorn.UC_MEM_FETCH_PROT: "jumps to",
}
_PREFETCH_ABORT = 3
_EXCEPTIONS = {2: "an SVC instruction", 7: "a breakpoint", 8: "an exception return"}

StoreHook = Callable[[int, int], None]
"""Told address and size of a store, before it is made."""


@dataclass(frozen=True)
class Access:
    """A load, store or jump to where nothing is. ``verb`` says which."""

    verb: str
    address: int


class Stopped(Exception):  # noqa: N818 - the board turns it into a DeviceError with symbols
    """The program did what the processor cannot do."""

    def __init__(self, what: str, pc: int, access: Access | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.pc = pc
        self.access = access


class Cpu:
    """A Cortex-M and its memory: ``flash`` from the start, RAM and registers as they are mapped.

    ``contents`` fills the flash; the program can run and read it. ``instructions`` counts all that
    were executed since power-up.
    """

    def __init__(self, core: str, flash: Region, contents: bytes, bus: Callable[[], Bus]) -> None:
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(_CORES[core])
        self._bus = bus
        self._access: Access | None = None
        self._problem: BaseException | None = None
        self._exception: int | None = None
        self._uc.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_invalid_access)
        self._uc.hook_add(unicorn.UC_HOOK_INTR, self._on_exception)
        self._flash = (ctypes.c_ubyte * flash.size).from_buffer_copy(contents)
        executable = unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC
        self._uc.mem_map_ptr(flash.base, flash.size, executable, ctypes.addressof(self._flash))
        self._counter = attach_counter(self._uc, self._flash, flash.base)

    @property
    def instructions(self) -> int:
        return self._counter.executed

    @property
    def pc(self) -> int:
        return self._register(arm.UC_ARM_REG_PC)

    @property
    def sp(self) -> int:
        return self._register(arm.UC_ARM_REG_SP)

    @property
    def lr(self) -> int:
        return self._register(arm.UC_ARM_REG_LR)

    def argument(self, index: int) -> int:
        """The n-th of the first four arguments, at a function's first instruction."""
        return self._register(_GENERAL[index])

    def map_ram(self, region: Region, fill: int) -> None:
        """RAM that holds the byte ``fill`` everywhere; the program cannot run from it."""
        self._uc.mem_map(region.base, region.size, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        self.write(region.base, bytes([fill]) * region.size)

    def map_registers(self, pages: tuple[int, ...]) -> None:
        """Pages whose accesses go to the bus."""
        for page in pages:
            self._uc.mmio_map(page, PAGE, self._read_register, page, self._write_register, page)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._uc.mem_read(address, size))

    def write(self, address: int, data: bytes) -> None:
        self._uc.mem_write(address, data)

    def on_execution(self, address: int, hook: Callable[[], None]) -> None:
        """Calls ``hook`` before the instruction at ``address``, every time."""
        self._uc.hook_add(
            unicorn.UC_HOOK_CODE,
            self._guarded(lambda *_: hook()),
            begin=address,
            end=address,
        )

    def on_store(self, begin: int, end: int, hook: StoreHook) -> None:
        """Calls ``hook`` for every store from ``begin`` up to, not including, ``end``."""
        self._uc.hook_add(
            unicorn.UC_HOOK_MEM_WRITE,
            self._guarded(lambda _uc, _kind, address, size, *_: hook(address, size)),
            begin=begin,
            end=end - 1,
        )

    def reset(self, vector_table: int) -> None:
        """As the processor does: stack pointer and first instruction from the vector table."""
        for register in _GENERAL:
            self._uc.reg_write(register, 0)
        self._uc.reg_write(arm.UC_ARM_REG_PRIMASK, 0)
        self._uc.reg_write(arm.UC_ARM_REG_LR, 0xFFFF_FFFF)
        words = self.read(vector_table, 8)
        self._uc.reg_write(arm.UC_ARM_REG_SP, int.from_bytes(words[:4], "little"))
        self._uc.reg_write(arm.UC_ARM_REG_PC, int.from_bytes(words[4:], "little"))

    def stop(self) -> None:
        """Ends ``run`` soon; what is under way is finished first."""
        self._uc.emu_stop()

    def run(self, limit: int) -> bool:
        """Runs until ``stop``, for at most ``limit`` instructions; False when they were used up.

        Raises Stopped for a crash, and what a hook or a register raised.
        """
        self._access = self._problem = self._exception = None
        end = self.instructions + limit
        self._counter.set_limit(end)
        failure: unicorn.UcError | None = None
        try:
            self._uc.emu_start(self.pc | 1, _NEVER)
        except unicorn.UcError as error:
            failure = error
        finally:
            self._uc.emu_stop()
        if self._problem is not None:
            raise self._problem
        if failure is not None or self._exception is not None:
            raise self._stopped(failure)
        return self.instructions <= end

    def _stopped(self, failure: unicorn.UcError | None) -> Stopped:
        access = self._access
        if self._exception == _PREFETCH_ABORT:
            access = Access("jumps to", self.pc)
        if access is not None:
            what = f"the firmware {access.verb} 0x{access.address:08x}, where it must not"
            return Stopped(what, self.pc, access)
        if self._exception is not None:
            name = _EXCEPTIONS.get(self._exception, f"exception {self._exception}")
            return Stopped(f"the firmware meets {name}", self.pc)
        if failure is not None and failure.errno == unicorn.UC_ERR_INSN_INVALID:
            return Stopped("the firmware meets an undefined instruction", self.pc)
        return Stopped(f"the emulator cannot go on: {failure}", self.pc)

    def _register(self, register: int) -> int:
        return int(self._uc.reg_read(register))

    def _on_invalid_access(
        self, _uc: unicorn.Uc, kind: int, address: int, _size: int, _value: int, _data: object
    ) -> bool:
        self._access = Access(_ACCESSES.get(kind, "touches"), address)
        return False

    def _on_exception(self, uc: unicorn.Uc, number: int, _data: object) -> None:
        self._exception = number
        uc.emu_stop()

    def _read_register(self, _uc: unicorn.Uc, offset: int, size: int, page: int) -> int:
        try:
            return self._bus().read(page + offset, size)
        except DeviceError as error:
            self._fail(Stopped(error.what, self.pc))
            return 0

    def _write_register(
        self, _uc: unicorn.Uc, offset: int, size: int, value: int, page: int
    ) -> None:
        try:
            self._bus().write(page + offset, size, value)
        except DeviceError as error:
            self._fail(Stopped(error.what, self.pc))

    def _guarded(self, hook: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            try:
                hook(*arguments)
            except BaseException as error:
                self._fail(error)

        return call

    def _fail(self, error: BaseException) -> None:
        """Exceptions cannot pass through Unicorn's C code: keep the first and raise it after."""
        if self._problem is None:
            self._problem = error
        self._uc.emu_stop()
