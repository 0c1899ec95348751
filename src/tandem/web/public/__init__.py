"""Pages for people without an account: following a parcel, paying, and the map's streets."""
