"""The processor: Unicorn with exactly the memory and registers that a board has.

Whatever the program does outside them ends the run with DeviceError D003. Nothing depends on
time: the same image and the same bytes on the line give the same run.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcugen.boards import Accelerator, Region
from mcugen.errors import BoardError, DeviceError, ToolchainError
from mcugen.sim.counter import Counter, PythonCounter, attach_counter
from mcugen.sim.peripherals import PAGE, Bus
from mcugen.sim.status import IF_THEN

try:
    import unicorn
    from unicorn import arm_const as arm
except ImportError as missing:
    raise ToolchainError(
        "T007",
        f"the virtual board needs the package `unicorn`: {missing}",
        hint="pip install unicorn; `verify --sim=host` works without it",
    ) from missing

if TYPE_CHECKING:
    from mcugen.sim.tracer import Tracer

_NEVER = 0xFFFF_FFFE
_CORES = {
    "cortex-m0plus": arm.UC_CPU_ARM_CORTEX_M0,  # the same instructions
    "cortex-m3": arm.UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": arm.UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": arm.UC_CPU_ARM_CORTEX_M7,
    "cortex-m33": arm.UC_CPU_ARM_CORTEX_M33,
}
_IN_REGISTERS = 4
"""Arguments that a call passes in registers."""

_GENERAL = tuple(getattr(arm, f"UC_ARM_REG_R{index}") for index in range(13))
_ACCESSES = {
    unicorn.UC_MEM_READ_UNMAPPED: "reads",
    unicorn.UC_MEM_READ_PROT: "reads",
    unicorn.UC_MEM_WRITE_UNMAPPED: "stores to",
    unicorn.UC_MEM_WRITE_PROT: "stores to",
    unicorn.UC_MEM_FETCH_UNMAPPED: "jumps to",
    unicorn.UC_MEM_FETCH_PROT: "jumps to",
}
_STATE = (*_GENERAL, arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR)
_STACK_BYTES = 128
_LARGEST_STORE = 8
_THUMB = 0x0100_0000
_PREFETCH_ABORT = 3
_EXCEPTIONS = {2: "an SVC instruction", 7: "a breakpoint", 8: "an exception return"}

StoreHook = Callable[[int, int], None]
"""Told address and size of a store, before it is made."""

FlashStore = Callable[[int, int, int], None]
"""Told address, size and value of a store to the flash; changes the flash as the chip does."""


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

    ``contents`` is the flash, which the program can run and read; memory that others change too is
    used as it is. With ``code_anywhere`` it runs from RAM, too. ``instructions`` counts all that
    were executed since the processor was made. Raises BoardError B003 for a core that the emulator
    does not have.
    """

    def __init__(
        self,
        core: str,
        flash: Region,
        contents: bytes | ctypes.Array[ctypes.c_ubyte],
        bus: Callable[[], Bus],
        *,
        code_anywhere: bool = False,
    ) -> None:
        if core not in _CORES:
            raise BoardError(
                "B003",
                f"the emulator of the virtual board has no {core}",
                hint="`verify --sim=qemu` runs the build's library on QEMU's",
            )
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(_CORES[core])
        self._bus = bus
        self._access: Access | None = None
        self._problem: BaseException | None = None
        self._exception: int | None = None
        self._uc.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_invalid_access)
        self._uc.hook_add(unicorn.UC_HOOK_INTR, self._on_exception)
        if isinstance(contents, bytes):
            contents = (ctypes.c_ubyte * flash.size).from_buffer_copy(contents)
        self._flash, self._flash_region = contents, flash
        self._flash_corrections: list[tuple[int, bytes]] = []
        self._flash_unlocked = self._flash_is_new = False
        self._flash_hook: FlashStore = lambda *_: None
        # Writable for Unicorn, which cannot let a program write through a hook only.
        self._uc.mem_map_ptr(
            flash.base, flash.size, unicorn.UC_PROT_ALL, ctypes.addressof(self._flash)
        )
        self._uc.hook_add(
            unicorn.UC_HOOK_MEM_WRITE,
            self._store_hook(self._store_to_flash),
            begin=flash.base,
            end=flash.end - 1,
        )
        self._tracers: list[Tracer] = []  # Unicorn only knows their addresses
        self._code_anywhere = code_anywhere
        self._outside: list[object] = []  # Unicorn only knows the addresses
        self._counter: Counter = (
            PythonCounter(self._uc)
            if code_anywhere
            else attach_counter(self._uc, self._flash, flash.base)
        )
        self._end = 0

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
        """The n-th 32-bit argument, at a function's first instruction: from the fifth on they are
        on the stack."""
        if index < _IN_REGISTERS:
            return self._register(_GENERAL[index])
        return int.from_bytes(self.read(self.sp + 4 * (index - _IN_REGISTERS), 4), "little")

    def map_ram(self, region: Region, fill: int) -> None:
        """RAM that holds the byte ``fill`` everywhere."""
        access = unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE
        if self._code_anywhere:
            access |= unicorn.UC_PROT_EXEC
        self._uc.mem_map(region.base, region.size, access)
        self.write(region.base, bytes([fill]) * region.size)

    def map_flash(self, region: Region, contents: ctypes.Array[ctypes.c_ubyte]) -> None:
        """Memory that the program can only read, and others may change."""
        access = unicorn.UC_PROT_READ
        if self._code_anywhere:
            access |= unicorn.UC_PROT_EXEC
        self._uc.mem_map_ptr(region.base, region.size, access, ctypes.addressof(contents))
        self._outside.append(contents)

    def map_registers(self, pages: tuple[int, ...]) -> None:
        """Pages whose accesses go to the bus."""
        for page in pages:
            self._uc.mmio_map(page, PAGE, self._read_register, page, self._write_register, page)

    def read(self, address: int, size: int) -> bytes:
        """Raises Stopped where there is no memory."""
        try:
            return bytes(self._uc.mem_read(address, size))
        except unicorn.UcError as error:
            raise self._stopped_by(Access("points to", address)) from error

    def write(self, address: int, data: bytes) -> None:
        """Raises Stopped where there is no memory."""
        try:
            self._uc.mem_write(address, data)
        except unicorn.UcError as error:
            raise self._stopped_by(Access("points to", address)) from error

    def on_execution(self, address: int, hook: Callable[[], None]) -> None:
        """Calls ``hook`` before the instruction at ``address``, every time."""
        self._uc.hook_add(
            unicorn.UC_HOOK_CODE,
            self._guarded(lambda *_: hook()),
            begin=address,
            end=address,
        )

    def on_store(self, begin: int, end: int, hook: StoreHook) -> Callable[[], None]:
        """Calls ``hook`` for every store that touches [``begin``, ``end``); the answer ends that.

        A store is found by its first byte, so one that begins up to seven bytes before counts too.
        """

        def stored(address: int, size: int, _value: int) -> None:
            if address + size > begin:
                hook(address, size)

        handle = self._uc.hook_add(
            unicorn.UC_HOOK_MEM_WRITE,
            self._store_hook(stored),
            begin=max(begin - _LARGEST_STORE + 1, 0),
            end=end - 1,
        )
        return lambda: self._uc.hook_del(handle)

    def on_flash_store(self, hook: FlashStore) -> None:
        """Calls ``hook`` for every store to the flash while it is unlocked.

        The hook leaves in the flash what belongs there; the store itself then has no say.
        """
        self._flash_hook = hook

    def unlock_flash(self, unlocked: bool) -> None:
        """Whether stores reach the flash; otherwise they end the run."""
        self._flash_unlocked = unlocked

    def flash_changed(self) -> None:
        """Forgets what was translated from what the flash held before, at the next ``run``.

        Not at once: the translation that is under way would be lost too. There is a stop before
        other code runs, since that takes a reset.
        """
        self._flash_is_new = True

    def state(self) -> tuple[object, ...]:
        """All that decides what the processor does next, but for memory far from the stack's top.

        Two equal states in a loop without stores and with the same answers from the registers mean
        that the loop has no end.
        """
        stack: bytes | None = None
        with contextlib.suppress(Stopped):
            stack = self.read(self.sp, _STACK_BYTES)
        return (*self._uc.reg_read_batch(_STATE), stack)

    def reset(self, vector_table: int) -> None:
        """As the processor does: stack pointer and first instruction from the vector table."""
        for register in _GENERAL:
            self._uc.reg_write(register, 0)
        self._uc.reg_write(arm.UC_ARM_REG_XPSR, _THUMB)
        self._uc.reg_write(arm.UC_ARM_REG_PRIMASK, 0)
        self._uc.reg_write(arm.UC_ARM_REG_LR, 0xFFFF_FFFF)
        words = self.read(vector_table, 8)
        self._uc.reg_write(arm.UC_ARM_REG_SP, int.from_bytes(words[:4], "little"))
        self._uc.reg_write(arm.UC_ARM_REG_PC, int.from_bytes(words[4:], "little"))

    def call(
        self, function: int, arguments: Sequence[int], sp: int, returns_to: int, limit: int
    ) -> int | None:
        """What a function answers to at most four words, None after ``limit`` instructions.

        Something must ``stop`` the processor at ``returns_to``. Raises as ``run``.
        """
        for register, value in zip(_GENERAL, arguments, strict=False):
            self._uc.reg_write(register, value)
        self._uc.reg_write(arm.UC_ARM_REG_XPSR, _THUMB)
        self._uc.reg_write(arm.UC_ARM_REG_SP, sp)
        self._uc.reg_write(arm.UC_ARM_REG_LR, returns_to | 1)
        self._uc.reg_write(arm.UC_ARM_REG_PC, function)
        finished = self.run(limit)
        return self._register(_GENERAL[0]) if finished else None

    def trace(self, accelerator: Accelerator | None) -> Tracer:
        """Follows every block of code from here on, and the caches before the flash.

        Raises ToolchainError where there is no C compiler for that.
        """
        from mcugen.sim.tracer import Tracer

        tracer = Tracer(self._uc, self._flash_region, accelerator)
        self._tracers.append(tracer)
        return tracer

    def stop(self) -> None:
        """Ends ``run`` soon; what is under way is finished first."""
        self._uc.emu_stop()

    def run(self, limit: int) -> bool:
        """Runs until ``stop``, for at most ``limit`` instructions; False when they were used up.

        Raises Stopped for a crash, and what a hook or a register raised.
        """
        self._access = self._problem = self._exception = None
        self.allow(limit)
        if self._flash_is_new:
            self._flash_is_new = False
            self._counter.code_changed()
            self._uc.ctl_flush_tb()
        failure: unicorn.UcError | None = None
        try:
            self._uc.emu_start(self.pc | 1, _NEVER)
        except unicorn.UcError as error:
            failure = error
        finally:
            self._uc.emu_stop()
            self._correct_flash()
        if self._problem is not None:
            raise self._problem
        if failure is not None or self._exception is not None:
            raise self._stopped(failure)
        return self.instructions <= self._end

    def allow(self, limit: int) -> None:
        """From here on ``run`` may take this many instructions."""
        self._end = self.instructions + limit
        self._counter.set_limit(self._end)

    def _store_to_flash(self, address: int, size: int, value: int) -> None:
        raw = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        try:
            if not self._flash_unlocked:
                raise self._stopped_by(Access("stores to", address))
            self._flash_hook(address, size, value)
        finally:
            after = self._flash_bytes(address, size)
            if after != raw:
                self._flash_corrections.append((address, after))

    def _flash_bytes(self, address: int, size: int) -> bytes:
        offset = address - self._flash_region.base
        return bytes(self._flash[offset : offset + size])

    def _correct_flash(self) -> None:
        """Where a store did not have the effect of one, puts back what the chip would hold.

        That cannot be done before the store is made, and a stop would make it twice.
        """
        for address, after in self._flash_corrections:
            offset = address - self._flash_region.base
            ctypes.memmove(ctypes.addressof(self._flash) + offset, after, len(after))
        self._flash_corrections.clear()

    def _stopped(self, failure: unicorn.UcError | None) -> Stopped:
        access = self._access
        if self._exception == _PREFETCH_ABORT:
            access = Access("jumps to", self.pc)
        if access is not None:
            return self._stopped_by(access)
        if self._exception is not None:
            name = _EXCEPTIONS.get(self._exception, f"exception {self._exception}")
            return Stopped(f"the firmware meets {name}", self.pc)
        if failure is not None and failure.errno == unicorn.UC_ERR_INSN_INVALID:
            return Stopped("the firmware meets an undefined instruction", self.pc)
        return Stopped(f"the emulator cannot go on: {failure}", self.pc)

    def _stopped_by(self, access: Access) -> Stopped:
        what = f"the firmware {access.verb} 0x{access.address:08x}, where it must not"
        return Stopped(what, self.pc, access)

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
        self._correct_flash()
        try:
            return self._bus().read(page + offset, size)
        except DeviceError as error:
            self._fail(Stopped(error.what, self.pc))
        except BaseException as error:
            self._fail(error)
        return 0

    def _write_register(
        self, _uc: unicorn.Uc, offset: int, size: int, value: int, page: int
    ) -> None:
        self._correct_flash()
        try:
            self._bus().write(page + offset, size, value)
        except DeviceError as error:
            self._fail(Stopped(error.what, self.pc))
        except BaseException as error:
            self._fail(error)

    def _store_hook(self, hook: Callable[[int, int, int], None]) -> Callable[..., None]:
        """Calls ``hook`` with address, size and value of a store.

        Unicorn 2.1.4 keeps the condition of an IT block that a store's hook saw, and the next
        block of instructions would be skipped by it: so it is taken away here.
        """

        def call(
            _uc: object, _kind: int, address: int, size: int, value: int, _data: object
        ) -> None:
            hook(address, size, value)
            status = self._register(arm.UC_ARM_REG_XPSR)
            if status & IF_THEN:
                self._uc.reg_write(arm.UC_ARM_REG_XPSR, status & ~IF_THEN)

        return self._guarded(call)

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
