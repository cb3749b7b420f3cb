"""How common a text is in audit events: a guess, by which a rule's literals are chosen.

A wrong guess costs speed and never a match. What stands in an ordinary event of some log source
stands in most of its events; a service's or an account's name stands in all of the service's or
the account's events; any other text is the rarer the longer it is.
"""

import re

_IN_MOST = 0.5
_IN_ONE_OF_SOME = 0.05
_RARER_A_CHARACTER = 8.0
_LONG = 12
"""A text longer than this is hardly rarer than one of this length."""

_SERVICE_OR_ACCOUNT = re.compile(
    r"[a-z0-9.-]*\.amazonaws\.com|microsoft\.[a-z]+/?|[a-z]{2}(?:-[a-z]+)+-\d|arn:aws[^/]*|\d{12}"
)

_ORDINARY = """
eventversion 1.08 useridentity type iamuser assumedrole awsservice awsaccount root principalid arn
arn:aws:iam:: arn:aws:sts:: :user/ :role/ :assumed-role/ accountid accesskeyid username
sessioncontext sessionissuer webidfederationdata attributes creationdate mfaauthenticated invokedby
eventtime eventsource eventname awsregion us-east-1 us-west-2 sourceipaddress useragent
aws internal aws-cli/2. aws-sdk- boto3/ botocore/ console.amazonaws.com mozilla/5.0 (windows nt
10.0; win64; x64) applewebkit chrome/ safari/
requestparameters responseelements additionaleventdata requestid eventid readonly true false null
resources aws::s3::object bucketname host data key management eventtype awsapicall
managementevent recipientaccountid eventcategory tlsdetails tlsversion tlsv1.2 ciphersuite
clientprovidedhostheader signatureversion sigv4 authheader errorcode errormessage name instance
time tenantid category operationname operationversion resulttype resultsignature resultdescription
durationms calleripaddress correlationid identity authorization claims scope action level location
properties resourceid /subscriptions/ /resourcegroups/ /providers/microsoft. subscriptionid
resourcegroupname resourceprovidername caller localizedvalue eventtimestamp eventdataid status
substatus accepted started succeeded success failed failure created informational warning error
administrative write delete read auditlogs signinlogs sign-in activity activitydisplayname
activitydatetime loggedbyservice core directory initiatedby user app displayname
userprincipalname targetresources modifiedproperties oldvalue newvalue additionaldetails result
resultreason appid appdisplayname clientappused browser conditionalaccessstatus notapplied
devicedetail operatingsystem createddatetime isinteractive risklevelaggregated riskstate none
https://management.azure.com/ https://sts.windows.net/ microsoft.aadiam azuread serviceprincipal
"""


def commonness(text: str) -> float:
    """The share of events, from 0 to 1, that may be expected to hold a lower-case text.

    A whole JSON string in its quotes counts as as common as the text inside.
    """
    text = text.strip('"')
    if text in _ORDINARY:
        return _IN_MOST
    if _SERVICE_OR_ACCOUNT.fullmatch(text):
        return _IN_ONE_OF_SOME
    return _RARER_A_CHARACTER ** -min(len(text), _LONG)
