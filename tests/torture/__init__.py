"""Fault injection: real sweeps are killed, cut off and damaged at random moments, and then continued.

place     the folders, the commands and the processes of one round
faults    the faults, each a function that starts a sweep and disturbs it
verdict   the comparison of the records with those of an undisturbed sweep
__main__  many rounds with printed seeds: make torture N=50
"""
