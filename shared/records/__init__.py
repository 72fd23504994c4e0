"""Records with a life: late, corrected and voided facts, over HTTP as well. Knows no business word."""
