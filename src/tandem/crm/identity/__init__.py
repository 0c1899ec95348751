"""Owns organisations, the people who sign in, their sessions, API keys and roles.

Decides who is asking; what they may do is a set of permissions that each service names for itself.
"""
