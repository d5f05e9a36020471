"""Secrets are gone from any text that goes into an error, in whatever form they come back."""

import html
import json
import re
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from itnio_async.redaction import blank_out, excerpt, mask, secrets_in, secrets_in_query

relaxed = settings(deadline=None)

SECRET = "p/a\"s\\s&<w>'ö rd+%\u2028"
PLAIN = "7bz1lzh9"

FORMS = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON as .NET and Go write it": lambda text: re.sub(
        "[<>&'+]", lambda found: f"\\u{ord(found[0]):04X}", json.dumps(text)[1:-1]
    ),
    "JSON within JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "HTML": html.escape,
    "HTML without quotes": lambda text: html.escape(text, quote=False),
    "HTML with numbers": lambda text: html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "XML": lambda text: html.escape(text).replace("&#x27;", "&apos;"),
    "numbers": lambda text: re.sub("[^A-Za-z0-9]", lambda found: f"&#{ord(found[0])};", text),
    "hexadecimal numbers": lambda text: re.sub("[^A-Za-z0-9]", lambda found: f"&#x{ord(found[0]):04X};", text),
    "URL": quote,
    "URL throughout": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "URL in lower case": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "upper case": str.upper,
    "lower case": str.lower,
    "JSON in HTML": lambda text: html.escape(json.dumps(text)[1:-1]),
}


@pytest.mark.parametrize("secret", [SECRET, PLAIN, "a bc", "x/yz", "\U0001f511key"])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_blanked_out_in_each_form(form: str, secret: str) -> None:
    written = FORMS[form](secret)
    assert blank_out(f'{{"a": "{written}"}}', [secret]) == '{"a": "***"}'


@relaxed
@given(
    before=st.text("abc \n", max_size=5),
    secret=st.text('0123456789/&"\\<é+ ', min_size=6),
    form=st.sampled_from(sorted(FORMS)),
)
def test_any_secret_is_blanked_out_in_each_form(before: str, secret: str, form: str) -> None:
    assert blank_out(f"{before}{FORMS[form](secret)}!", [secret]) == f"{before}***!"


def test_text_without_secrets_stays_as_it_is() -> None:
    assert blank_out("text .* (", []) == "text .* ("
    assert blank_out("text .* (", [""]) == "text .* ("
    assert blank_out("text .* (", [".*.*", "()"]) == "text .* ("


def test_a_secret_within_another_one_leaves_no_rest() -> None:
    assert blank_out("abcdefg abcd abcde", ["abcd", "abcdefg", "abcde"]) == "*** *** ***"


def test_every_occurrence_goes() -> None:
    assert blank_out("xSECRETx secret", ["secret"]) == "x***x ***"


# -- the excerpt ------------------------------------------------------------------------------------------------------


@relaxed
@given(
    pieces=st.lists(st.sampled_from(["a", "b", "1", "aab", "aabaab", "secret", "é", "/", "\\/", " "]), max_size=60),
    secrets=st.lists(st.sampled_from(["abab", "aabaab", "secret", "b1b1", "éé/a", "1 1 "]), max_size=3),
    length=st.integers(0, 40),
)
@example(pieces=["aabaab"] * 5, secrets=["aabaab", "aaba"], length=8)
def test_an_excerpt_is_a_beginning_of_the_blanked_text(pieces: list[str], secrets: list[str], length: int) -> None:
    text = "".join(pieces)
    short = excerpt(text, secrets, length)
    assert len(short) <= length
    assert blank_out(text, secrets).startswith(short)


@relaxed
@given(
    before=st.integers(0, 80),
    secret=st.text("0123456789", min_size=8, max_size=30),
    form=st.sampled_from(sorted(FORMS)),
    after=st.integers(0, 200),
)
def test_a_secret_at_the_cut_leaves_no_part(before: int, secret: str, form: str, after: int) -> None:
    text = "x" * before + FORMS[form](secret) + "y" * after
    assert set(excerpt(text, [secret], 50)) <= set("x*y")


def test_a_long_text_gives_an_excerpt_of_the_length_asked_for() -> None:
    assert excerpt("x" * 10_000, [PLAIN], 2000) == "x" * 2000
    assert excerpt("x" * 10_000, [], 2000) == "x" * 2000
    assert excerpt("short", [PLAIN], 2000) == "short"


def test_a_long_text_is_not_searched_beyond_the_excerpt() -> None:
    # 16 MiB, the largest answer: the time for all of it would be seconds.
    assert excerpt("ab" * 2**23, ["abc" * 10], 10) == "ababababab"


# -- what a request has to hide ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "secrets"),
    [
        ({"sipPassword": "hunter2", "sipAccount": "me"}, ["hunter2"]),
        ({"a": [{"password": "x"}, {"PASSWD": "y"}], "b": {"c": {"userPwd": "z"}}}, ["x", "y", "z"]),
        ({"apiSecret": "s", "accessToken": "t", "pin": "u"}, ["s", "t"]),
        ({"passwords": ["x", "y", ["z"]]}, ["x", "y", "z"]),
        ({"password": {"value": "x"}}, ["x"]),
        ({"password": 4711}, ["4711"]),
        ({"sipPassword": None, "password": "", "resetPassword": True}, []),
        ([{"password": "x"}], ["x"]),
        ("password", []),
        (None, []),
    ],
)
def test_passwords_of_a_request_are_known_by_their_names(request_: Any, secrets: list[str]) -> None:
    found = secrets_in(json.dumps(request_).encode())
    assert [secret for secret in found if secret] == secrets


def test_a_request_without_a_body_hides_nothing() -> None:
    assert secrets_in(b"") == ()


@pytest.mark.parametrize(("key", "shown"), [("bDqJFiq9", "bDq***"), ("ab", "ab***"), ("", "***")])
def test_a_key_is_shown_in_part(key: str, shown: str) -> None:
    assert mask(key) == shown


@relaxed
@given(st.text(min_size=4))
def test_a_masked_key_is_not_the_key(key: str) -> None:
    assume("*" not in key)
    assert key not in mask(key)


def test_secrets_of_a_query_are_those_whose_names_say_so():
    url = httpx.URL("https://api.example/path?sipPassword=a%26b&name=plain&token=t")
    assert secrets_in_query(url) == ("a&b", "t")
