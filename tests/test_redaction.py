"""Secrets are gone from any text that goes into an error, in whatever form they come back."""

import base64
import html
import json
import re
import time
from collections.abc import Callable
from html.entities import codepoint2name
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import assume, example, given, settings, strategies as st

from itnio_async.redaction import blank_out, excerpt, mask, secrets_in, secrets_in_query, without_secrets

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
    "bytes as Python shows them": lambda text: repr(text.encode())[2:-1],
    "JSON within JSON within JSON": lambda text: json.dumps(json.dumps(json.dumps(text)))[7:-7],
    "JSON in a URL": lambda text: quote(json.dumps(text)[1:-1], safe=""),
    "URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML in HTML": lambda text: html.escape(html.escape(text)),
    "HTML in JSON": lambda text: json.dumps(html.escape(text))[1:-1],
    "JSON in HTML": lambda text: html.escape(json.dumps(text)[1:-1]),
}


@pytest.mark.parametrize("secret", [SECRET, PLAIN, "a bc", "x/yz", "\U0001f511key"])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_blanked_out_in_each_form(form: str, secret: str) -> None:
    written = FORMS[form](secret)
    assert blank_out(f'{{"a": "{written}"}}', [secret]) == '{"a": "***"}'


BASE64 = {
    "standard": base64.b64encode,
    "for URLs": base64.urlsafe_b64encode,
    "without padding": lambda content: base64.b64encode(content).rstrip(b"="),
}


@pytest.mark.parametrize("form", BASE64)
@relaxed
@given(secret=st.text(st.characters(exclude_categories=("Cs",)), min_size=4, max_size=20))
@example(secret="hunter2")
@example(secret="\u07ff\u07ff\u07ff\u07ff~~~???")
def test_a_secret_in_base64_is_blanked_out(form: str, secret: str) -> None:
    written = BASE64[form](secret.encode()).decode()
    assert blank_out(f'{{"a": "{written}"}}', [secret]) == '{"a": "***"}'


