"""Who will leave: a model fitted on a file of those who did and did not, and how far to trust it.

A logistic regression, judged by rows that it was not fitted on. Pure: a file's bytes in, a report
out; nothing of it is kept.
"""
