"""SQLite files that answer for the log; what every cache shares."""
