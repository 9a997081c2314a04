"""Fault injection: real sweeps are killed, cut off and damaged at random moments, and then continued.

loads          the sweeps
place          the folders, the commands and the processes of one round
faults         the list of the faults
*_faults       the faults, each a function that starts a sweep and disturbs it
proxy          a TCP proxy that cuts the network
ray_nodes      a Ray cluster of several nodes on one machine
verdict        the comparison of the records with those of an undisturbed sweep
checks         the commands that the verdict needs
__main__       many rounds with printed seeds: make torture N=50
"""
