"""Razorpay: our own client of its REST API, and its webhooks (https://razorpay.com/docs/api/)."""

from tandem.scm.payments.gateways.razorpay.client import RazorpayGateway
from tandem.scm.payments.gateways.razorpay.webhooks import Notice, read_notice

__all__ = ["Notice", "RazorpayGateway", "read_notice"]
