"""What spreadsheets and programs do to a cell: one line for each kind.

Each kind takes the text that was meant, and gives the cell as it comes back, or None where that text cannot be damaged
so. A cell is text, or for a workbook alone an `Xml`.
"""

from collections.abc import Callable

from attrs import frozen

from support import workbooks


@frozen
class Xml:
    """A cell of a workbook as XML, which shows in this number format."""

    cell: str
    shown_as: str = "General"


DIALLED = ("sip_prefix", "number")
TEXTS = ("sip_trunk_name", "sip_password", "sip_gateway_ip", "sip_account", *DIALLED)


@frozen
class Damage:
    """A kind of damage to texts that match `meant` (None: any that the field may have) in any of these fields.

    `needs_present`: that it is damage shows only beside the trunk's value.
    """

    name: str
    does: Callable[[str], str | Xml]
    meant: str | None = None
    fields: tuple[str, ...] = TEXTS
    needs_present: bool = False


def _dialled(name: str, meant: str, does: Callable[[str], str | Xml], **more: bool) -> Damage:
    return Damage(name, does, meant, DIALLED, **more)


def _word(word: str) -> Damage:
    return Damage(f"word {word}", lambda _: word)


def _character(character: str) -> list[Damage]:
    name = f"U+{ord(character):04X}"
    return [
        Damage(f"{name} inside", lambda text: text[:1] + character + text[1:] if text[1:] else text),
        Damage(f"{name} at the ends", lambda text: character + text + character),
    ]


def _number(shown_as: str) -> Callable[[str], Xml]:
    return lambda text: Xml(f'<c s="1"><v>{int(text.lstrip("+"))}</v></c>', shown_as)


_ZEROS = r"0[0-9]{1,10}"
_PLUS = r"\+0*[1-9][0-9]{1,10}"
_DIGITS = r"[1-9][0-9]{0,13}"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep"]
_UNSEEN = "\u200b\u200e\u202e\ufeff\u00ad\u00a0\u2060\u3164\u2028\t\n\x07"
_PLAIN = ("sip_gateway_ip", "sip_account", *DIALLED)
_CYRILLIC = str.maketrans("aeo", "аео")  # noqa: RUF001 - look-alikes are meant
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")  # noqa: RUF001 - full width is meant

DAMAGES = (
    _dialled("lost zeros", _ZEROS, lambda text: text.lstrip("0") or "0", needs_present=True),
    _dialled("lost plus", _PLUS, lambda text: text[1:].lstrip("0"), needs_present=True),
    _dialled("zeros only shown", _ZEROS, lambda text: _number("0" * len(text))(text)),
    _dialled("quoted zeros shown", "0" + _DIGITS, _number('"0"0')),
    _dialled("escaped zeros shown", "0" + _DIGITS, _number("\\00")),
    _dialled("coloured zeros shown", _ZEROS, lambda text: _number("[Red]" + "0" * len(text))(text)),
    _dialled("plus shown", r"\+" + _DIGITS, _number("+0")),
    _dialled("quoted plus shown", r"\+" + _DIGITS, _number('"+"0')),
    _dialled("shortened", r"[1-9][0-9]{5,19}", lambda text: f"{float(text):.2E}"),
    _dialled("last digits lost", r"[1-9][0-9]{15,19}", lambda t: t[:15] + "0" * (len(t) - 15), needs_present=True),
    _dialled("long number", r"[1-9][0-9]{15,19}", _number("0")),
    _dialled("written out", "[1-9]E[1-5]", lambda text: str(int(float(text))), needs_present=True),
    _dialled("exponent without its sign", "[1-9]0{5}", lambda text: f"{text[0]}E5"),
    _dialled("fraction of zeros", _DIGITS, lambda text: text + ".0"),
    _dialled("date", "[1-9]-[1-9]", lambda text: f"{text[2]}-{_MONTHS[int(text[0]) - 1]}"),
    Damage("date in a workbook", lambda _: Xml('<c s="1"><v>45000</v></c>', "d\\-mmm")),
    Damage("formula without a result", lambda _: Xml("<c><f>A1</f></c>")),
    Damage("formula not calculated", lambda _: Xml("<c><f>A1</f><v></v></c>")),
    Damage("formula with an error", lambda _: Xml('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>')),
    Damage("error", lambda _: Xml('<c t="e"><v>#N/A</v></c>')),
    Damage("fraction in a workbook", lambda _: Xml("<c><v>1001.5</v></c>")),
    Damage("carriage returns", lambda text: Xml(workbooks.text(text + "_x000D_"))),
    Damage("control character", lambda text: Xml(workbooks.text(text[:1] + "_x0007_" + text[1:]))),
    *map(_word, ("#REF!", "#N/A", "#NV", "#BEZUG!", "#VALEUR !", "#N/D", "#ERROR!", "#FIELD!", "#ЗНАЧ!", "########")),
    *map(_word, ("Err:502", "Err :502", "Fehler:502", "nan", "NaN", "None", "NULL", "null", "<NA>", "N/A", "NaT")),
    *map(_word, ("\\N", "undefined", "[object Object]", "1.#QNAN")),
    *(kind for character in _UNSEEN for kind in _character(character)),
    Damage("lost characters", lambda text: text[:1] + "\ufffd" + text[1:]),
    Damage("full width", lambda text: text.translate(_WIDE), r"[0-9.]{1,8}[0-9]", _PLAIN),
    Damage("Cyrillic letters", lambda text: text.translate(_CYRILLIC), "[a-z]{0,5}[aeo][a-z]{0,5}", _PLAIN),
)
