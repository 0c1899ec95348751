"""The states of India as GST counts them, and where each one's state tax goes."""

from collections.abc import Mapping

ABROAD = "96"
OTHER_TERRITORY = "97"

STATES: Mapping[str, str] = {
    "01": "Jammu and Kashmir",
    "02": "Himachal Pradesh",
    "03": "Punjab",
    "04": "Chandigarh",
    "05": "Uttarakhand",
    "06": "Haryana",
    "07": "Delhi",
    "08": "Rajasthan",
    "09": "Uttar Pradesh",
    "10": "Bihar",
    "11": "Sikkim",
    "12": "Arunachal Pradesh",
    "13": "Nagaland",
    "14": "Manipur",
    "15": "Mizoram",
    "16": "Tripura",
    "17": "Meghalaya",
    "18": "Assam",
    "19": "West Bengal",
    "20": "Jharkhand",
    "21": "Odisha",
    "22": "Chhattisgarh",
    "23": "Madhya Pradesh",
    "24": "Gujarat",
    "26": "Dadra and Nagar Haveli and Daman and Diu",
    "27": "Maharashtra",
    "29": "Karnataka",
    "30": "Goa",
    "31": "Lakshadweep",
    "32": "Kerala",
    "33": "Tamil Nadu",
    "34": "Puducherry",
    "35": "Andaman and Nicobar Islands",
    "36": "Telangana",
    "37": "Andhra Pradesh",
    "38": "Ladakh",
    OTHER_TERRITORY: "Other Territory",
}
"""GST state codes. 25 merged into 26 in 2020; 28 was Andhra Pradesh before Telangana left it."""

UNION_TERRITORIES = frozenset({"04", "26", "31", "35", "38", OTHER_TERRITORY})
"""Without a legislature of their own: UTGST instead of SGST (UTGST Act s.1(2), s.2(8))."""


def state_name(code: str) -> str:
    return STATES.get(code, "Outside India" if code == ABROAD else code)


def state_tax_name(code: str) -> str:
    """What the second half of an intra-state tax is called there."""
    return "UTGST" if code in UNION_TERRITORIES else "SGST"
