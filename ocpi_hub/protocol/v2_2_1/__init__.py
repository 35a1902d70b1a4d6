"""The objects of OCPI 2.2.1, one file for each chapter that defines some."""
