"""Between us and CPOs: tokens, authorisations, Sessions, and CDRs with their disputes."""
