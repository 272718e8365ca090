//! Reports: whether they have somewhere to go, and policies that do nothing but report.

use super::content_security_policy::TWIN;
use super::{Found, Lint};
use crate::headers::DirectiveName;
use crate::policy::SecurityHeaders;

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
    let csp = policy.content_security_policy_report_only.checked();
    for row in SecurityHeaders::HEADERS.iter().filter(|row| row.report_only_of.is_some()) {
        let reports_by_uri = csp.is_some_and(|csp| {
            row.name == TWIN && csp.policies().all(|policy| policy.directive(DirectiveName::ReportUri).is_some())
        });
        // Permissions Policy, section 9.3: what names no endpoint is reported to the one of that name.
        let by_default = row.name == "permissions-policy-report-only"
            && policy.reporting_endpoints.checked().is_some_and(|endpoints| endpoints.defines("default"));
        if is_checked(policy, row.name)
            && policy.reporting_endpoints(None).undefined_endpoint(row.name).is_none()
            && !reports_by_uri
            && !by_default
        {
            let remedy = "name an endpoint in it, and define that in Reporting-Endpoints";
            found(Lint::medium(row.name, "it blocks nothing, and its reports go nowhere", remedy));
        }
    }
    for name in [DirectiveName::Sandbox, DirectiveName::UpgradeInsecureRequests] {
        if csp.is_some_and(|csp| csp.policies().any(|policy| policy.directive(name).is_some())) {
            found(
                Lint::low(TWIN, "browsers ignore this directive where a policy only reports", "remove it")
                    .of(name.as_str()),
            );
        }
    }
}

fn is_checked(policy: &SecurityHeaders<'_>, name: &str) -> bool {
    policy.fields().any(|field| field.name() == name) && policy.unchecked_text(name).is_none()
}
