"""Plain text for people: pure functions from outcomes to lines. No pytest, no colour, no terminal."""
