"""Maps: who knows the way, and where an address is. Never take a Tx."""
