"""No random change to a sound pair of files ends in a traceback, or is read as what it does not say.

``PSQE_MUTATIONS`` is the number of changes for each form; the suite tries a few of each.
"""

import os
import random
from collections import Counter

import pytest
from mutations import FORMS, changed, verdict

MUTATIONS = int(os.environ.get("PSQE_MUTATIONS", "30"))


@pytest.mark.parametrize("name", FORMS)
def test_a_sound_pair_is_read_without_a_word(tmp_path, name):
    form = FORMS[name]
    assert verdict(form, form.files, tmp_path / form.folder) == "equal"


@pytest.mark.parametrize("name", FORMS)
def test_changed_files_are_refused_or_read_as_they_are(tmp_path, name):
    form, rng, results, faults = FORMS[name], random.Random(name), Counter(), []
    for i in range(MUTATIONS):
        files, told = changed(form.files, rng)
        result = verdict(form, files, tmp_path / str(i) / form.folder)
        results[result.split(" ")[0].rstrip(":")] += 1
        if result.startswith("FAULT"):
            faults.append(f"change {i} ({told}): {result}")
    print(name, dict(results))
    assert not faults, "\n".join(faults[:10])
