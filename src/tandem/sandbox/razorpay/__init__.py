"""Razorpay: orders, payments, captures, refunds, the hosted checkout and signed webhooks.

Stateful and refusing what the vendor refuses, after https://razorpay.com/docs/api/. Its keys are
`SandboxSettings.razorpay_*`; the account's own switches are at `/sandbox/razorpay/account`.
"""
