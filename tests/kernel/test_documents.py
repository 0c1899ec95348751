"""A document may be framed by our own pages, unlike everything else."""

from tandem.kernel.http.access import GUARDS, with_guards
from tandem.kernel.http.documents import pdf


def test_a_document_is_shown_inside_our_pages_and_nothing_else_is() -> None:
    answer = pdf(b"%PDF-1.7", name="INV-1", seconds=300)
    headers = {name.lower().encode(): value.encode() for name, value in answer.headers.items()}
    guarded = dict(with_guards(list(headers.items())))
    assert guarded[b"content-security-policy"] == b"frame-ancestors 'self'"
    assert guarded[b"cache-control"] == b"private, max-age=300"
    assert guarded[b"content-disposition"] == b'inline; filename="INV-1.pdf"'
    assert b"frame-ancestors 'none'" in GUARDS[b"content-security-policy"]
