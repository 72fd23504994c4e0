"""What the nouns share over HTTP, and what belongs to none of them. Imports none of it: nouns import from here."""
