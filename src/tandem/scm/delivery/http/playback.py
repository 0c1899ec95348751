"""Spans of time in a query, and a track as JSON or GPX."""

from datetime import UTC, datetime
from typing import Annotated
from xml.etree import ElementTree

from litestar import Response
from litestar.params import QueryParameter

from tandem.kernel.errors import Invalid
from tandem.scm.delivery.service.tracks import Playback

GPX_NAMESPACE = "http://www.topografix.com/GPX/1/1"
GPX_MEDIA_TYPE = "application/gpx+xml"
YEARS = range(2000, 2101)

From = Annotated[datetime, QueryParameter(name="from")]
Until = Annotated[datetime, QueryParameter(name="to")]


def moment(given: datetime) -> datetime:
    """UTC. A time without a zone or outside our century is refused."""
    if given.tzinfo is None or given.year not in YEARS:
        raise Invalid("Give the time with its zone, such as 2026-11-22T10:00:00Z.", field="from")
    return given.astimezone(UTC)


def answer_playback(playback: Playback, format: str) -> Response[Playback] | Response[bytes]:  # noqa: A002  the query's own word
    if format == "json":
        return Response(playback)
    name = f"track-{playback.from_at:%Y%m%d}.gpx"
    return Response(
        to_gpx(playback),
        media_type=GPX_MEDIA_TYPE,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def to_gpx(playback: Playback) -> bytes:
    """GPX 1.1 (https://www.topografix.com/GPX/1/1/): one `trkseg` per unbroken stretch."""
    root = ElementTree.Element("gpx", version="1.1", creator="Tandem", xmlns=GPX_NAMESPACE)
    track = ElementTree.SubElement(root, "trk")
    for segment in playback.segments:
        piece = ElementTree.SubElement(track, "trkseg")
        for point in segment:
            place = ElementTree.SubElement(
                piece, "trkpt", lat=f"{point.lat:.6f}", lon=f"{point.lon:.6f}"
            )
            ElementTree.SubElement(place, "time").text = point.at.isoformat()
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
