"""What marketing can be asked to do."""
