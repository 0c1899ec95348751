"""All SQL of analytics: facts, roll-ups, dashboards."""
