"""The sandbox city: a generated street network with addresses, geocoder and router.

Demo streets, the same on every machine; not a map of a real place. Pure and quick, with no need of
the sandbox's server, so the product uses it as its map when no map provider is configured:

    city = build_city()
    home = city.geocode("14, 3rd Cross, Koel Nagar, Bengaluru")
    route = city.route(warehouse.position, home.position)
"""

from tandem.sandbox.city.addresses import Address
from tandem.sandbox.city.city import CENTRE, City, OutsideCity, Snapped, build_city
from tandem.sandbox.city.geocoder import Candidate
from tandem.sandbox.city.geometry import LatLon
from tandem.sandbox.city.router import Route, Step

__all__ = [
    "CENTRE",
    "Address",
    "Candidate",
    "City",
    "LatLon",
    "OutsideCity",
    "Route",
    "Snapped",
    "Step",
    "build_city",
]
