"""Values as text, JSON, pictures and pages; knows no session."""
