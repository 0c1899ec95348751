"""Templates of blocks over HTTP, from the draft to the words that are said."""

from typing import Any

import httpx2 as httpx

from tests.notifications.test_templates import begun, version_at

BLOCKS: list[dict[str, Any]] = [
    {
        "kind": "heading",
        "text": "Hello {{ customer.first_name }}",
        "size": "large",
        "align": "left",
    },
    {"kind": "button", "label": "Show me", "link": "https://a.test/tea", "align": "center"},
    {"kind": "part", "part": "foot"},
    {"kind": "columns", "left": [{"kind": "divider"}], "right": [{"kind": "spacer", "height": 8}]},
]
THEME = {"accent": "#a01818", "button_text": None, "background": "#ffffff", "width": 640}


async def test_blocks_come_back_as_they_were_given_and_are_said_as_mjml(
    client: httpx.AsyncClient,
) -> None:
    foot = await begun(client, "foot", "part")
    drafts = f"/v1/notification-templates/{foot}/versions"
    part = {"blocks": [{"kind": "text", "text": "Yours, {{ company }}"}]}
    made = (await client.post(drafts, json=part)).json()
    assert made["source"].startswith("<mj-section")
    assert (await client.post(version_at(made["id"], "publication"))).status_code == 200

    template_id = await begun(client, "rain")
    drafts = f"/v1/notification-templates/{template_id}/versions"
    words = {"subject": "Rain", "blocks": BLOCKS, "theme": THEME}
    answer = await client.post(drafts, json=words)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["blocks"], made["theme"], made["format"]) == (BLOCKS, THEME, "mjml")
    assert '<mj-button href="https://a.test/tea"' in made["source"]
    at = version_at(made["id"])
    look = (await client.post(f"{at}/rendering", json={})).json()
    assert look["problems"] == []
    assert look["rendered"]["text"].startswith("Hello Asha\n\nShow me: https://a.test/tea")
    assert "Yours, Nilgiri Teas" in look["rendered"]["text"]
    changed = {**words, "blocks": BLOCKS[:2]}
    written = (await client.put(at, json=changed, headers={"If-Match": '"1"'})).json()
    assert (written["version"], written["blocks"]) == (2, BLOCKS[:2])
    assert written["sha256"] != made["sha256"]
    said = (await client.post(f"{at}/publication")).json()
    assert (said["state"], said["sha256"]) == ("published", written["sha256"])
    # Its source by itself is MJML from then on.
    source = {"format": "mjml", "subject": "Rain", "source": said["source"]}
    taken = (await client.post(drafts, json=source)).json()
    assert (taken["blocks"], taken["theme"], taken["html"]) == (None, None, said["html"])


async def test_a_refused_block_is_named_and_nothing_is_kept(client: httpx.AsyncClient) -> None:
    template_id = await begun(client, "rain")
    drafts = f"/v1/notification-templates/{template_id}/versions"
    bad = {"kind": "button", "label": "Go", "link": "javascript:alert(1)"}
    part = {"kind": "part", "part": "foot"}
    full = [{"kind": "divider"}] * 20
    pale = {"accent": "#ffd400", "button_text": "#ffffff"}
    for words, field in (
        ({"blocks": [*BLOCKS, bad]}, "blocks[4].link"),
        ({"blocks": [{"kind": "columns", "left": [bad], "right": []}]}, "blocks[0].left[0].link"),
        ({"blocks": [{"kind": "columns", "left": [part], "right": []}]}, "blocks[0].left[0].kind"),
        ({"blocks": [{"kind": "script"}]}, "blocks[0].kind"),
        ({"blocks": [{"kind": "spacer", "height": 5000}]}, "blocks[0].height"),
        ({"blocks": [{"kind": "divider"}] * 101}, "blocks"),
        ({"blocks": [{"kind": "columns", "left": full, "right": []}] * 6}, "blocks"),
        ({"blocks": [], "theme": {"accent": "red"}}, "theme.accent"),
        ({"blocks": [], "theme": pale}, "theme.button_text"),
        ({"blocks": [], "source": "<p>Tea</p>"}, "source"),
        ({"subject": "Neither"}, "blocks"),
        ({"source": "<p>Tea</p>", "theme": THEME}, "theme"),
    ):
        refused = await client.post(drafts, json=words)
        told = refused.json().get("field") or str(refused.json())
        assert (refused.status_code // 100, field) == (4, told), refused.text
    text = await begun(client, "rain", "sms")
    refused = await client.post(f"/v1/notification-templates/{text}/versions", json={"blocks": []})
    assert (refused.status_code, refused.json()["field"]) == (422, "blocks")
    kept = (await client.get(f"/v1/notification-templates/{template_id}")).json()
    assert kept["versions"] == []
    look = {"content": {"subject": "Rain", "blocks": [BLOCKS[0], bad]}}
    seen = (await client.post("/v1/notification-templates/rendering", json=look)).json()
    assert seen["problems"][0].startswith("Block 2: Begin with https://, mailto: or tel:")
    assert "Hello Asha" in seen["rendered"]["html"] and "javascript" not in str(seen["rendered"])
