"""What things are called here: trees, birds and crafts. No person, no faith, no real road."""

CITY = "Bengaluru"
STATE = "Karnataka"
COUNTRY = "India"
PINS = tuple(pin for pin in range(560001, 560060) if pin % 100 not in {14, 19, 28, 31, 39, 44, 46})
"""The city's real codes, so that look-ups by PIN work; the gaps were never given out."""

RINGS = ("Fort Circle", "Inner Ring Road", "Outer Ring Road")
"""Closed arterials, from the middle outwards."""

ARTERIALS = (
    "Old Market Road",
    "Lakeside Road",
    "Mill Road",
    "Airfield Road",
    "Frangipani Road",
    "Granite Road",
    "Orchard Road",
    "Silk Works Road",
    "Observatory Road",
    "Waterworks Road",
    "Hill View Road",
    "Barracks Road",
    "Coffee Works Road",
    "College Road",
    "Signal Road",
    "Tannery Road",
    "Aqueduct Road",
    "Meadow Road",
    "Quarry Road",
    "Depot Road",
    "Ferry Road",
    "Nursery Road",
    "Cantonment Road",
    "Stadium Road",
)

WORDS = (
    "Gulmohar",
    "Jacaranda",
    "Neem",
    "Tamarind",
    "Banyan",
    "Peepal",
    "Ashoka",
    "Champak",
    "Kadamba",
    "Rain Tree",
    "Silver Oak",
    "Sandal",
    "Mango",
    "Jamun",
    "Honge",
    "Tabebuia",
    "Cassia",
    "Flame Tree",
    "Arjuna",
    "Bamboo",
    "Casuarina",
    "Palash",
    "Parijat",
    "Jasmine",
    "Lotus",
    "Marigold",
    "Hibiscus",
    "Oleander",
    "Koel",
    "Hornbill",
    "Kingfisher",
    "Bulbul",
    "Myna",
    "Sunbird",
    "Egret",
    "Heron",
    "Parakeet",
    "Barbet",
    "Drongo",
    "Hoopoe",
    "Ibis",
    "Lapwing",
    "Weaver",
    "Potter",
    "Lantern",
    "Spice",
    "Copper",
    "Brass",
    "Bell",
    "Loom",
    "Indigo",
    "Cotton",
    "Pepper",
    "Cardamom",
    "Saffron",
    "Coffee",
    "Granary",
    "Anklet",
    "Terracotta",
    "Monsoon",
)

DISTRICT_KINDS = ("Layout", "Nagar", "Town", "Extension", "Gardens", "Colony", "Palya", "Halli")
COLLECTOR_KINDS = ("Road", "Avenue")
STREET_KINDS = ("Street",)
LAKES = ("Great Lotus Lake", "Heron Lake")
PARK_KINDS = ("Park", "Square", "Green")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
