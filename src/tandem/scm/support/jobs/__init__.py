"""Support's timed and outside work. Importing registers each module's jobs."""
