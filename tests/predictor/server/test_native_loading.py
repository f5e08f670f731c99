import threading

import torch

from transformermodel_predictor.server.native_loading import limit_torch_threads


def test_pytorch_takes_the_number_in_every_thread() -> None:
    before = torch.get_num_threads()
    seen: list[int] = []
    try:
        limit_torch_threads(1)
        thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        thread.start()
        thread.join()
    finally:
        torch.set_num_threads(before)
    assert seen == [1]
