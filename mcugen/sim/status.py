"""The processor's program status, as far as an emulator's hook must mend it."""

IF_THEN = 0x0600_FC00
"""The bits that hold the condition of an IT block."""
