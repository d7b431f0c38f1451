"""Logs of any size, and how long whole processes take on them."""
