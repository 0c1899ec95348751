"""Owns parcels on their way: the promised day, shipments, labels, carriers, scans. Knows no stock
and no money beyond the cash to collect."""
