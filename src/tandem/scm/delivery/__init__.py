"""Owns who drives, where they are and what happened at the door. Knows no prices and no stock.

Every status is an appended row; the delivery's own status is the last one applied. Positions are
raw pings with verdicts; a track is always computed from them, so the order of arrival never shows.
"""
