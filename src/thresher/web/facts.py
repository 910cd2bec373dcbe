"""What the page is told: of a photo, of a decision."""

from typing import Any

import numpy as np

from thresher.web.decision import Decision
from thresher.web.neighbours import nearest
from thresher.web.suspects import Suspects
from thresher.web.verdicts import CODES, Verdicts

_CHECKED = (CODES["keep"], CODES["relabel"])


def photo_facts(
    suspects: Suspects, verdicts: Verdicts, row: int, similarity: np.ndarray | None
) -> dict[str, Any]:
    """What is known of a photo: its labels with scores and neighbours, how suspicious it is.

    Args:
        suspects: all photos.
        verdicts: what was decided of them; a relabelled photo is a neighbour under its new label.
        row: the photo.
        similarity: of every photo with it (N,), or None.
    """
    cluster = suspects.cluster[row]
    copies = int((suspects.cluster == cluster).sum()) - 1 if cluster >= 0 else 0
    likely = zip(suspects.scores.classes[row], suspects.scores.top[row], strict=True)
    return {
        "row": row,
        "id": suspects.ids[row],
        "reason": suspects.reasons[row],
        "probability": number(suspects.probability[row]),
        "place": int(suspects.place[row]) + 1,
        "agree": int(suspects.agree[row]),
        "copies": copies,
        "embedded": similarity is not None and bool(np.isfinite(similarity[row])),
        "given": _label(suspects, verdicts, row, "given", similarity),
        "suggested": _label(suspects, verdicts, row, "suggested", similarity),
        "likely": [
            {"label": suspects.classes[code], "score": number(score)} for code, score in likely if code >= 0
        ],
    }


def decision_facts(verdicts: Verdicts, one: Decision | None) -> dict[str, Any] | None:
    """A decision as the page knows it; its row is -1 where the photo is not among the suspects."""
    if one is None:
        return None
    return {
        "seq": one.seq,
        "id": one.id,
        "time": one.time,
        "who": one.who,
        "row": verdicts.rows.get(one.image_id, -1),
        "image_id": one.image_id,
        "action": one.action,
        "from": one.old,
        "to": one.new,
        "note": one.note,
        "undoes": one.undoes,
    }


def number(value: float) -> float | None:
    """A number that JSON can hold; None for what is none."""
    return round(float(value), 6) if np.isfinite(value) else None


def _label(
    suspects: Suspects, verdicts: Verdicts, row: int, which: str, similarity: np.ndarray | None
) -> dict[str, Any] | None:
    """One of the two labels in question with its score and its nearest photos."""
    code = int(getattr(suspects, which)[row])
    if code < 0:
        return None
    found = [] if similarity is None else nearest(similarity, row, verdicts.labels, code)
    cluster = suspects.cluster[row]
    photos = [
        {
            "row": one.row,
            "id": suspects.ids[one.row],
            "similarity": number(one.similarity),
            "checked": bool(verdicts.states[one.row] in _CHECKED),
            "copy": bool(cluster >= 0 and suspects.cluster[one.row] == cluster),
        }
        for one in found
    ]
    score = getattr(suspects.scores, which)[row]
    return {"label": suspects.classes[code], "score": number(score), "neighbours": photos}
