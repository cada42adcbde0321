"""The arena: where every activation and scratch buffer lies, decided at compile time.

``problem`` says what is to be placed, ``solve`` places it and ``validate`` checks that on its own;
``plan`` makes the problem from a schedule.
"""
