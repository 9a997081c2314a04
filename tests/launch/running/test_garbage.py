import gc

from launch.running.garbage import uncollected_imports


def test_the_search_for_garbage_pauses_in_the_block_and_leaves_out_its_objects() -> None:
    assert gc.isenabled()
    before = gc.get_freeze_count()
    try:
        with uncollected_imports():
            assert not gc.isenabled()
            kept = [[number] for number in range(1000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= before + len(kept)
    finally:
        gc.unfreeze()
