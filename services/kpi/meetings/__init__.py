"""Review meetings (会议)."""
