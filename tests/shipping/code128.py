"""A reader of Code 128 (ISO/IEC 15417) for tests: widths of bars and gaps to text."""

from collections.abc import Sequence

PATTERNS = [
    "212222",
    "222122",
    "222221",
    "121223",
    "121322",
    "131222",
    "122213",
    "122312",
    "132212",
    "221213",
    "221312",
    "231212",
    "112232",
    "122132",
    "122231",
    "113222",
    "123122",
    "123221",
    "223211",
    "221132",
    "221231",
    "213212",
    "223112",
    "312131",
    "311222",
    "321122",
    "321221",
    "312212",
    "322112",
    "322211",
    "212123",
    "212321",
    "232121",
    "111323",
    "131123",
    "131321",
    "112313",
    "132113",
    "132311",
    "211313",
    "231113",
    "231311",
    "112133",
    "112331",
    "132131",
    "113123",
    "113321",
    "133121",
    "313121",
    "211331",
    "231131",
    "213113",
    "213311",
    "213131",
    "311123",
    "311321",
    "331121",
    "312113",
    "312311",
    "332111",
    "314111",
    "221411",
    "431111",
    "111224",
    "111422",
    "121124",
    "121421",
    "141122",
    "141221",
    "112214",
    "112412",
    "122114",
    "122411",
    "142112",
    "142211",
    "241211",
    "221114",
    "413111",
    "241112",
    "134111",
    "111242",
    "121142",
    "121241",
    "114212",
    "124112",
    "124211",
    "411212",
    "421112",
    "421211",
    "212141",
    "214121",
    "412121",
    "111143",
    "111341",
    "131141",
    "114113",
    "114311",
    "411113",
    "411311",
    "113141",
    "114131",
    "311141",
    "411131",
    "211412",
    "211214",
    "211232",
]
STOP = "2331112"
START_B, START_C, CODE_C, CODE_B = 104, 105, 99, 100


def decode(widths: Sequence[float]) -> str:
    """The text of a symbol given as bar, gap, bar, …; fails on a wrong check character."""
    module = sum(widths[-7:]) / 13
    digits = "".join(str(round(width / module)) for width in widths)
    assert digits.endswith(STOP), "no stop character"
    body = digits[: -len(STOP)]
    assert len(body) % 6 == 0, "characters have six elements"
    values = [PATTERNS.index(body[at : at + 6]) for at in range(0, len(body), 6)]
    *data, check = values
    total = data[0] + sum(place * value for place, value in enumerate(data[1:], start=1))
    assert total % 103 == check, "the check character does not fit"
    return _text(data)


def _text(values: Sequence[int]) -> str:
    is_pairs = values[0] == START_C
    assert values[0] in {START_B, START_C}, "starts in set B or C"
    text = ""
    for value in values[1:]:
        if is_pairs and value == CODE_B:
            is_pairs = False
        elif not is_pairs and value == CODE_C:
            is_pairs = True
        else:
            text += f"{value:02}" if is_pairs else chr(value + 32)
    return text
