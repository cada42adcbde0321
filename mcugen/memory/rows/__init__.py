"""Plans in which layers run a strip of rows at a time, through line buffers.

``chain`` says what can be fused, ``expand`` turns a section into calls and moves, ``lives`` gives
every row its life, ``pack`` places the buffers, ``validate`` checks that on its own, ``search``
decides where to cut and how tall strips are, ``plan`` is the result.
"""
