"""Tandem: supply chain and customer relations in one system."""

__version__ = "0.1.0"
