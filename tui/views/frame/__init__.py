"""Around the tables: title bar, edges, the pane of a title, the pane of filters, the columns."""
