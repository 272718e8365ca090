//! Reports: whether they have somewhere to go, and policies that do nothing but report.

use super::content_security_policy::{CSP, TWIN};
use super::{Found, Lint};
use crate::headers::{ContentSecurityPolicy, DirectiveName, ReportingEndpoints};
use crate::policy::SecurityHeaders;
use crate::structured_field::Dictionary;

const NOWHERE: &str = "it blocks nothing, and its reports go nowhere";

pub(super) fn lints<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    let defined = policy.reporting_endpoints.unwrap_or(ReportingEndpoints::NONE);
    if let Some(csp) = &policy.content_security_policy {
        endpoint(CSP, csp, &defined, found);
    }
    if let Some(csp) = &policy.content_security_policy_report_only {
        if csp.directive(DirectiveName::ReportTo).is_none() && csp.directive(DirectiveName::ReportUri).is_none() {
            found(Lint::medium(TWIN, NOWHERE, "add report-to, and the endpoint to reporting_endpoints"));
        }
        endpoint(TWIN, csp, &defined, found);
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
            "add endpoints=(main), and main to reporting_endpoints",
        ));
    }
}

fn endpoint<'a>(
    header: &'static str,
    csp: &ContentSecurityPolicy<'a>,
    defined: &ReportingEndpoints<'_>,
    found: Found<'_, 'a>,
) {
    let Some(directive) = csp.directive(DirectiveName::ReportTo) else { return };
    for name in directive.sources().filter(|name| !defined.defines(name.as_str())) {
        found(
            Lint::medium(
                header,
                "reporting_endpoints does not define this endpoint",
                "define it there, unless the app does",
            )
            .of("report-to")
            .at(name.as_str()),
        );
    }
}
