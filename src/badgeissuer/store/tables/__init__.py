"""What is stored: definitions, intake, awards, and what was signed. Tables only; the queries stand in the other modules.

Three rows never change once written: a published achievement version, a credential, and a decision. Triggers in the database guard
them (migration 0001), so that not even an error in this program can alter what was signed.
"""

from badgeissuer.store.orders import Batch, BatchChunk, Job, Revocation, Upload, UploadPiece
from badgeissuer.store.tables.awards import AWARD_STATES, REQUEST_STATES, Approval, Attestation, Award, Credential, SigningRequest
from badgeissuer.store.tables.catalogue import CatalogueEntry
from badgeissuer.store.tables.definitions import KEY_STATES, Achievement, AchievementVersion, Issuer, KeptForm, Press, SigningKey
from badgeissuer.store.tables.holders import (
    CONSENT_KINDS,
    EVENT_KINDS,
    LINK_KINDS,
    Claim,
    ClaimLink,
    Consent,
    Holder,
    HolderAddress,
    HolderEvent,
    HolderSession,
)
from badgeissuer.store.tables.intake import (
    Decision,
    Delivery,
    EventSubject,
    Ground,
    LearningEvent,
    Rejection,
    Review,
    Rule,
    RuleSource,
    Source,
)
from badgeissuer.store.tables.lists import StatusCounter, StatusEntry, StatusList
from badgeissuer.store.tables.outbox import MESSAGE_STATES, NOTICE_STATES, REMINDER_STATES, Message, Notice, Reminder, Subscriber
from badgeissuer.store.tables.people import IdentityChange, IdentityQuestion, Learner, LearnerIdentity
from badgeissuer.store.tables.running import ROLES, ApiToken, IdempotencyKey, StaffSession, Worker
from badgeissuer.store.tables.showing import VISIBILITIES, ShareLink, Sharing
from badgeissuer.store.tables.staff import Account, AccountIdentity, SignInLink, SpentState

__all__ = [
    "AWARD_STATES",
    "CONSENT_KINDS",
    "EVENT_KINDS",
    "KEY_STATES",
    "LINK_KINDS",
    "MESSAGE_STATES",
    "NOTICE_STATES",
    "REMINDER_STATES",
    "REQUEST_STATES",
    "ROLES",
    "VISIBILITIES",
    "Account",
    "AccountIdentity",
    "Achievement",
    "AchievementVersion",
    "ApiToken",
    "Approval",
    "Attestation",
    "Award",
    "Batch",
    "BatchChunk",
    "CatalogueEntry",
    "Claim",
    "ClaimLink",
    "Consent",
    "Credential",
    "Decision",
    "Delivery",
    "EventSubject",
    "Ground",
    "Holder",
    "HolderAddress",
    "HolderEvent",
    "HolderSession",
    "IdempotencyKey",
    "IdentityChange",
    "IdentityQuestion",
    "Issuer",
    "Job",
    "KeptForm",
    "Learner",
    "LearnerIdentity",
    "LearningEvent",
    "Message",
    "Notice",
    "Press",
    "Rejection",
    "Reminder",
    "Review",
    "Revocation",
    "Rule",
    "RuleSource",
    "ShareLink",
    "Sharing",
    "SignInLink",
    "SigningKey",
    "SigningRequest",
    "Source",
    "SpentState",
    "StaffSession",
    "StatusCounter",
    "StatusEntry",
    "StatusList",
    "Subscriber",
    "Upload",
    "UploadPiece",
    "Worker",
]  # fmt: skip
