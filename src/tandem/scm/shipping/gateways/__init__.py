"""Carriers behind one port, and the label printer. Nothing here takes part in a transaction."""
