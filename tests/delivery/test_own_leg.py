"""A tracking page draws the way to one door; the next door is another buyer's."""

from tandem.sandbox.city import build_city
from tandem.scm.delivery.domain.eta import Leg, Route, first_leg
from tandem.scm.delivery.domain.places import Point, distance
from tandem.scm.delivery.gateways.streets import StreetRoutes

HUB = Point(12.9716, 77.5946)


async def test_the_line_to_the_first_door_ends_there_wherever_the_round_goes_on() -> None:
    city = build_city()
    for seed in range(12):
        doors = [Point(*city.random_address(seed * 3 + each).position) for each in range(3)]
        planner = StreetRoutes(build_city, "city")
        whole = await planner.route([HUB, *doors], None)
        alone = await planner.route([HUB, doors[0]], None)
        line = first_leg(whole, doors[0])
        assert distance(line[-1], doors[0]) < 60
        assert len(line) == len(alone.points)
        assert line[-1] == alone.points[-1]


def test_a_route_to_one_door_is_kept_whole() -> None:
    route = Route(
        legs=[Leg(distance_m=100, duration_s=10)], points=[HUB, Point(12.972, 77.5946)], source="x"
    )
    assert first_leg(route, Point(12.972, 77.5946)) == route.points
