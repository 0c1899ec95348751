"""Three weeks of the demo company's life, so that its first visitor finds boards, lists and numbers
with something in them. Everything goes through the services, at the moment it is said to have
happened; what follows of it (scores, invoices, parcels, facts) follows as it always does."""

from tandem.app.demo.telling import tell_story

__all__ = ["tell_story"]
