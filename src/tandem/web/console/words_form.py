"""The editor's fields as a template's content, and back. Variables are written one a line."""

import re
from typing import Any

import msgspec

from tandem.crm.notifications.domain.template_versions import Content, TemplateVersion, Variable
from tandem.kernel.errors import Invalid
from tandem.web.console import blocks_form

LANGUAGES = (
    ("en", "English"),
    ("en-IN", "English (India)"),
    ("hi", "Hindi"),
    ("hi-IN", "Hindi (India)"),
    ("ta", "Tamil"),
    ("te", "Telugu"),
    ("mr", "Marathi"),
    ("bn", "Bengali"),
    ("gu", "Gujarati"),
    ("kn", "Kannada"),
    ("ml", "Malayalam"),
)
FIELDS = ("format", "subject", "preheader", "source", "text", "dlt_template_id", "note")
LINE = re.compile(
    r"^(?P<name>[a-z][a-z0-9_.]*)(?P<required>!)?(?:\s*:\s*(?P<kind>[a-z]+))?"
    r"(?:\s*=\s*(?P<default>.*?))?(?:\s*\((?P<example>.*)\))?$"
)


def content_of_form(form: dict[str, str]) -> Content:
    """Raises Invalid naming the field."""
    fields: dict[str, Any] = {name: form[name] for name in FIELDS if name in form}
    fields["variables"] = [
        _variable(line) for line in form.get("variables", "").split("\n") if line
    ]
    fields.setdefault("source", "")
    if blocks_form.is_of_blocks(form):
        fields |= {"format": "mjml", "source": "", **blocks_form.values(form)}
    try:
        return msgspec.convert(fields, Content, strict=False)
    except msgspec.ValidationError as reason:
        located = re.search(r"\$\.([a-z_.\[\]0-9]+)", str(reason))
        field = located[1] if located else "source"
        raise Invalid(
            f"This does not fit: {str(reason).partition(' - ')[0]}.", field=field
        ) from reason


def values_of(version: TemplateVersion) -> dict[str, str]:
    values = {name: str(getattr(version, name)) for name in FIELDS}
    values["variables"] = "\n".join(_line(one) for one in version.variables)
    if version.blocks is not None:
        values |= {"format": "blocks", **blocks_form.fields(version.blocks, version.theme)}
    return values


def _variable(line: str) -> dict[str, Any]:
    """`order! : text = default (example)`; everything but the name may be left out."""
    found = LINE.match(line.strip())
    if found is None:
        raise Invalid(
            f"{line[:60]!r} is no variable: name : kind = default (example).", field="variables"
        )
    return {
        "name": found["name"],
        "kind": found["kind"] or ("link" if found["name"].endswith("_link") else "text"),
        "is_required": bool(found["required"]),
        "default": (found["default"] or "").strip(),
        "example": found["example"] or "",
    }


def _line(one: Variable) -> str:
    said = f"{one.name}{'!' if one.is_required else ''} : {one.kind}"
    if one.default:
        said += f" = {one.default}"
    return f"{said} ({one.example})" if one.example else said


FIRST_LETTER = """<mjml>
  <mj-body background-color="#f3f5f8">
    <mj-section background-color="#ffffff" padding="28px 24px">
      <mj-column>
        <mj-text font-size="22px" font-weight="700">Hello {{ customer.first_name }}</mj-text>
        <mj-text font-size="15px" line-height="1.6">What would you like to say?</mj-text>
        <mj-button href="https://example.com" background-color="#0b5e8e">Show me</mj-button>
      </mj-column>
    </mj-section>
    <mj-section padding="8px 24px">
      <mj-column>
        <mj-text font-size="12px" color="#5d6b7c">
          {{ company }} · <a href="{{ unsubscribe_link }}">Unsubscribe</a>
        </mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
FIRST_PART = """<mj-section padding="8px 24px">
  <mj-column>
    <mj-text font-size="12px" color="#5d6b7c">
      {{ company }} · <a href="{{ unsubscribe_link }}">Unsubscribe</a>
    </mj-text>
  </mj-column>
</mj-section>
"""
