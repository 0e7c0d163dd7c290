"""Frozen facts that all rooms share; standard library only.

Facts are ``NamedTuple``s: immutable, cheap to define (start-up counts) and cheap to pickle.
"""
