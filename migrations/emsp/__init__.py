"""The revisions of the eMSP adapter."""
