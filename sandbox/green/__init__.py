"""PROGRES, the green screen: a TN3270 host with its screens, its code page and its data."""
