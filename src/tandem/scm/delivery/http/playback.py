"""Spans of time in a query, and a track as JSON or in the forms that maps and tables read."""

import csv
import io
from datetime import UTC, datetime
from typing import Annotated, Literal
from xml.etree import ElementTree

from litestar import Response
from litestar.params import QueryParameter

from tandem.kernel.errors import Invalid
from tandem.scm.delivery.service.tracks import Playback

GPX_NAMESPACE = "http://www.topografix.com/GPX/1/1"
KML_NAMESPACE = "http://www.opengis.net/kml/2.2"
MEDIA_TYPES = {
    "gpx": "application/gpx+xml",
    "kml": "application/vnd.google-earth.kml+xml",
    "csv": "text/csv",
}
YEARS = range(2000, 2101)

From = Annotated[datetime, QueryParameter(name="from")]
Until = Annotated[datetime, QueryParameter(name="to")]
Format = Literal["json", "gpx", "kml", "csv"]


def moment(given: datetime, field: str = "from") -> datetime:
    """UTC. A time without a zone or outside our century is refused."""
    if given.tzinfo is None or given.year not in YEARS:
        raise Invalid("Give the time with its zone, such as 2026-11-22T10:00:00Z.", field=field)
    return given.astimezone(UTC)


def answer_playback(playback: Playback, format: Format) -> Response[Playback] | Response[bytes]:  # noqa: A002  the query's own word
    if format == "json":
        return Response(playback)
    name = f"track-{playback.from_at:%Y%m%d}.{format}"
    write = {"gpx": to_gpx, "kml": to_kml, "csv": to_csv}[format]
    return Response(
        write(playback),
        media_type=MEDIA_TYPES[format],
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


def to_kml(playback: Playback) -> bytes:
    """KML 2.2 (OGC 07-147r2): one line per unbroken stretch, with its time."""
    root = ElementTree.Element("kml", xmlns=KML_NAMESPACE)
    document = ElementTree.SubElement(root, "Document")
    for segment in filter(None, playback.segments):
        piece = ElementTree.SubElement(document, "Placemark")
        span = ElementTree.SubElement(piece, "TimeSpan")
        ElementTree.SubElement(span, "begin").text = segment[0].at.isoformat()
        ElementTree.SubElement(span, "end").text = segment[-1].at.isoformat()
        line = ElementTree.SubElement(piece, "LineString")
        places = " ".join(f"{point.lon:.6f},{point.lat:.6f}" for point in segment)
        ElementTree.SubElement(line, "coordinates").text = places
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def to_csv(playback: Playback) -> bytes:
    """A row for each position; `stretch` counts up where nothing was heard between."""
    held = io.StringIO()
    rows = csv.writer(held)
    rows.writerow(["stretch", "at", "lat", "lon", "speed_mps", "heading", "accuracy_m"])
    for stretch, segment in enumerate(playback.segments, start=1):
        for one in segment:
            place = f"{one.lat:.6f}", f"{one.lon:.6f}"
            rows.writerow(
                [stretch, one.at.isoformat(), *place, one.speed_mps, one.heading, one.accuracy_m]
            )
    return held.getvalue().encode()