@relaxed
@given(
    before=st.binary(min_size=1, max_size=7),
    secret=st.text("abcdefghijklm/+~?0189", min_size=5, max_size=20),
    after=st.binary(max_size=7),
)
def test_a_secret_is_gone_from_the_base64_of_more(before: bytes, secret: str, after: bytes) -> None:
    written = base64.b64encode(before + secret.encode() + after).decode()
    shown = blank_out(f"Basic {written}", [secret])
    assert "***" in shown
    # Not a whole byte of it is left.
    beginning, _, end = shown.removeprefix("Basic ").partition("***")
    assert len(beginning) <= len(before) * 8 / 6
    assert len(end.rstrip("=")) <= -(-len(after) * 8 // 6)


@relaxed
@given(
    before=st.text("abc \n", max_size=5),
    secret=st.text('0123456789/&"\\<é+ ', min_size=6),
    form=st.sampled_from(sorted(FORMS)),
)
def test_any_secret_is_blanked_out_in_each_form(before: str, secret: str, form: str) -> None:
    assert blank_out(f"{before}{FORMS[form](secret)}!", [secret]) == f"{before}***!"


# -- what a customer may choose: characters that begin escapes --------------------------------------------------------


@relaxed
@given(
    secret=st.text("\\\\\\\"'/%&#;+ nux0041ab", min_size=4, max_size=12).filter(lambda text: text.strip("\\")),
    form=st.sampled_from(["as it is", "JSON", "JSON within JSON", "HTML", "URL", "URL throughout", "form"]),
    around=st.sampled_from([("", ""), ('{"a": "', '"}'), ("<b>", "</b>"), ("x", "y")]),
)
@example(secret='\\"' * 12 + "end", form="JSON", around=("", ""))
@example(secret="pass\\", form="JSON", around=('{"a": "', '"}'))
@example(secret="a%41&lt;\\u0041", form="JSON", around=("", ""))
def test_a_secret_made_of_escapes_is_blanked_out(secret: str, form: str, around: tuple[str, str]) -> None:
    written = FORMS[form](secret)
    blanked = blank_out(written.join(around), [secret])
    assert written not in blanked
    assert "***" in blanked


@pytest.mark.parametrize("code", codepoint2name)
def test_each_name_of_html_is_known(code: int) -> None:
    assert blank_out(f"<b>abc&{codepoint2name[code]};def</b>", [f"abc{chr(code)}def"]) == "<b>***</b>"


def test_each_character_stays_where_it_is_in_any_case() -> None:
    # Were one of them to become two in lower case, all behind it would be blanked in the wrong place.
    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    assert blank_out(everything + "HUNTER2", ["hunter2"]) == everything + "***"


@pytest.mark.parametrize("secret", ["ДΣ12", "дς12", "İx12", "ÖÉ12"])
def test_the_case_of_other_alphabets_hides_nothing(secret: str) -> None:
    for written in (secret, secret.lower(), f"{secret}Д"):
        assert secret not in blank_out(written, [secret])
        assert "***" in blank_out(f"{written} {secret.upper()}", [secret])


@pytest.mark.parametrize("secret", ["1", "ab", "abc", "***"])
def test_a_secret_of_less_than_four_characters_is_not_looked_for(secret: str) -> None:
    text = f"a text with {secret} in it"
    assert blank_out(text, [secret]) == text
    assert excerpt(text, [secret], 100) == text


# -- time -------------------------------------------------------------------------------------------------------------

PAIR = '\\"'
# By the number of characters: a text and a secret that come near each other and never meet, or meet everywhere.
NEARLY: dict[str, Callable[[int], tuple[str, str]]] = {
    "backslashes and quotes": lambda n: (json.dumps(PAIR * (n // 8)), PAIR * (n // 8) + "end"),
    "backslashes": lambda n: ("\\" * n, "\\" * (n // 8) + "x"),
    "quotes": lambda n: (PAIR * (n // 2), '"' * (n // 8) + "'"),
    "one letter": lambda n: ("a" * n, "a" * (n // 8) + "b"),
    "two letters": lambda n: ("ab" * (n // 2), "ab" * (n // 16) + "c"),
    "letters and quotes": lambda n: ('a"' * (n // 2), 'a"' * (n // 16) + "b"),
    "everywhere": lambda n: ("abcd" * (n // 4), "abcd"),
    "percent": lambda n: ("%25" * (n // 3), "%" * (n // 16) + "x"),
    "entities": lambda n: ("&amp;" * (n // 5), "&" * (n // 16) + "x"),
    "surrogates": lambda n: ("\\ud83d" * (n // 6) + "\\" * n, "\U0001f511" * (n // 16)),
    "halves of escapes": lambda n: ("\\u00&#x0%e2" * (n // 12), "u00e2" * (n // 40) + "x"),
}
NAMES: dict[str, Callable[[int], str]] = {
    "names": lambda n: "password" * (n // 8),
    "a value without an end": lambda n: '{"password": "' + PAIR * (n // 2),
    "a value of backslashes": lambda n: '{"password": "' + "\\" * n + '"',
    "brackets": lambda n: '{"password": ' + "[" * n,
    "values": lambda n: '{"password":[' * (n // 13),
    "spaces": lambda n: '"password"' + " " * n,
    "quotes": lambda n: 'password"' * (n // 9),
    "colons": lambda n: "password:" * (n // 9),
    "entities": lambda n: "password&quot;:&quot;" * (n // 21),
}


def seconds(work: Callable[[], object]) -> float:
    """The least of three, since other programs take their share."""
    times = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def assert_linear(work: Callable[[int], object], smallest: int = 4_000) -> None:
    """Eight times as much may take eight times as long, and some more for luck; sixty-four times for a square."""
    few, many = seconds(lambda: work(smallest)), seconds(lambda: work(8 * smallest))
    assert many < 24 * few + 0.01


@pytest.mark.parametrize("kind", NEARLY)
def test_the_time_grows_with_the_text_and_not_faster(kind: str) -> None:
    assert_linear(lambda n: blank_out(NEARLY[kind](n)[0], [NEARLY[kind](n)[1]]))
    assert_linear(lambda n: excerpt(NEARLY[kind](n)[0], [NEARLY[kind](n)[1]], 2000))


@pytest.mark.parametrize("kind", NAMES)
def test_the_time_for_names_grows_with_the_text_and_not_faster(kind: str) -> None:
    assert_linear(lambda n: excerpt(NAMES[kind](n), [], n, by_name=True))


@pytest.mark.parametrize(
    "text",
    [
        "x" * 2**24,
        "中" * (2**24 // 3),
        "\\u4e2d" * (2**24 // 6),
        PAIR * 2**23,
        '{"sipPassword": "a", "name": "b"}' * (2**24 // 33),
        ("y" * 100_000 + "hunter2-hunter2") * 167,
    ],
    ids=lambda text: text[:8],
)
def test_the_largest_answer_takes_no_time_to_speak_of(text: str) -> None:
    secrets = ["hunter2-hunter2", PAIR * 10 + "end", "05d7a50893e22a5c4bb3216ae3396c7c"]
    assert seconds(lambda: blank_out(text, secrets)) < 0.2
    assert seconds(lambda: excerpt(text, [*secrets, "\"':;"], 2000, by_name=True)) < 0.02
    if not re.search(r"[\\%&]", text):
        assert seconds(lambda: blank_out(text, ["\"':;"])) < 0.2  # nothing in it that nobody escapes


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


# -- by name, in answers ----------------------------------------------------------------------------------------------

VALUE = "h2\"x\\y'z,}]&<"
LISTED = {"total": 1, "records": [{"keyId": 1, "sipPassword": VALUE, "sipAccount": "me", "state": 0}]}
JSONS: dict[str, Callable[[Any], str]] = {
    "JSON": json.dumps,
    "spaced": lambda data: json.dumps(data, indent=2, separators=(" , ", " : ")),
    "compact": lambda data: json.dumps(data, separators=(",", ":")),
    "JSON within JSON": lambda data: json.dumps({"body": json.dumps(data)}),
    "JSON within JSON within JSON": lambda data: json.dumps({"body": json.dumps({"body": json.dumps(data)})}),
    "JSON in HTML": lambda data: f"<pre>{html.escape(json.dumps(data))}</pre>",
    "behind a broken string": lambda data: '{"note": "un"closed", ' + json.dumps(data),
    "behind an odd quote": lambda data: '"' + json.dumps(data),
}


@pytest.mark.parametrize("form", JSONS)
def test_values_under_a_secrets_name_are_blanked_out_wherever_the_text_is_cut(form: str) -> None:
    text = JSONS[form](LISTED)
    # Also as it stands there, or the test would look for what never stands anywhere.
    start = text.index("h2")
    shown = "keyId" in text and excerpt(text, [], 2000, by_name=True)
    assert shown
    assert "***" in shown
    assert "me" in shown
    for end in range(start, len(text) + 1):
        for blanked in (excerpt(text[:end], [], 2000, by_name=True), excerpt(text, [], end, by_name=True)):
            assert "h2" not in blanked
            assert not re.search("x.*y.*z", blanked)


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        ('{"password": 4711, "a": 1}', '{"password": ***, "a": 1}'),
        ('{"pwd": -1.5e3}', '{"pwd": ***}'),
        ('{"password": null, "b": true}', '{"password": null, "b": true}'),
        ('{"isPassword": false}', '{"isPassword": false}'),
        ('{"sipPassword": ""}', '{"sipPassword": ""}'),
        ('{"passwords": ["x", ["y"]], "a": 1}', '{"passwords": ***, "a": 1}'),
        ('{"secret": {"a": "}", "b": [1]}, "c": 2}', '{"secret": ***, "c": 2}'),
        ('{"accessToken": "t", "USERPWD": "p"}', '{"accessToken": "***", "USERPWD": "***"}'),
        ('{"password": "abc', '{"password": "***'),
        ('{"password": {"a": ["x"', '{"password": ***'),
        ("{'password': 'it'}", "{'password': '***'}"),
        ("a=1&sipPassword=x%20y&b=2", "a=1&sipPassword=***&b=2"),
        ('{"sip password (new)": "x"}', '{"sip password (new)": "***"}'),
        ('{"pass', '{"pass'),
        ('{"name": "the pass", "a": "b"}', '{"name": "the pass", "a": "b"}'),
        ("<title>Password reset</title>", "<title>Password reset</title>"),
    ],
)
def test_what_is_blanked_out_by_name(text: str, blanked: str) -> None:
    assert excerpt(text, [], 2000, by_name=True) == blanked
    assert excerpt(text, [], 2000) == text


@relaxed
@given(
    data=st.recursive(
        st.text(max_size=5) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=5,
    ),
    value=st.text(st.characters(codec="utf-8"), min_size=1, max_size=10).map(lambda text: f"7q7{text}7q7"),
    after=st.text(max_size=5),
    spaced=st.booleans(),
)
def test_any_value_under_a_secrets_name_is_blanked_out(data: Any, value: str, after: str, spaced: bool) -> None:
    text = json.dumps({"a": data, "sipPassword": value, "b": after}, indent=1 if spaced else None)
    shown = excerpt(text, [], 10_000, by_name=True)
    assert "7q7" not in shown
    assert json.loads(shown)["b"] == after or "password" in str(data).lower()


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


@pytest.mark.parametrize("secret", ["hunter2", ["hunter2"], {"a": "hunter2"}])
@pytest.mark.parametrize("opened", ['{"password":', '{"a":', "["])
def test_data_of_any_depth_hides_its_secrets(opened: str, secret: Any) -> None:
    data: Any = {"password": secret, "a": "hunter2"}
    for _ in range(5000):
        data = [data] if opened == "[" else {opened[2:-2]: data}
    assert "hunter2" not in str(without_secrets(data, ["hunter2"]))
