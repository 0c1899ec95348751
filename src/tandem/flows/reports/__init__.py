"""Numbers that leave the page: files, reports on a schedule, alerts.

Each is made as the person it is for, with what that person may see at that moment.
"""
