"""Parts of screens: tables, lines, graphs; each sends only the lines that changed."""
