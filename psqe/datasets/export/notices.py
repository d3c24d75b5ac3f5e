"""The licences of the pairs that come with packages, for the file ``NOTICE.txt`` of an exported pair."""

from __future__ import annotations

_EMOJI = """\
The entities, texts{pictures} of this folder are those of an emoji pair of psqe. They belong to others:

Names and keywords of emoji: Unicode CLDR, copyright (c) 2004-2026 Unicode, Inc., Unicode License V3,
    https://www.unicode.org/license.txt
Groups, subgroups and versions of emoji: emoji-test.txt, copyright (c) 2025 Unicode, Inc., Unicode License V3
Facts about countries: GeoNames, https://www.geonames.org, CC BY 4.0
{what} of the left side: Twemoji, graphics copyright Twitter, Inc and other contributors, CC BY 4.0,
    https://creativecommons.org/licenses/by/4.0/
{what} of the right side: OpenMoji, all emojis designed by OpenMoji, the open-source emoji and icon project,
    CC BY-SA 4.0, https://creativecommons.org/licenses/by-sa/4.0/
"""

_HAN = """\
The entities, texts{pictures} of this folder are those of a Han pair of psqe. They belong to others:

Grades, frequencies, radicals and texts of the left side: KANJIDIC2 and JMdict, property of the Electronic
    Dictionary Research and Development Group, used in conformance with the Group's licence,
    https://www.edrdg.org/edrdg/licence.html, CC BY-SA 4.0, https://creativecommons.org/licenses/by-sa/4.0/
Components of the left side, and {what} of it: KanjiVG, copyright Ulrich Apel, http://kanjivg.tagaini.net,
    CC BY-SA 3.0, https://creativecommons.org/licenses/by-sa/3.0/
Texts of the right side: CC-CEDICT, https://cc-cedict.org, CC BY-SA 4.0
Parts of the right side: cjk-decomp by Gavin Grover, Apache License 2.0
Frequencies of the right side: Jun Da, Modern Chinese Character Frequency List
{what} of the right side: Noto Serif SC, copyright Adobe, SIL Open Font License 1.1, https://openfontlicense.org
"""

_WORDS = """\
The entities and texts of this folder are those of the pair of words of psqe. They belong to others:

Words of the left side: JMdict, property of the Electronic Dictionary Research and Development Group, used in
    conformance with the Group's licence, https://www.edrdg.org/edrdg/licence.html, CC BY-SA 4.0,
    https://creativecommons.org/licenses/by-sa/4.0/
Words of the right side: CC-CEDICT, https://cc-cedict.org, CC BY-SA 4.0
"""

NOTICES = {"emoji": _EMOJI, "han": _HAN, "han/words": _WORDS}
"""The notice of each kind of pair, by the name of its task, or the first part of the names of its tasks."""
