"""All SQL of the eMSP adapter, one file per noun; the caller owns the transaction."""
