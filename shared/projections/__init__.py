"""Views: one SELECT over corrected facts each, folded live, rebuilt, read as known at any position."""
