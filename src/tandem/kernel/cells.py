"""Cells of a CSV that no spreadsheet takes for a formula, and back again."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def plain(cell: str) -> str:
    """A cell that an export guarded against being a formula, as it was."""
    is_guarded = cell[:1] == "'" and (_is_formula(cell[1:]) or cell[1:2] == "'")
    return cell[1:] if is_guarded else cell


def guarded(text: str) -> str:
    """OWASP ASVS 1.2.10: what a spreadsheet could take for a formula begins with an apostrophe;
    so does what an import would otherwise take for something guarded."""
    return f"'{text}" if _is_formula(text) or plain(text) != text else text


def _is_formula(text: str) -> bool:
    return text.lstrip(" \u00a0").startswith(FORMULA_STARTS)
