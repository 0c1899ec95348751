"""What working leads and deals keeps of a person: found, named, forgotten. For flows that may."""

from tandem.crm.sales.store.work_people import conversions_of, forget_names, records_of

__all__ = ["conversions_of", "forget_names", "records_of"]
