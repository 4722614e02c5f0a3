"""The closed lists of Open Badges 3.0: terms that anybody may extend with `ext:Name`, but not change.

Source: OB-3.0 enumerations, as of document version 1.4.5.
"""

from __future__ import annotations


def _terms(text: str) -> frozenset[str]:
    return frozenset(text.split())


ACHIEVEMENT_TYPES = _terms(
    """
    Achievement ApprenticeshipCertificate Assessment Assignment AssociateDegree Award Badge BachelorDegree Certificate
    CertificateOfCompletion Certification CommunityService Competency Course CoCurricular Degree Diploma DoctoralDegree Fieldwork
    GeneralEducationDevelopment JourneymanCertificate LearningProgram License Membership ProfessionalDoctorate
    QualityAssuranceCredential MasterCertificate MasterDegree MicroCredential ResearchDoctorate SecondarySchoolDiploma
    """
)
RESULT_TYPES = _terms(
    """
    GradePointAverage LetterGrade Percent PerformanceLevel PredictedScore RawScore Result RubricCriterion RubricCriterionLevel
    RubricScore ScaledScore Status
    """
)
TARGET_TYPES = _terms(
    """
    ceasn:Competency ceterms:Credential CFItem CFRubric CFRubricCriterion CFRubricCriterionLevel CTDL
    """
)
IDENTIFIER_TYPES = _terms(
    """
    name sourcedId systemId productId userName accountId emailAddress nationalIdentityNumber isbn issn lisSourcedId oneRosterSourcedId
    sisSourcedId ltiContextId ltiDeploymentId ltiToolId ltiPlatformId ltiUserId identifier
    """
)
