"""Outside systems support talks to. Nothing here sees a transaction."""
