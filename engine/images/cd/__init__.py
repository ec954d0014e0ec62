"""Images of CDs and GD-ROMs: their tracks, sectors and sheets."""
