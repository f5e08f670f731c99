"""The folder in which a handler works."""

from pathlib import Path

from transformermodel_predictor.torchserve.reading.working_copy import working_copy


def test_a_handler_may_write_and_what_it_was_copied_from_stays(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "handler.py").write_text("x = 1\n")
    (root / "deep" / "vocab.txt").write_text("v")
    with (root / "weights.pt").open("wb") as weights:
        weights.truncate(17 << 20)
    for file in (root / "handler.py", root / "weights.pt"):
        file.chmod(0o444)

    copy = working_copy(root, tmp_path / "copy")
    (copy / "handler.py").write_text("x = 2\n")
    (copy / "new.txt").write_text("new")

    assert (root / "handler.py").read_text() == "x = 1\n"
    assert not (root / "new.txt").exists()
    assert (copy / "deep" / "vocab.txt").read_text() == "v"
    assert (copy / "weights.pt").is_symlink()
    assert (copy / "weights.pt").stat().st_size == 17 << 20
