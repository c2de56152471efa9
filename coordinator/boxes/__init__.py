"""The link with each box: events in, in order and once; commands out, until done."""
