"""Who may call what: every route, every kind of caller, every id of somebody else's record."""
