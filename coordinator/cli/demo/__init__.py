"""gvq demo: the one line at work, for people who see it for the first time.

run ──► children   (gvq serve, gvq adapter: real processes)
    ──► stage      (boxes, phones, callers: real ones of the lab, or simulated)
    ──► story      (what the journal says happened; pure)
    ──► screen     (the line live on a terminal, else a plain log)
"""
