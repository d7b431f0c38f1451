"""One workspace put together: place, settings, queries and writes."""
