import os
from pathlib import Path
def ensure(progress):
    return Path(os.environ["GVQ_LAB_ROOT"])
