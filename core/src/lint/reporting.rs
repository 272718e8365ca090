//! Reports: whether they have somewhere to go, and policies that do nothing but report.

use super::content_security_policy::TWIN;
use super::{Found, Lint};
use crate::headers::DirectiveName;
use crate::policy::SecurityHeaders;
use crate::structured_field::Dictionary;

const NOWHERE: &str = "it blocks nothing, and its reports go nowhere";

pub(super) fn lints<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    // A browser reports to an endpoint only if the same response defines it (Reporting API, section 3.2).
    for header in SecurityHeaders::NAMES {
        if let Some((directive, name)) = policy.undefined_endpoint(header) {
            found(
                Lint::medium(
                    header,
                    "it names an endpoint that Reporting-Endpoints does not define, so nothing is reported",
                    "add name=\"https://…\" to Reporting-Endpoints, unless another layer does",
                )
                .of(directive)
                .at(name),
            );
        }
    }
    if let Some(csp) = &policy.content_security_policy_report_only {
        if csp.directive(DirectiveName::ReportTo).is_none() && csp.directive(DirectiveName::ReportUri).is_none() {
            found(Lint::medium(TWIN, NOWHERE, "add report-to, and the endpoint to Reporting-Endpoints"));
        }
        for name in [DirectiveName::Sandbox, DirectiveName::UpgradeInsecureRequests] {
            if csp.directive(name).is_some() {
                found(
                    Lint::low(TWIN, "browsers ignore this directive where a policy only reports", "remove it")
                        .of(name.as_str()),
                );
            }
        }
    }
    if let Some(twin) = &policy.integrity_policy_report_only
        && !Dictionary::new(twin.as_str()).has("endpoints")
    {
        found(Lint::medium(
            "integrity-policy-report-only",
            NOWHERE,
            "add endpoints=(main), and main to Reporting-Endpoints",
        ));
    }
}
