"""What the tests of all families know of each: a module a family, with what there is of the following.

`CALLS`: each call as a program makes it, with the values of its page's sample. `LINES`: the command line for each,
likewise; for `SECRET:abc` a file stands that has this secret. `NOT_REPEATED`: the calls that are not idempotent.
`ASKED_ABOUT`: those that a person is asked about first. `OTHER_VALUES`: what a call's sample has that the page's own
table does not allow, and what is sent instead. `SENT`: what is sent by a call whose page shows no sample. `ANSWERS`:
what a command is answered in the place of no data, where that would not be a success. `SECRETS`: what is secret though
its page does not say so.

What the pages leave open, or contradict themselves in, and what is done about it, by endpoint and field:
`OPEN_TYPES` (another type than the table's is sent, and why), `OPEN_REQUIRED` (optional here, required by some pages),
`OPEN_LIMITS` (another limit than the table's holds, and why), `OPEN_FIELDS` (of a request, and not in its table),
`OPEN_ANSWERS` (kept in `extra` and not typed), `OPEN_ANSWER_TYPES` (read as another type than the table's, and why).
`IN_WORDS`: constraints that no marker of one field can say: checks, enumerations, types, or only the vendor knows.
`SAID_ELSEWHERE`: the constraints of a field that its page has at another place. `OPEN_PLACES`: with `path`, `query` or
`body`, where a field stands by the page's table and is not sent.

Where client and sandbox differ over a request's form, as regular expressions of fields' paths: `OPEN_ENUMERATIONS`
(the client takes values that the page does not list) and `BY_RULES` (the sandbox finds it wrong after the form).
`IDS_AS_TEXT`: the fields that the table has as texts and the client as numbers, however long.

`over_http` makes every call of the family to a sandbox that has its seeds and what the families before have left.
"""

from __future__ import annotations

import re
from importlib import import_module
from types import ModuleType
from typing import Any

from itnio_async.api.paths import FAMILIES
from itnio_async.endpoint import Endpoint

MODULES: dict[str, ModuleType] = {family: import_module(f"{__name__}.{family}") for family in FAMILIES}


def all_of(name: str) -> dict[Any, Any]:
    """Return what the modules have under a name as one dict; of sets, the keys alone matter."""
    found: dict[Any, Any] = {}
    for module in MODULES.values():
        part = getattr(module, name, {})
        found |= part if isinstance(part, dict) else dict.fromkeys(part)
    return found


def path_pattern(endpoint: Endpoint[Any, Any]) -> str:
    """Return the regular expression of an endpoint's path, for respx: an id stands for each name in braces."""
    return f"^{re.sub(r'[{][A-Za-z]+[}]', '[^/]+', endpoint.path)}$"
