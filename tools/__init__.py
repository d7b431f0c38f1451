"""Programs that make pages of docs/, and the demo."""
