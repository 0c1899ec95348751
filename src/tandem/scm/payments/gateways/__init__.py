"""Payment gateways: the port the service speaks to, and who answers there."""
