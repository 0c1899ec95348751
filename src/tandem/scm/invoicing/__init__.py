"""Owns what is owed in tax and the documents that say so: rates, place of supply, GST invoices and
credit notes with gap-free numbers. Knows no stock, no gateway and no parcel.
"""
