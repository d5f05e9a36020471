"""What the command calls the families and their calls, and what it says of them before it does them."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from itnio_async.text import with_members_as_words

if TYPE_CHECKING:
    from itnio_async.api.paths import Call

# By the client's attribute; a family without a word has its own name. The trunks have commands of their own, and the
# account a single one.
_WORDS = {
    "sip_trunks": "trunks",
    "agent_groups": "groups",
    "team_leaders": "leaders",
    "call_tasks": "tasks",
    "call_records": "records",
}
_SUMMARIES = {
    "agent_groups": "The groups that agents work in.",
    "agents": "The agents of the call centre.",
    "team_leaders": "The team leaders of the call centre.",
    "call_tasks": "The tasks that call lists of numbers.",
    "call_records": "The records of the call centre's calls.",
    "sms": "Text messages, sent and received.",
    "otp": "One-time codes: sent, checked, and what they are made by.",
    "voice": "Calls that read out a text or play a file; phones; records.",
    "group_calls": "The tasks that call up to 200,000 numbers, and their redials.",
    "numbers": "The account's numbers, their calls, and phones bound by them.",
}
# Verbs of calls that change nothing, and of those that are asked about before they are made.
_READS = ("list", "get")
_ASKED_ABOUT = ("delete", "unbind", "submit", "send", "resend")

# What docstrings say to programmers.
_FOR_A_SHELL = {
    "'s content as base64, as uploads.as_base64 makes it": "",
    "a datetime with its zone": "a time with its zone, such as 2025-01-10T00:00:00+08:00",
}
_CONSTANTS = {"None": "null", "True": "true", "False": "false"}
_WORD = re.compile(r"\w++")

_SENTENCE = re.compile(r"(?<=[.!?]) ")


def families() -> dict[str, tuple[str, str]]:
    """Return by their words the families that have commands made from their calls, each with a line about it."""
    return {word_of(family): (family, summary) for family, summary in _SUMMARIES.items()}


def command_of(call: Call) -> str:
    """Return the words of the command that makes a call, such as `groups get-settings`."""
    if call.family == "account":
        return option_name(call.verb.removeprefix("get_"))
    return f"{word_of(call.family)} {option_name(call.verb)}"


def word_of(family: str) -> str:
    """Return the word that the commands of a family begin with."""
    return _WORDS.get(family, option_name(family))


def option_name(name: str) -> str:
    """Return a name of Python as a word of the command line."""
    return name.replace("_", "-")


def reads_only(call: Call) -> bool:
    """Tell whether a call changes nothing, so that it does not matter whether it was processed."""
    return call.verb.startswith(_READS)


def is_asked_about(call: Call) -> bool:
    """Tell whether somebody has to say yes first: to what deletes or ends, and to what calls or writes to people."""
    return call.verb.startswith(_ASKED_ABOUT)


def help_of(call: Call) -> str:
    """Return what a call does, from its docstring: without what only matters in Python."""
    paragraph = in_a_shell(" ".join(inspect.cleandoc(call.method.__doc__ or "").split("\n\n")[0].split()), call)
    sentences = _SENTENCE.split(paragraph)
    if call.verb.startswith("list"):
        return f"{sentences[0].partition(':')[0].partition(', each')[0].rstrip('.')}, as a table on a terminal."
    sentences = [text for text in sentences if not text.startswith(("Raises", "Takes and raises"))]
    return " ".join(sentences).replace("Return ", "Show ", 1).replace(" and return ", " and show ", 1)


def in_a_shell(text: str, call: Call) -> str:
    """Return what a docstring says in the words of a shell: its constants, and the other commands of the family."""
    from itnio_async.api.paths import calls_of  # not above: the families' words are wanted before any is imported

    for said, meant in _FOR_A_SHELL.items():
        text = text.replace(said, meant)
    words = {other.verb: option_name(other.verb) for other in calls_of(call.family)} | _CONSTANTS
    return _WORD.sub(lambda found: words.get(found[0], found[0]), with_members_as_words(text))


def summary_of(call: Call) -> str:
    """Return what a call does in a line."""
    text = help_of(call).removesuffix(", as a table on a terminal.")
    return f"{_SENTENCE.split(text)[0].partition(':')[0].rstrip('.')}."
