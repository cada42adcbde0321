"""What happens to a board while it is flashed, as lines of text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcugen.flash import events


@dataclass
class FlashLines:
    """A line of text where something new begins."""

    say: Callable[[str], None]
    begun: str = ""

    def __call__(self, event: events.Event) -> None:
        text = _in_words(event)
        if text and text != self.begun:
            self.say(text)
        self.begun = text or self.begun


@dataclass(frozen=True)
class FlashNeeds:
    """Only what the user has to do or to know."""

    say: Callable[[str], None]

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.UserNeeded | events.Warned):
            self.say(event.text)


def _in_words(event: events.Event) -> str:
    """What an event begins; "" for one that only goes on."""
    match event:
        case events.Note(text) | events.UserNeeded(text) | events.Warned(text):
            return text
        case events.Connected(via):
            return f"connected: {via}"
        case events.Compared(sector, differs):
            return f"sector {sector} {'differs' if differs else 'is as it should be'}"
        case events.EraseStarted(sector):
            return f"erasing sector {sector}"
        case events.Written(_, total):
            return f"writing {total:,} bytes"
        case events.Verified(_, total):
            return f"verifying {total:,} bytes"
        case events.Started():
            return "the application runs"
    return ""
