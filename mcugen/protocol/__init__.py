"""The console protocol between host and firmware: docs/console-protocol.md."""
