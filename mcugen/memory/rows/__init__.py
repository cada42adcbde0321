"""Plans in which layers run a strip of rows at a time, through line buffers.

``network`` says what can be fused, ``sections`` turns a run of layers into calls and moves,
``problem`` gives every row its life, ``gaps`` and ``place`` place the buffers, ``search`` decides
where to cut and how tall strips are, ``plan`` is the result; ``mixed`` trades fast kernels for
room, ``frontier`` is what ``explore`` shows. ``validate`` and ``order`` check on their own.
"""
