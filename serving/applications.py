"""Programme applications: a merchant's figures and papers -> the gate -> a decision; and every programme's standing."""

from dataclasses import replace
from functools import partial
from typing import Any

from features.database import reading
from scoring.errors import ProgrammeUnknown as NoSuchProgramme
from scoring.exploration import lot_of
from scoring.gate import Admission, Applicant, Application, Drawn, Outcome, gate, gate_by_lot
from scoring.gate_words import GateState
from scoring.programmes import Programme, ProgrammePolicy
from serving.applicants import applicant_of, at_the_door, opinion
from serving.cases import Kind, Matter
from serving.decide import Bench, Question, decide, fallback_of, plain
from serving.decisions import Verdict
from serving.errors import ProgrammeUnknown
from serving.idempotency import Answer, Asked
from serving.provenance import made_by
from serving.schemas import ApplicationAnswer, ApplicationBody
from serving.service import Service
from serving.shadow_decisions import Otherwise
from serving.standing import Membership, category_of, membership
from serving.traces import Rerun, Trace

__all__ = ["apply", "programme_of", "rerun", "standings"]


def programme_of(service: Service, programme_id: str) -> Programme:
    """The programme of this id. Raises `ProgrammeUnknown`."""
    try:
        return service.programmes.programme(programme_id)
    except NoSuchProgramme as error:
        raise ProgrammeUnknown("no programme has this id") from error


def apply(service: Service, programme_id: str, body: ApplicationBody, asked: Asked) -> Answer:
    """Decide on an application. Raises `ProgrammeUnknown`, `MerchantUnknown`, `IdempotencyConflict`."""
    wanted = Application(programme=programme_of(service, programme_id), category=body.category, brand=body.brand)
    judge = partial(_verdict, body=body, wanted=wanted)
    return decide(service, Question(merchant_id=body.merchant_id, judge=judge, asked=asked))


def standings(service: Service, merchant_id: str) -> list[dict[str, Any]]:
    """How a merchant stands with every programme: whether it carries it, and what the gate would say now.

    It is asked for the category that the merchant is registered in, and for no brand. No lot is drawn: only whoever
    applies learns of one, and that is recorded. Raises `MerchantUnknown`.
    """
    now, otherwise = service.clock(), fallback_of(service, merchant_id)
    policy, found = service.programmes, []
    with reading(service.engine) as tx:
        bench = Bench(service=service, tx=tx, now=now, otherwise=otherwise)
        seen, carried = bench.standing(merchant_id), membership(tx, merchant_id)
        category = category_of(tx, merchant_id) or ""
        applicant = applicant_of(bench, merchant_id, seen)
        doors = [(one, at_the_door(bench, applicant, one, carried)) for one in policy.programmes]
    for programme, knocking in doors:
        wanted = Application(programme=programme, category=category)
        admission = gate(wanted, knocking, policy=policy, as_of=now)
        never = Membership(joined=False, since=None)
        found.append({**plain(carried.get(programme.id, never)), **_said(wanted, admission)})
    return found


def _verdict(bench: Bench, body: ApplicationBody, wanted: Application) -> Verdict:
    seen = bench.standing(body.merchant_id)
    carried = membership(bench.tx, body.merchant_id)
    applicant = at_the_door(bench, applicant_of(bench, body.merchant_id, seen), wanted.programme, carried)
    lot = _lot(bench, applicant, wanted)
    drawn = _drawn(bench, wanted, applicant, lot)
    admission = drawn.admission
    trace = {"as_of": bench.now, "applicant": applicant, "policy_version": admission.policy_version}
    trace |= {"lot": lot, "propensity": drawn.propensity, "explored": drawn.explored}
    return Verdict(
        kind="programme",
        merchant_id=body.merchant_id,
        programme=wanted.programme.id,
        outcome=admission.outcome,
        expires_at=admission.expires_at,
        seen_seq=seen.seen_seq,
        request={"programme": wanted.programme.id, **body.model_dump(mode="json")},
        answer=_answer(body.merchant_id, wanted, admission),
        trace={**plain(trace), **seen.trace},
        made_by=made_by(bench.policies),
        thought=seen.assessment,
        rethink=lambda thought: _otherwise(bench, wanted, replace(applicant, **opinion(thought)), lot),
        matter=_matter(body.merchant_id, wanted, admission),
    )


def rerun(trace: Trace, policy: ProgrammePolicy) -> Rerun:
    """What the gate says of the same applicant under this policy, with the same lot."""
    asked, says = trace.asked, trace.says
    wanted = Application(
        programme=policy.programme(asked["programme"]), category=asked["category"], brand=asked.get("brand")
    )
    drawn = gate_by_lot(wanted, trace.applicant, policy=policy, as_of=trace.as_of, lot=says.get("lot"))
    return Rerun(
        outcome=drawn.admission.outcome,
        expires_at=drawn.admission.expires_at,
        answer=_answer(trace.applicant.merchant_id, wanted, drawn.admission),
        judged={"propensity": drawn.propensity, "explored": drawn.explored},
    )


def _lot(bench: Bench, applicant: Applicant, wanted: Application) -> float | None:
    """The merchant's lot for the programme, the same all through a period; None where none is drawn."""
    terms, salt, programme = bench.service.programmes.exploration, bench.service.salt, wanted.programme.id
    if terms is None or not salt or programme not in terms.programmes:
        return None
    period = terms.period(bench.now.date())
    return lot_of(salt, merchant_id=applicant.merchant_id, programme=programme, period=period)


def _drawn(bench: Bench, wanted: Application, applicant: Applicant, lot: float | None) -> Drawn:
    return gate_by_lot(wanted, applicant, policy=bench.service.programmes, as_of=bench.now, lot=lot)


def _otherwise(bench: Bench, wanted: Application, applicant: Applicant, lot: float | None) -> Otherwise:
    """What the gate would say of somebody of whom something else is thought."""
    admission = _drawn(bench, wanted, applicant, lot).admission
    return Otherwise(outcome=admission.outcome, answer=_answer(applicant.merchant_id, wanted, admission))


def _answer(merchant_id: str, wanted: Application, admission: Admission) -> dict[str, Any]:
    answer = ApplicationAnswer(decision_id=None, merchant_id=merchant_id, **_said(wanted, admission))
    return answer.model_dump(mode="json")


def _said(wanted: Application, admission: Admission) -> dict[str, Any]:
    """What people are told of an application."""
    return {"programme": wanted.programme.id, "category": wanted.category, "brand": wanted.brand, **plain(admission)}


def _matter(merchant_id: str, wanted: Application, admission: Admission) -> Matter | None:
    """What a person has to look at, if anything."""
    if admission.outcome is not Outcome.REVIEW:
        return None
    programme, told = wanted.programme, admission.reasons
    english = f"{programme.name}: {' '.join(one.text for one in told)}"
    chinese = f"{programme.name_zh}：{''.join(one.text_zh for one in told)}"
    if GateState.LINKED.code in [one.code for one in told]:
        # What a person finds of a link holds for every programme.
        kind, about = Kind.LINK, f"link:{merchant_id}"
    else:
        kind, about = Kind.PROGRAMME, f"programme:{programme.id}:{merchant_id}"
    return Matter(kind=kind, merchant_id=merchant_id, about=about, summary=f"{english} / {chinese}")
