"""The enumerations that several families have."""

from enum import IntEnum


class YesNo(IntEnum):
    """Yes or no, where 1 is yes."""

    NO = 0
    YES = 1


class SsmlGender(IntEnum):
    """Whose voice reads out a text."""

    MALE = 1
    FEMALE = 2
