//! Who may frame the page: `frame-ancestors` and X-Frame-Options.

use super::content_security_policy::CSP;
use super::{Found, Lint};
use crate::headers::{Directive, DirectiveName, XFrameOptions};
use crate::policy::SecurityHeaders;

const XFO: &str = "x-frame-options";

pub(super) fn lints<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    let Some(csp) = policy.content_security_policy.checked() else { return };
    let header = policy.x_frame_options.checked();
    // The first policy decides where none refuses every frame.
    let all = || csp.policies().filter_map(|policy| policy.directive(DirectiveName::FrameAncestors));
    let Some(ancestors) = all().find(|ancestors| ancestors.has("'none'")).or_else(|| all().next()) else {
        const REMEDY: &str = "add frame-ancestors 'none' or 'self'";
        found(
            match policy.x_frame_options.is_set() {
                false => Lint::medium(CSP, "anyone may frame the page, and default-src does not cover that", REMEDY),
                true => Lint::low(
                    CSP,
                    "only x-frame-options covers framing, and browsers have replaced it by frame-ancestors",
                    REMEDY,
                ),
            }
            .of("frame-ancestors"),
        );
        return;
    };
    // Where frame-ancestors is enforced, browsers do not look at the older header (CSP3, section 6.4.2.2).
    let Some(header) = header.filter(|header| !agree(**header, &ancestors)) else { return };
    let lint = match header {
        XFrameOptions::SameOrigin if ancestors.has("'none'") => Lint::medium(
            XFO,
            "it has no effect: frame-ancestors 'none' refuses every frame",
            "write frame-ancestors 'self', or DENY here",
        ),
        _ => Lint::low(
            XFO,
            "browsers follow frame-ancestors, which says otherwise; only those that do not know it follow this header",
            "leave it out where other hosts may frame the page",
        ),
    };
    found(lint.at(header.as_str()));
}

fn agree(header: XFrameOptions, ancestors: &Directive<'_>) -> bool {
    let mut sources = ancestors.sources();
    let only = sources.next().filter(|_| sources.next().is_none());
    only.is_some_and(|source| match header {
        XFrameOptions::Deny => source.as_str() == "'none'",
        XFrameOptions::SameOrigin => source.as_str() == "'self'",
    })
}
