"""Blanking secrets out of text that goes into errors: the vendor's words may repeat what was sent.

A secret comes back escaped in ways that nobody can list: by JSON, HTML, a URL, Python, and by several of them one upon
the other. So text and secret are unescaped step by step, and the secret is looked for at each step. Each character is
read in one way only, and finding is the string's own `find`: the time grows with the length and not faster.

Base64 is known where it stands as it is, in either alphabet, also as a part of more that was encoded together; not
where it is escaped or encoded once more, or broken into lines. Hexadecimal, compressed and hashed forms are not known.
"""

from __future__ import annotations

import re
from array import array
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html.entities import name2codepoint
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson

if TYPE_CHECKING:
    import httpx

BLANK = "***"
# A shorter secret stands in other words by chance: to blank it there would hide those and give it away.
_SHORTEST = 4
# What one character may grow to, for instance `"` to three backslashes and itself, all of them as `&#x5c;`.
_LONGEST_FORM = 40
# How many escapes are looked for one upon the other.
_MOST_STEPS = 3
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|\Aauthentication\Z", re.IGNORECASE)
# At the top of a request. In answers, and further down, this is the name of what a result, a country or a language has.
_ONE_TIME_CODE = "code"
_LETTERS = re.compile(r"[0-9a-z]++")
# One written character. A run of backslashes stands for nothing by itself: how many there are says only how often the
# text was escaped. Bytes of one character in UTF-8 belong together.
_ESCAPE = re.compile(
    r"""
    \\++ (?: u (?: d[89ab][0-9a-f]{2} \\++ ud[c-f][0-9a-f]{2} | [0-9a-f]{4} )
           | x (?: [cd][0-9a-f] \\++ x[89ab][0-9a-f]
                 | e[0-9a-f] (?: \\++ x[89ab][0-9a-f] ){2}
                 | f[0-4] (?: \\++ x[89ab][0-9a-f] ){3}
                 | [0-9a-f]{2} )
           | [bfnrt] )?+
    | % (?: [cd][0-9a-f] %[89ab][0-9a-f]
          | e[0-9a-f] (?: %[89ab][0-9a-f] ){2}
          | f[0-4] (?: %[89ab][0-9a-f] ){3}
          | [0-9a-f]{2} )
    | & (?: \# (?: x0*+[0-9a-f]{1,6}+ | 0*+[0-9]{1,7}+ ) | [a-z][a-z0-9]{1,7}+ ) ;
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_CODE_POINTS = {"apos": ord("'"), **{name.lower(): code for name, code in name2codepoint.items()}, **name2codepoint}
# A name and the colon or equals sign after it, wherever they stand: the text may be broken, or itself within a string.
_NAMED = re.compile(
    r"""
    (?<![^"'\\:=,{}\[\]<>&;\r\n]) ([^"'\\:=,{}\[\]<>&;\r\n]++)
    (?: \\*+["'] | &quot; | &\#0*+34; )?+ \s*+ [:=] \s*+
    """,
    re.VERBOSE | re.IGNORECASE,
)
_QUOTE = re.compile(r"""\\*+["']|&quot;|&\#0*+34;""", re.IGNORECASE)
_BARE = re.compile(r"""[^\s,;&"'<>{}\[\]\\]*+""")
_BRACKET_OR_QUOTE = re.compile(r"""[\[\]{}]|\\*+["']|&quot;|&\#0*+34;""", re.IGNORECASE)
# Levels of JSON data. Python's own limit for calls within calls comes at some three hundred.
_DEEPEST = 100
_NOT_SECRET = frozenset({"", "null", "true", "false", "none"})

Span = tuple[int, int]


def blank_out(text: str, secrets: Iterable[str]) -> str:
    """Return the text with each secret of at least four characters replaced, however it is escaped."""
    return _without(text, _spans(text, _wanted(secrets)), len(text))


def excerpt(text: str, secrets: Iterable[str], length: int, *, by_name: bool = False) -> str:
    """Return at most `length` characters of the beginning of the text, without the secrets.

    `by_name` blanks out too what stands in the text under a secret's name, as in JSON, whole or broken.
    """
    wanted = _wanted(secrets)
    # A secret that begins before the cut ends within the window, so that it is recognised whole.
    window = text[: length + _LONGEST_FORM * max(map(len, wanted), default=0)]
    spans = _spans(window, wanted)
    if by_name:
        spans += _named_values(window)
    return _without(window, spans, length)[:length]


def without_secrets(value: Any, secrets: Iterable[str], *, is_secret: bool = False, depth: int = 0) -> Any:
    """Return JSON data with the secrets blanked out of its texts, and all that stands under a secret's name.

    What is nested deeper than anybody reads is blanked out too.
    """
    if isinstance(value, dict | list) and depth == _DEEPEST:
        return BLANK
    if isinstance(value, dict):
        return {
            blank_out(name, secrets): without_secrets(
                item, secrets, is_secret=is_secret or _SECRET_NAME.search(name) is not None, depth=depth + 1
            )
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(item, secrets, is_secret=is_secret, depth=depth + 1) for item in value]
    if is_secret and value is not None and not isinstance(value, bool):
        return BLANK
    return blank_out(value, secrets) if isinstance(value, str) else value


def without_named_secrets(content: bytes, *, of_request: bool = False) -> bytes:
    """Return a body without what stands under the name of a secret, be it JSON or not."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content  # no text: there are no names in it
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _without(text, _named_values(text), len(text)).encode()
    shown = without_secrets(data, ())
    if of_request and _one_time_code(data) is not None:
        shown[_ONE_TIME_CODE] = BLANK
    # What has no secrets stays as it was written.
    return content if shown == data else orjson.dumps(shown)


def secrets_in(content: bytes) -> tuple[str, ...]:
    """Return the values of a JSON request whose names say that they are secrets."""
    if not content:
        return ()
    data = orjson.loads(content)
    code = _one_time_code(data)
    return (*_secret_values(data), *([] if code is None else [code]))


def secrets_in_query(url: httpx.URL) -> tuple[str, ...]:
    """Return the values of a query whose names say that they are secrets."""
    return tuple(value for name, value in url.params.multi_items() if _SECRET_NAME.search(name))


def without_secrets_in_query(address: str) -> str:
    """Return an address without the values of its query whose names say that they are secrets."""
    parts = urlsplit(address)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    shown = [(name, BLANK if _SECRET_NAME.search(name) else value) for name, value in pairs]
    return address if shown == pairs else urlunsplit(parts._replace(query=urlencode(shown, safe="*")))


def _one_time_code(data: Any) -> str | None:
    """Return the one-time code that a request has, or None."""
    code = data.get(_ONE_TIME_CODE) if isinstance(data, dict) else None
    return str(code) if isinstance(code, str | int) and not isinstance(code, bool) else None


def mask(key: str) -> str:
    """Return the API key as it may be shown: enough to tell two keys apart."""
    return f"{key[:3]}{BLANK}"


def _secret_values(value: Any, *, is_secret: bool = False) -> Iterable[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _secret_values(item, is_secret=is_secret or _SECRET_NAME.search(name) is not None)
    elif isinstance(value, list):
        for item in value:
            yield from _secret_values(item, is_secret=is_secret)
    elif is_secret and isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _wanted(secrets: Iterable[str]) -> list[str]:
    return [secret for secret in dict.fromkeys(secrets) if len(secret) >= _SHORTEST]


def _without(text: str, spans: list[Span], length: int) -> str:
    """Return the first `length` characters of the text with the spans blanked, those that overlap as one."""
    kept: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if start >= length:
            break
        if start >= position:
            kept += text[position:start], BLANK
        position = max(position, end)
    return "".join([*kept, text[position:length]])


# -- by value ---------------------------------------------------------------------------------------------------------


def _spans(text: str, secrets: list[str]) -> list[Span]:
    """Return where the secrets stand."""
    if not secrets:
        return []
    folded = _folded(text)
    return [
        (begin + start, begin + end)
        for secret in secrets
        for begin, stop in _regions(folded, secret)
        for start, end in _found(text[begin:stop], secret)
    ] + [span for secret in secrets for span in _found_in_base64(text, secret)]


def _folded(text: str) -> str:
    """Return the text in lower case, character by character, and with a form's plus as the space that it stands for."""
    # Of the characters, only this one becomes two; and the sigma's lower case depends on its neighbours.
    return text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower().replace("\u03c2", "\u03c3").replace("+", " ")


def _regions(folded: str, secret: str) -> Iterator[Span]:
    """Yield where the secret may stand: around its longest run of letters and digits, which nobody escapes."""
    run = max(_LETTERS.findall(_folded(secret)), key=len, default="")
    if not run:
        yield 0, len(folded)
        return
    reach = _LONGEST_FORM * len(secret)
    begin = end = 0
    place = folded.find(run)
    while place >= 0:
        if place - reach > end:
            if end:
                yield begin, end
            begin = place - reach
        # For this run and for all that begin within its reach, which need not be looked at.
        end = place + 2 * reach
        place = folded.find(run, place + reach)
    if end:
        yield begin, end


def _found(text: str, secret: str) -> Iterator[Span]:
    """Yield where the secret stands in the text, at any step of unescaping either of them."""
    forms = dict.fromkeys(_folded(step.text) for step in _steps(secret))
    forms.pop("", None)
    for step in _steps(text):
        folded = _folded(step.text)
        ends = step.behind if secret.endswith("\\") else step.before
        for form in forms:
            start = folded.find(form)
            while start >= 0:
                end = start + len(form)
                yield step.before[start], ends[end]
                start = folded.find(form, end)


def _found_in_base64(text: str, secret: str) -> Iterator[Span]:
    """Yield where the secret stands in Base64: in three forms, by how many bytes stand before it, modulo three."""
    for before in range(3):
        content = bytes(before) + secret.encode("utf-8", "surrogatepass")
        # Of the characters at the ends that have other bits too, only the place is known.
        first, whole = -(-before * 8 // 6), len(content) * 8 // 6
        certain = b64encode(content).decode()[first:whole]
        for form in dict.fromkeys((certain, certain.translate(_URL_SAFE))):
            start = text.find(form)
            while start >= 0:
                end = start + len(form)
                ending = _BASE64_END.match(text, end) if len(content) % 3 else None
                yield start - (before > 0 and start > 0), ending.end() if ending else end
                start = text.find(form, end)


_URL_SAFE = str.maketrans("+/", "-_")
_BASE64_END = re.compile(r"[A-Za-z0-9+/_-]?+={0,2}+")


class _Step(NamedTuple):
    """A text after some steps of unescaping.

    `before` and `behind` tell for each place of it where that was in the original: before and behind the backslashes
    there that stand for nothing.
    """

    text: str
    before: Sequence[int]
    behind: Sequence[int]


def _steps(text: str) -> Iterator[_Step]:
    """Yield the text as it is, and after each step of unescaping that changes it."""
    places = range(len(text) + 1)
    step: _Step | None = _Step(text, places, places)
    for _ in range(_MOST_STEPS + 1):
        if step is None:
            return
        yield step
        # Asked before, since this is fifty times as fast as the pattern.
        if not any(character in step.text for character in "\\%&"):
            return
        step = _unescaped(step)


def _unescaped(step: _Step) -> _Step | None:
    """Return the text with one more step of escapes read, or None where it has none."""
    pieces: list[str] = []
    # Of each character, where the one before it ended, and where it begins. An array takes a quarter of a list.
    before, behind = array("L"), array("L")
    position, ended = 0, step.before[0]
    for escape in _ESCAPE.finditer(step.text):
        meant = _meaning(escape[0])
        if meant == escape[0]:
            continue
        start, end = escape.span()
        pieces += step.text[position:start], meant
        if position < start:
            before.append(ended)
            before.extend(step.before[position + 1 : start])
            behind.extend(step.behind[position:start])
            ended = step.before[start]
        for _ in meant:
            before.append(ended)
            behind.append(step.behind[start])
            ended = step.before[end]
        position = end
    if not pieces:
        return None
    before.append(ended)
    before.extend(step.before[position + 1 :])
    behind.extend(step.behind[position:])
    return _Step("".join([*pieces, step.text[position:]]), before, behind)


def _meaning(written: str) -> str:
    """Return what an escape stands for: one character, or nothing for mere backslashes."""
    if written[0] == "&":
        return _entity(written)
    if written[0] == "%":
        return _character(written.replace("%", ""))
    kind, _, digits = written.replace("\\", "").lower().partition("u")
    if digits:
        return bytes.fromhex(digits.replace("u", "")).decode("utf-16-be", "surrogatepass")
    return _character(kind.replace("x", "")) if kind[:1] == "x" else _CONTROLS.get(kind, "")


def _character(digits: str) -> str:
    encoded = bytes.fromhex(digits)
    try:
        return encoded.decode()
    except UnicodeDecodeError:
        return encoded.decode("latin-1")


def _entity(written: str) -> str:
    name = written[1:-1]
    if name[0] != "#":
        code = _CODE_POINTS.get(name) or _CODE_POINTS.get(name.lower())
    else:
        code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    return chr(code) if code is not None and code < 0x110000 else written


# -- by name ----------------------------------------------------------------------------------------------------------


def _named_values(text: str) -> list[Span]:
    """Return where values stand under a secret's name; one that does not end goes to the end of the text."""
    spans: list[Span] = []
    position = 0
    while (named := _NAMED.search(text, position)) is not None:
        position = named.end()
        if _SECRET_NAME.search(named[1]):
            start, position = _value(text, position)
            if text[start:position].lower() not in _NOT_SECRET:
                spans.append((start, position))
    return spans


def _value(text: str, start: int) -> Span:
    """Return the span of the value that begins here, without its quotes."""
    if text[start : start + 1] in ("{", "["):
        return start, _end_of_nested(text, start)
    quote = _QUOTE.match(text, start)
    if quote is not None:
        return quote.end(), _end_of_quoted(text, quote)
    bare = _BARE.match(text, start)
    assert bare is not None
    return bare.span()


def _end_of_quoted(text: str, quote: re.Match[str]) -> int:
    """Return where the next such quote is that is not escaped once more."""
    opening, start = quote[0], quote.end()
    while (end := text.find(opening, start)) >= 0:
        first = end
        while first > start and text[first - 1] == "\\":
            first -= 1
        # Within a string of JSON an even number of them are characters of the value.
        if first == end or (len(opening) == 1 and (end - first) % 2 == 0):
            return end
        start = end + 1
    return len(text)


def _end_of_nested(text: str, start: int) -> int:
    depth = 0
    position = start
    while (found := _BRACKET_OR_QUOTE.search(text, position)) is not None:
        position = found.end()
        if found[0] in ("{", "["):
            depth += 1
        elif found[0] in ("}", "]"):
            depth -= 1
            if depth == 0:
                return position
        else:
            position = _end_of_quoted(text, found) + len(found[0])
    return len(text)
