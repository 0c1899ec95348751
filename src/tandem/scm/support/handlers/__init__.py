"""What support does when others tell something. Importing registers each module's handlers."""
