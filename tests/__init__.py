from tandem.app.loading import hold_collector

hold_collector()
